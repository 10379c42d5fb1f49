"""Saved looks at the desk, on a real PostgreSQL."""

from __future__ import annotations

import asyncio

import msgspec
from sqlalchemy import update

from ecg.kernel.identity import new_id
from ecg.render import desk, looks
from ecg.render.models import Look
from tests.integration.desks import World
from tests.integration.renders import ordered

CALM = {
    "name": "karaoke", "strength": 0.4, "parameters": {},
    "overrides": {"size": 1.25, "palette": ["#ffffff", "#f5b14b"], "position": {"x": 0.5, "y": 0.2, "anchor": "top"}},
}  # fmt: skip
LOUD = {"name": "pop", "strength": 1.0, "parameters": {}, "overrides": {}}


async def test_a_look_is_kept_as_it_was_saved_until_it_is_replaced_or_deleted(here: World) -> None:
    owner = await here.add_user()
    answer = await here.ask(owner, "POST", "/looks", {"name": "Calm", "style": CALM})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["name"], made["style"]) == ("Calm", CALM)
    loud = (await here.ask(owner, "POST", "/looks", {"name": "Loud", "style": LOUD})).json()
    listed = await here.get(owner, "/looks")
    assert listed == {"items": [loud, made], "next_cursor": None}

    there = f"/looks/{made['id']}"
    for refused in (
        await here.ask(owner, "POST", "/looks", {"name": "Calm", "style": LOUD}),
        await here.ask(owner, "PUT", there, {"name": "Loud", "style": CALM}),
    ):
        assert refused.status_code == 409
        assert "you have a look called" in refused.json()["detail"]
    answer = await here.ask(owner, "PUT", there, {"name": "Calmer", "style": LOUD})
    assert answer.json() == {**made, "name": "Calmer", "style": LOUD}
    assert (await here.ask(owner, "PUT", there, {"name": "Calmer", "style": CALM})).is_success
    assert (await here.ask(owner, "DELETE", f"/looks/{loud['id']}")).status_code == 204
    assert await here.get(owner, "/looks") == {
        "items": [{**made, "name": "Calmer"}], "next_cursor": None,
    }  # fmt: skip


async def test_what_is_no_look_is_refused_by_its_path(here: World) -> None:
    owner = await here.add_user()
    for body, path in (
        ({"name": "Calm", "style": {"name": "sparkle"}}, "$.style.name"),
        ({"name": "Calm", "style": {"name": "pop", "parameters": {"x": 1}}}, "$.style.parameters.x"),
        ({"name": "Calm", "style": {"name": "pop", "overrides": {"font": "Arial"}}}, "$.style.overrides.font"),
        ({"name": "Calm", "style": {"name": "pop", "overrides": {"size": 3}}}, "style.overrides.size"),
        ({"name": "", "style": LOUD}, "name"),
        ({"name": " Calm", "style": LOUD}, "name"),
        ({"name": "Ca\u202elm", "style": LOUD}, "name"),
        ({"name": "x" * 81, "style": LOUD}, "name"),
        ({"style": LOUD}, "name"),
    ):  # fmt: skip
        answer = await here.ask(owner, "POST", "/looks", body)
        assert answer.status_code == 422, body
        assert path in answer.json()["detail"], answer.text
    assert (await here.get(owner, "/looks"))["items"] == []


async def test_an_account_has_so_many_looks_and_no_more(here: World, monkeypatch) -> None:
    monkeypatch.setattr(looks, "MOST", 3)
    owner = await here.add_user()
    saved = [
        here.ask(owner, "POST", "/looks", {"name": f"L{number}", "style": LOUD})
        for number in range(5)
    ]
    answers = await asyncio.gather(*saved)
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 409, 409]
    named = [answer.json()["detail"] for answer in answers if answer.status_code == 409]
    assert named == ["an account may have 3 looks; delete one first"] * 2


async def test_a_render_takes_a_look_and_keeps_its_own_copy(here: World) -> None:
    owner, stranger = await here.add_user(), await here.add_user()
    video = await here.analysed(owner)
    scenario = await here.get(owner, f"/videos/{video}/scenario")
    look = (await here.ask(owner, "POST", "/looks", {"name": "Calm", "style": CALM})).json()
    stored = await ordered(here, owner, video, look_id=look["id"])
    given = await ordered(here, owner, video, look_id=look["id"], scenario=scenario)
    await here.ask(owner, "PUT", f"/looks/{look['id']}", {"name": "Calm", "style": LOUD})
    for job in (stored, given):
        request = msgspec.json.decode((await desk.begin(here.render, job)).request)
        drawn = request["job"]["scenario"]
        assert drawn["style"] == CALM
        assert drawn["cues"] == scenario["cues"]
    assert await here.get(owner, f"/videos/{video}/scenario") == scenario

    strange = (await here.ask(stranger, "POST", "/looks", {"name": "X", "style": LOUD})).json()
    for absent in (strange["id"], new_id()):
        answer = await here.ask(owner, "POST", "/renders", {"video_id": video, "look_id": absent})
        assert answer.status_code == 404
        assert answer.json()["detail"] == f"you have no look {absent}"
        answer = await here.ask(owner, "PUT", f"/looks/{absent}", {"name": "Y", "style": LOUD})
        assert answer.status_code == 404
        assert (await here.ask(owner, "DELETE", f"/looks/{absent}")).status_code == 404


async def test_a_look_that_its_style_has_outgrown_says_so(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner)
    look = (await here.ask(owner, "POST", "/looks", {"name": "Old", "style": LOUD})).json()
    async with here.database.transaction() as session:
        old = {**LOUD, "parameters": {"sparkle": 1}}
        await session.execute(update(Look).where(Look.id == look["id"]).values(style=old))
    answer = await here.ask(owner, "POST", "/renders", {"video_id": video, "look_id": look["id"]})
    assert answer.status_code == 422
    assert 'look "Old": $.style.parameters.sparkle' in answer.json()["detail"]
    assert answer.json()["detail"].endswith("save it anew")
