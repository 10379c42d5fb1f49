from __future__ import annotations

import asyncio
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.e2e.service import ECG, Client, Deployment, services


@contextmanager
def deployed(settings: dict[str, str], folder: Path) -> Iterator[tuple[Deployment, list[str]]]:
    """Two api processes and an audio one; renders wait, so that nothing is given back."""
    deployment = Deployment(settings, folder)
    try:
        apis = [deployment.start("api"), deployment.start("api")]
        deployment.start("audio")
        yield deployment, [api.url for api in apis]
    finally:
        deployment.stop()


def at_once(urls: list[str], token: str, video: str, count: int) -> list[httpx.Response]:
    async def ask() -> list[httpx.Response]:
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(timeout=60, headers=headers) as client:
            return await asyncio.gather(
                *(
                    client.post(f"{urls[n % len(urls)]}/api/v1/renders", json={"video_id": video})
                    for n in range(count)
                )
            )

    return asyncio.run(ask())


def test_fifty_at_once_against_a_quota_of_five(
    tmp_path: Path, data_dir: Path, speech: Path
) -> None:
    with (
        services(data_dir) as settings,
        deployed({**settings, "ECG_LIMITS__RENDERS_PER_MINUTE": "1000"}, tmp_path) as (
            deployment,
            urls,
        ),
        Client(deployment.url).sign_up() as client,
    ):
        email = client.call("GET", "/auth/me")["email"]
        subprocess.run(
            [*ECG, "users", "quota", email, "--renders-per-day", "5"], env=settings, check=True
        )
        video = client.analysed(speech)
        answers = at_once(urls, client.token, video, 50)
        assert Counter(a.status_code for a in answers) == {202: 5, 403: 45}
        refused = next(a for a in answers if a.status_code == 403).json()
        assert refused["code"] == "quota_exceeded"
        assert client.call("GET", "/usage")["left"]["renders_per_day"] == 0


def test_twenty_five_in_a_minute_over_two_apis(
    tmp_path: Path, data_dir: Path, speech: Path
) -> None:
    with (
        services(data_dir) as settings,
        deployed(settings, tmp_path) as (
            deployment,
            urls,
        ),
        Client(deployment.url).sign_up() as client,
    ):
        video = client.analysed(speech)
        answers = at_once(urls, client.token, video, 25)
        assert Counter(a.status_code for a in answers) == {202: 20, 429: 5}
        refused = next(a for a in answers if a.status_code == 429)
        assert refused.json()["code"] == "rate_limited"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.headers["content-type"] == "application/problem+json"
