"""Scripts, terms and edited windows as the api takes them, on real stores."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ecg.analysis import desk
from ecg.analysis.interfaces import (
    AnalysisFailed,
    AnalysisReport,
    AnalysisRequest,
    Realigned,
    RealignedWord,
    RealignRequest,
)
from ecg.kernel.attempts import Trouble
from ecg.kernel.errors import InputRefused, NotFound
from ecg.kernel.identity import new_id
from tests.integration.desks import World

WINDOW: dict[str, Any] = {"start": 1.0, "end": 2.0, "words": ["Hullo", "there"]}
WORDS = [
    RealignedWord("Hullo", 1.0, 1.4, "aligned", 0.5, None),
    RealignedWord("there", 1.5, 1.9, "aligned", -0.5, 1.0),
]


async def test_a_script_and_terms_reach_the_worker(here: World) -> None:
    owner = await here.add_user()
    video = await here.add_video(owner)
    body = {"script": "Hello there.", "terms": ["Kubernetes", "cooper netties -> Kubernetes"]}
    answer = await here.ask(owner, "POST", f"/videos/{video}/analysis", body)
    assert answer.status_code == 202, answer.text
    begun = await desk.begin(here.analysis, answer.json()["id"])
    job = msgspec.json.decode(begun.request, type=AnalysisRequest).job
    assert (job.script, list(job.terms)) == (body["script"], body["terms"])


@pytest.mark.parametrize(
    ("body", "path", "message"),
    [
        ({"script": "[music]"}, "$.script", "the script has no words"),
        ({"script": "x" * 500_001}, "$.script", "length <= 500000"),
        ({"terms": ["Grafana", "a -> b -> c"]}, "$.terms[1]", '"a -> b -> c" is no term; write'),
        ({"terms": ["Grafana", "x" * 101]}, "$.terms[1]", "length <= 100"),
    ],
)
async def test_what_cannot_be_used_is_refused_with_its_path(
    here: World, body: dict[str, Any], path: str, message: str
) -> None:
    owner = await here.add_user()
    video = await here.add_video(owner)
    answer = await here.ask(owner, "POST", f"/videos/{video}/analysis", body)
    assert answer.status_code == 422, answer.text
    (fault,) = answer.json()["errors"]
    assert fault["path"] == path
    assert message in fault["message"]


async def test_a_window_is_given_out_as_a_job_and_answers_with_its_words(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner, "Hello", "there")
    asked = await here.ask(owner, "POST", f"/videos/{video}/realign", WINDOW)
    assert asked.status_code == 202, asked.text
    job = asked.json()["id"]
    assert (asked.json()["state"], asked.json()["words"]) == ("pending", None)
    begun = await desk.begin(here.analysis, job)
    wanted = msgspec.json.decode(begun.request, type=RealignRequest).realign
    assert (wanted.start, wanted.words, wanted.language) == (1.0, ("Hullo", "there"), "en")
    assert (await desk.sign(here.analysis, job, 1, ["source"]))["source"].get
    report = AnalysisReport(job, 1, Realigned(WORDS))
    for _ in range(2):  # one that comes again has no further effect
        await desk.receive(here.analysis, f"{job}-1-realigned", report)
    shown = await here.get(owner, f"/videos/{video}/realign/{job}")
    assert shown["state"] == "succeeded"
    assert shown["words"] == [msgspec.to_builtins(word) for word in WORDS]
    assert (await here.get(owner, f"/videos/{video}/analysis"))["state"] == "succeeded"
    removed = await here.ask(owner, "DELETE", f"/videos/{video}")
    assert removed.status_code == 204, removed.text
    with pytest.raises(NotFound):
        await desk.begin(here.analysis, job)


async def test_a_window_that_failed_says_why(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner, "Hello", "there")
    job = (await here.ask(owner, "POST", f"/videos/{video}/realign", WINDOW)).json()["id"]
    await desk.begin(here.analysis, job)
    trouble = Trouble.of(InputRefused("it cannot be read"))
    await desk.receive(here.analysis, new_id(), AnalysisReport(job, 1, AnalysisFailed(trouble)))
    shown = await here.get(owner, f"/videos/{video}/realign/{job}")
    assert (shown["state"], shown["error"]["detail"]) == ("failed", "it cannot be read")


async def test_a_window_is_its_owners_and_within_the_sound(here: World) -> None:
    owner, stranger = await here.add_user(), await here.add_user()
    video = await here.analysed(owner, "Hello", "there")
    path = f"/videos/{video}/realign"
    job = (await here.ask(owner, "POST", path, WINDOW)).json()["id"]
    for method, where, body in (("POST", path, WINDOW), ("GET", f"{path}/{job}", None)):
        assert (await here.ask(stranger, method, where, body)).status_code == 404
    for change, at in (
        ({"start": 11.0, "end": 12.0}, "$.start"), ({"end": 1.05}, "$.end"),
        ({"end": 40}, "$.end"), ({"words": ["a", " "]}, "$.words[1]"), ({"words": []}, "$.words"),
        ({"language": "Klingon"}, "$.language"),
    ):  # fmt: skip
        answer = await here.ask(owner, "POST", path, WINDOW | change)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["path"] == at
    answers = [(await here.ask(owner, "POST", path, WINDOW)).status_code for _ in range(20)]
    assert answers == [202] * 19 + [409]
