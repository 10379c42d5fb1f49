"""Renders at the desk, without a worker."""

from __future__ import annotations

from ecg.kernel.attempts import Stored, Trouble
from ecg.kernel.identity import new_id
from ecg.render import desk
from ecg.render.interfaces import RESULTS, Rendered, RenderReport, RenderResult
from tests.integration.desks import World

RESULT = RESULTS["mp4"]
CRASH = Trouble("engine_failed", "the browser went away")


async def ordered(here: World, owner: str, video: str, **more) -> str:
    answer = await here.ask(owner, "POST", "/renders", {"video_id": video, **more})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"].endswith(answer.json()["id"])
    return answer.json()["id"]


async def report(here: World, job: str, attempt: int, event, report_id: str | None = None) -> None:
    await desk.receive(here.render, report_id or new_id(), RenderReport(job, attempt, event))


async def rendered(here: World, job: str, data: bytes = b"a video") -> Rendered:
    """What a worker reports of the attempt it begins here, with the result in the store."""
    attempt = (await desk.begin(here.render, job)).number
    urls = await desk.sign(here.render, job, attempt, [RESULT])
    await here.put(urls[RESULT].put, data)
    facts = RenderResult(
        len(data), 10.0, 640, 360, 250, 3, 5.0, "canvas", notes=("Its chapters are left out.",)
    )
    return Rendered(Stored(RESULT, len(data), "0" * 64), facts)
