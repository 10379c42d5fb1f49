"""Fonts of one's own at the desk, on a real PostgreSQL and object store, read in a real child."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import msgspec
from sqlalchemy import func, select, update

from ecg.kernel.attempts import SignedPair
from ecg.kernel.database import utc_now
from ecg.kernel.identity import new_id
from ecg.render import desk, font_files, fonts
from ecg.render.interfaces import RenderRequest
from ecg.render.models import Font
from tests.integration.desks import World
from tests.integration.own_fonts import block_font
from tests.integration.renders import ordered

BLOCKS = block_font(flavor="woff2")


async def begun(here: World, owner: str, data: bytes, filename: str = "Blocks.woff2") -> str:
    """The id of a font that was sent to the store."""
    body = {"filename": filename, "size": len(data), "licensed": True}
    answer = await here.ask(owner, "POST", "/fonts", body)
    assert answer.status_code == 201, answer.text
    there = answer.json()
    async with httpx.AsyncClient() as http:
        sent = await http.put(there["url"], content=data, headers=there["headers"])
    assert sent.is_success, sent.text
    return there["id"]


async def brought(here: World, owner: str, data: bytes = BLOCKS) -> Any:
    font = await begun(here, owner, data)
    answer = await here.ask(owner, "POST", f"/fonts/{font}/complete")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def own(here: World, owner: str) -> list[Any]:
    return [one for one in (await here.get(owner, "/fonts"))["items"] if one["files"]]


async def kept(here: World, font: str) -> set[str]:
    return await here.store.names_under(f"fonts/{font}/")


async def test_a_font_is_brought_read_listed_served_and_deleted(here: World) -> None:
    owner, stranger = await here.add_user(), await here.add_user()
    family = await brought(here, owner)
    (file,) = family["files"]
    assert (family["family"], family["title"]) == ("own:Blocks", "Blocks")
    assert (file["heaviest"], file["italic"], file["scripts"]) == (700, False, ["Latn"])
    assert file["unicode_range"] == "U+20, U+41-5A, U+61-7A"
    assert await own(here, owner) == [family]
    async with httpx.AsyncClient() as http:
        assert (await http.get(file["url"])).content == BLOCKS
    async with here.database.transaction() as session:
        row = await session.get_one(Font, file["id"])
    assert abs(row.licensed_at - utc_now()) < timedelta(minutes=5)
    assert await kept(here, row.id) == {row.key}
    again = await here.ask(owner, "POST", f"/fonts/{row.id}/complete")
    assert again.json() == family

    light = block_font(weight=300)
    assert [one["lightest"] for one in (await brought(here, owner, light))["files"]] == [700, 300]  # fmt: skip
    twin = await begun(here, owner, light)
    refused = await here.ask(owner, "POST", f"/fonts/{twin}/complete")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert 'you have this file of "Blocks" already' in refused.json()["detail"]

    assert await own(here, stranger) == []
    for method, path in (("POST", f"/fonts/{row.id}/complete"), ("DELETE", f"/fonts/{row.id}")):
        answer = await here.ask(stranger, method, path)
        assert (answer.status_code, answer.json()["detail"]) == (404, f"you have no font {row.id}")
    assert (await here.ask(owner, "DELETE", f"/fonts/{row.id}")).status_code == 204
    assert await kept(here, row.id) == set()
    assert [len(one["files"]) for one in await own(here, owner)] == [1]


async def test_what_is_no_font_is_refused_by_its_name_and_leaves_nothing(here: World) -> None:
    owner = await here.add_user()
    for data, told in (
        (b"MZ" + bytes(500), "not a font"),
        (block_font()[:700], "damaged"),
        (block_font(rights=2), "forbids embedding"),
    ):
        font = await begun(here, owner, data, "Brand.ttf")
        answer = await here.ask(owner, "POST", f"/fonts/{font}/complete")
        assert (answer.status_code, answer.json()["code"]) == (422, "media_refused")
        assert answer.json()["detail"].startswith("Brand.ttf: this ")
        assert told in answer.json()["detail"]
        assert await kept(here, font) == set()
        assert (await here.ask(owner, "POST", f"/fonts/{font}/complete")).status_code == 404
    for change, told in (
        ({"size": font_files.LARGEST + 1}, f"$.size: is {font_files.LARGEST + 1}; at most"),
        ({"licensed": False}, "$.licensed: must be true"),
        ({"filename": "../x.ttf"}, "filename"),
    ):
        body = {"filename": "a.ttf", "size": 9, "licensed": True} | change
        answer = await here.ask(owner, "POST", "/fonts", body)
        assert answer.status_code == 422
        assert told in answer.json()["detail"]


async def test_an_account_has_so_many_and_what_was_given_up_is_cleaned(
    here: World, monkeypatch
) -> None:
    monkeypatch.setattr(fonts, "MOST", 1)
    owner = await here.add_user()
    font = await begun(here, owner, BLOCKS)
    body = {"filename": "b.ttf", "size": 9, "licensed": True}
    answer = await here.ask(owner, "POST", "/fonts", body)
    assert (answer.status_code, "at most" in answer.text) == (409, False)
    async with here.database.transaction() as session:
        past = utc_now() - timedelta(seconds=1)
        await session.execute(update(Font).where(Font.id == font).values(expires_at=past))
    assert await font_files.clean_up(here.render) >= 1
    assert await kept(here, font) == set()
    unsent = (await here.ask(owner, "POST", "/fonts", body)).json()["id"]
    answer = await here.ask(owner, "POST", f"/fonts/{unsent}/complete")
    assert (answer.status_code, answer.json()["code"]) == (422, "input_refused")
    async with here.database.transaction() as session:
        mine = select(func.count()).select_from(Font).where(Font.owner_id == owner)
        assert await session.scalar(mine) == 1


async def test_a_render_is_handed_its_owners_files_until_they_are_deleted(here: World) -> None:
    owner, stranger = await here.add_user(), await here.add_user()
    (file,) = (await brought(here, owner))["files"]
    (strange,) = (await brought(here, stranger, block_font(weight=300)))["files"]
    video = await here.analysed(owner)
    scenario = await here.get(owner, f"/videos/{video}/scenario")
    scenario["style"]["overrides"]["font"] = "own:Blocks"
    job = await ordered(here, owner, video, scenario=scenario)
    begun = await desk.begin(here.render, job)
    request = msgspec.json.decode(begun.request, type=RenderRequest)
    name = f"fonts/{file['id']}"
    assert [(font.file, font.size) for font in request.job.fonts] == [(name, len(BLOCKS))]
    strangers = f"fonts/{strange['id']}"
    signed = await desk.sign(here.render, job, begun.number, [name, strangers])
    async with httpx.AsyncClient() as http:
        assert (await http.get(signed[name].get)).content == BLOCKS
    assert signed[strangers] == SignedPair()
    await here.ask(owner, "DELETE", f"/fonts/{file['id']}")
    signed = await desk.sign(here.render, job, begun.number, [name])
    assert signed[name] == SignedPair()
    assert await ordered(here, owner, video, scenario=scenario) != job
    assert (await here.ask(owner, "DELETE", f"/fonts/{new_id()}")).status_code == 404
