from __future__ import annotations

import asyncio
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.client import Client
from tests.e2e.service import ECG, Deployment

pytestmark = pytest.mark.timed


@pytest.fixture
def client(apart: Deployment) -> Iterator[Client]:
    """An account of its own; what it ordered is cancelled at the end, so that nothing waits for
    it."""
    with Client(apart.url).sign_up() as made:
        yield made
        for render in made.call("GET", "/renders?limit=100")["items"]:
            made.call("DELETE", f"/renders/{render['id']}")


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
    apart: Deployment, client: Client, silent_video: Path
) -> None:
    # a connection for each request, so that none waits for another's
    more = {"ECG_LIMITS__RENDERS_PER_MINUTE": "1000", "ECG_DATABASE__POOL": "13"}
    lifted = apart.start("api", "api", **more)
    email = client.call("GET", "/auth/me")["email"]
    subprocess.run(
        [*ECG, "users", "quota", email, "--renders-per-day", "5"], env=apart.settings, check=True
    )
    video = client.captioned(silent_video, 2)
    answers = at_once([api.url for api in lifted], client.token, video, 50)
    assert Counter(a.status_code for a in answers) == {202: 5, 403: 45}
    refused = next(a for a in answers if a.status_code == 403).json()
    assert refused["code"] == "quota_exceeded"
    assert client.call("GET", "/usage")["left"]["renders_per_day"] == 0
    owner = "SELECT count(*) FROM renders WHERE video_id = %s"
    assert apart.ask(owner, video) == [(5,)]


def test_twenty_five_in_a_minute_over_two_apis(
    apart: Deployment, client: Client, silent_video: Path
) -> None:
    apart.start("api")
    video = client.captioned(silent_video, 2)
    urls = [api.url for api in apart.processes["api"]]
    answers = at_once(urls, client.token, video, 25)
    assert Counter(a.status_code for a in answers) == {202: 20, 429: 5}
    refused = next(a for a in answers if a.status_code == 429)
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["content-type"] == "application/problem+json"
