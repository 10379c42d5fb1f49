"""Scenarios and captions as the api offers them, on real stores."""

from __future__ import annotations

import asyncio
import copy
from collections import Counter

import msgspec

from ecg.captions.backdrop import Backdrop, packed
from ecg.captions.scenario import MAX_CUES
from ecg.render import desk as render_desk
from ecg.render.interfaces import RenderRequest
from tests.integration.desks import (
    MEDIA,
    World,
    scenario_of,
    transcript_of,
)


async def test_no_change_of_a_scenario_is_lost(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner)
    path = f"/videos/{video}/scenario"
    scenario, tag = await scenario_of(here, owner, video)
    missing = await here.ask(owner, "PUT", path, scenario)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    answers = await asyncio.gather(
        *(here.ask(owner, "PUT", path, scenario, **{"If-Match": tag}) for _ in range(5))
    )
    assert Counter(a.status_code for a in answers) == {200: 1, 412: 4}
    new = next(a for a in answers if a.status_code == 200).headers["etag"]
    assert new != tag
    assert (await scenario_of(here, owner, video))[1] == new
    assert (await here.ask(owner, "PUT", path, scenario, **{"If-Match": "*"})).status_code == 200


async def test_the_first_scenario_needs_no_if_match(here: World) -> None:
    owner = await here.add_user()
    scenario, _ = await scenario_of(here, owner, await here.analysed(owner))
    video = await here.add_video(owner)
    path = f"/videos/{video}/scenario"
    assert (await here.ask(owner, "PUT", path, scenario, **{"If-Match": '"1"'})).status_code == 412
    answers = await asyncio.gather(*(here.ask(owner, "PUT", path, scenario) for _ in range(5)))
    assert Counter(a.status_code for a in answers) == {200: 1, 428: 4}


def changed(scenario: dict, *path, value) -> dict:
    made = copy.deepcopy(scenario)
    place = made
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return made


async def test_what_is_wrong_with_a_scenario_is_named_by_its_path(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner, "Hello", "world")
    good, tag = await scenario_of(here, owner, video)
    many = [{**good["cues"][0], "id": f"x{n}"} for n in range(5001)]
    table = [
        (changed(good, "cues", 0, "end", value=99.0), "$.cues[0].end"),
        (changed(good, "cues", 0, "start", value=-1.0), "$.cues[0].start"),
        (changed(good, "cues", 0, "start", value="x"), "$.cues[0].start"),
        (changed(good, "style", "name", value="none"), "$.style.name"),
        (changed(good, "cues", 0, "speaker", value="zz"), "$.cues[0].speaker"),
        (changed(good, "cues", value=many), "$.cues"),
        (changed(good, "more", value=1), "$"),
        (b"{", "$"),
        (b'{"a": "' + b"x" * 2_100_000 + b'"}', "$"),
    ]
    for body, path in table:
        answer = await here.ask(
            owner, "PUT", f"/videos/{video}/scenario", body, **{"If-Match": tag}
        )
        assert answer.status_code == 422, (path, answer.text)
        assert answer.json()["errors"][0]["path"] == path, answer.text
    assert (await scenario_of(here, owner, video))[1] == tag


async def test_compose_pages_the_transcript_anew(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner, "One", "two", "three", "four")
    _, tag = await scenario_of(here, owner, video)
    path = f"/videos/{video}/scenario/compose"
    rules = {"words": 1, "case": "upper", "mask": {"words": ["three"]}}
    body = {"style": "broadcast", "strength": 0.5, "rules": rules}
    answer = await here.ask(owner, "POST", path, body)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    texts = [[word["text"] for word in cue["words"]] for cue in made["cues"]]
    assert texts == [["ONE"], ["TWO"], ["T***E"], ["FOUR"]]
    assert (made["style"]["name"], made["style"]["strength"]) == ("broadcast", 0.5)
    stored, new = await scenario_of(here, owner, video)
    assert (stored, new) == (made, answer.headers["etag"])
    assert new != tag
    for body, named in (
        ({"style": "none"}, "$.style"),
        ({"strength": 2}, "strength"),
        ({"rules": {"words": 0}}, "words"),
        ({"rules": {"case": "title"}}, "case"),
        ({"rules": {"mask": {"words": ["two"], "form": "x"}}}, "mask"),
        ({"rules": {"other": 1}}, "other"),
    ):
        answer = await here.ask(owner, "POST", path, body)
        assert answer.status_code == 422, (body, answer.text)
        assert named in answer.text


async def test_compose_replaces_only_the_version_that_was_named(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner, "One", "two")
    path = f"/videos/{video}/scenario/compose"
    _, tag = await scenario_of(here, owner, video)
    answers = [await here.ask(owner, "POST", path, {}, **{"If-Match": tag}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 412]
    assert (await scenario_of(here, owner, video))[1] == answers[0].headers["etag"]


async def test_what_is_composed_of_hours_of_speech_can_be_used(here: World) -> None:
    owner = await here.add_user()
    video = await here.add_video(owner, "checking")
    hours = 8_000.0
    picture = msgspec.structs.replace(MEDIA.video[0], duration=hours)
    media = msgspec.structs.replace(MEDIA, duration=hours, video=(picture,))
    said = transcript_of(*(f"word{n}" for n in range(15_000)))
    said = msgspec.structs.replace(said, duration=hours)
    await here.analyse(await here.start(owner, video), said, media)
    path = f"/videos/{video}"
    made = await here.ask(owner, "POST", f"{path}/scenario/compose", {"rules": {"words": 2}})
    assert len(made.json()["cues"]) > MAX_CUES
    assert b"\n" not in made.content
    stored = await here.ask(owner, "GET", f"{path}/scenario")
    assert stored.content == made.content
    for wanted in ("captions.srt", "captions.json", "lint"):
        answer = await here.ask(owner, "GET", f"{path}/{wanted}")
        assert answer.status_code == 200, answer.text
    ordered = await here.ask(owner, "POST", "/renders", {"video_id": video})
    assert ordered.status_code == 202, ordered.text
    begun = await render_desk.begin(here.render, ordered.json()["id"])
    request = msgspec.json.decode(begun.request, type=RenderRequest)
    assert len(request.job.scenario.cues) > MAX_CUES


async def test_captions_and_findings(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner, "Hello", "world")
    base = f"/videos/{video}"
    srt = await here.ask(owner, "GET", f"{base}/captions.srt")
    assert srt.text.startswith("1\n00:00:01,000 -->")
    vtt = await here.ask(owner, "GET", f"{base}/captions.vtt")
    assert vtt.headers["content-type"].startswith("text/vtt")
    assert vtt.text.startswith("WEBVTT")
    assert (await here.get(owner, f"{base}/captions.json"))["cues"]
    ass = await here.ask(owner, "GET", f"{base}/captions.ass")
    assert ass.headers["content-type"].startswith("text/x-ssa")
    assert "PlayResX: 640\nPlayResY: 360" in ass.text
    assert "{\\kf" in ass.text
    found = await here.get(owner, f"{base}/lint")
    assert isinstance(found["items"], list)
    assert found["next_cursor"] is None


async def test_contrast_is_judged_by_the_picture_that_the_analysis_saw(here: World) -> None:
    owner = await here.add_user()

    async def judged(backdrop: bytes) -> set[str]:
        video = await here.add_video(owner, "checking")
        job = await here.start(owner, video)
        await here.analyse(job, transcript_of("Hello", "world"), backdrop=backdrop)
        document, version = await scenario_of(here, owner, video)
        document["style"]["overrides"] = {"box": 0.4}
        path = f"/videos/{video}"
        kept = await here.ask(owner, "PUT", f"{path}/scenario", document, **{"If-Match": version})
        assert kept.status_code == 200, kept.text
        found = (await here.get(owner, f"{path}/lint"))["items"]
        return {one["code"] for one in found if one["code"].startswith("contrast")}

    def of(level: int) -> bytes:
        return packed(Backdrop(64, 36, (0.0,), (bytes([level]) * (64 * 36 * 3),)))

    assert await judged(of(255)) == {"contrast"}
    assert await judged(of(20)) == set()
    for unusable in (b"", b"nonsense", of(255)[:-1], packed(Backdrop(64, 36, (0.0,), (b"short",)))):
        assert await judged(unusable) == {"contrast_unknown"}


async def test_wishes_that_cannot_be_met_are_refused_by_name(here: World) -> None:
    owner = await here.add_user()
    path = f"/videos/{await here.add_video(owner)}/analysis"
    for body, named in (
        ({"language": "zz"}, "$.language"),
        ({"language": "toolongname"}, "language"),
        ({"speakers": 21}, "speakers"),
        ({"speakers": 0}, "speakers"),
        ({"engine": "other"}, "engine"),
        ({"unknown": 1}, "unknown"),
        ([], "$"),
    ):
        answer = await here.ask(owner, "POST", path, body)
        assert answer.status_code == 422, (body, answer.text)
        assert named in answer.text
    uploading = await here.add_video(owner, "uploading")
    answer = await here.ask(owner, "POST", f"/videos/{uploading}/analysis", {})
    assert answer.status_code == 409


async def test_captions_of_other_programs_become_a_scenario(here: World) -> None:
    owner = await here.add_user()
    video = await here.add_video(owner)
    path = f"/videos/{video}/captions"
    srt = "1\n00:00:00,200 --> 00:00:00,900\nHello world\n"
    made = await here.ask(owner, "POST", path, {"format": "srt", "text": srt})
    assert (made.status_code, made.headers["etag"]) == (200, '"1"')
    words = made.json()["cues"][0]["words"]
    assert [(word["text"], word["tags"]) for word in words] == [
        ("Hello", ["interpolated"]),
        ("world", ["interpolated"]),
    ]
    again = await here.ask(owner, "POST", path, {"format": "srt", "text": srt})
    assert again.status_code == 428
    ass = "Dialogue: 0,0:00:00.20,0:00:00.90,Default,Ada,0,0,0,,{\\k30}Hello {\\k20}world\n"
    headers = {"If-Match": '"1"'}
    timed = await here.ask(owner, "POST", path, {"format": "ass", "text": ass}, **headers)
    found = [(w["start"], w["end"], w.get("tags")) for w in timed.json()["cues"][0]["words"]]
    assert found == [(0.2, 0.5, None), (0.5, 0.7, None)]
    for body in (
        {"format": "srt", "text": "no captions"},
        {"format": "vtt", "text": srt},
        {"format": "ass", "text": srt},
        {"format": "pdf", "text": srt},
        {"format": "srt", "text": srt.replace("00:00:00,900", "01:00:00,000")},
        {"format": "srt", "text": srt * 5001},
        {"format": "srt", "text": srt + "and so on " * 10_000},
    ):
        refused = await here.ask(owner, "POST", path, body)
        assert refused.status_code == 422, refused.text
        assert refused.headers["content-type"] == "application/problem+json"
