from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.analysis.service import check_language, check_texts
from ecg.auth.models import User
from ecg.kernel.database import Database, utc_now
from ecg.kernel.embedded import Stores
from ecg.kernel.errors import Conflict, Unauthorized, Unavailable
from ecg.kernel.identity import Principal, new_id
from ecg.kernel.leftovers import Leftover, leave, work_off
from ecg.kernel.settings import LimitSettings, S3Settings
from ecg.kernel.storage import Store
from ecg.kernel.web import create_app
from ecg.uploads import app as uploads
from ecg.uploads.desk import Ended, UploadDesk
from ecg.uploads.models import Upload, Video
from ecg.uploads.views import Newest
from ecg.usage import service as ledger

MP4 = (Path(__file__).resolve().parents[1] / "fixtures/media/jfk_720p30.mp4").read_bytes()
MEBIBYTE = 1 << 20


class World:
    """An api with uploads alone, two accounts, and what was asked of the analysis."""

    def __init__(self, http: httpx.AsyncClient, desk: UploadDesk, owner: str, other: str) -> None:
        self.http, self.desk, self.owner, self.other = http, desk, owner, other
        self.started: list[str] = []

    async def ask(self, method: str, path: str, body: Any = None, who: str = "") -> httpx.Response:
        headers = {"Authorization": who or self.owner}
        return await self.http.request(method, f"/api/v1{path}", json=body, headers=headers)

    async def begin(self, data: bytes, **more: Any) -> dict[str, Any]:
        body = {"filename": "a b.mp4", "size": len(data), "content_type": "video/mp4", **more}
        answer = await self.ask("POST", "/uploads", body)
        assert answer.status_code == 201, answer.text
        return answer.json()


async def put(part: dict[str, Any], data: bytes) -> httpx.Response:
    async with httpx.AsyncClient(timeout=30) as client:
        return await client.put(part["url"], content=data, headers=part["headers"])


def piece(begun: dict[str, Any], data: bytes, number: int) -> bytes:
    size = begun["part_size"]
    return data[(number - 1) * size : number * size]


@pytest.fixture(params=["embedded", "seaweed"])
def bucket(request: pytest.FixtureRequest) -> S3Settings:
    if request.param == "embedded":
        stores: Stores = request.getfixturevalue("services")
        return stores.s3
    return request.getfixturevalue("seaweed")


@pytest.fixture
async def world(database: Database, bucket: S3Settings) -> AsyncIterator[World]:
    owner, other = new_id(), new_id()
    async with database.transaction() as session:
        for user in (owner, other):
            session.add(
                User(id=user, email=f"{user}@x.org", name="", role="user", created_at=utc_now())
            )
    store = Store(bucket)
    await store.open()
    limits = LimitSettings(video_bytes=100 * MEBIBYTE)
    started: list[str] = []

    async def start(_session: object, _owner: str, video: Any, *wishes: object) -> str:
        if "ko" in wishes:
            raise Conflict("another analysis is at work")
        started.append(video.id)
        return new_id()

    async def newest(session: AsyncSession, *_: object) -> Callable[[], Awaitable[Newest]]:
        async def shown() -> Newest:
            assert not session.in_transaction()  # no connection is held while Redis is waited for
            return Newest({}, {})

        return shown

    async def ended(session: AsyncSession, *_: object) -> Ended:
        async def stop() -> None:
            assert not session.in_transaction()

        return Ended([], stop)

    async def authenticate(connection: Any) -> Principal:
        who = connection.headers.get("authorization")
        if not who:
            raise Unauthorized("sign in")
        return Principal(who, "user", "t")

    desk = UploadDesk(
        database, store, limits, check_language, check_texts, start, newest,
        partial(ledger.reserve_upload, limits=limits), ledger.charge_upload,
        ledger.release_upload, ended,
    )  # fmt: skip
    app = create_app([uploads.api_part(desk)], authenticate=authenticate, role="api")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        made = World(http, desk, owner, other)
        made.started = started
        yield made
    await store.close()


async def test_one_piece(world: World) -> None:
    digest = hashlib.sha256(MP4).hexdigest()
    begun = await world.begin(MP4, sha256=digest)
    assert (begun["method"], len(begun["parts"])) == ("single", 1)
    assert (await put(begun["parts"][0], MP4)).status_code == 200
    path = f"/uploads/{begun['id']}/complete"
    answers = await asyncio.gather(*(world.ask("POST", path, {}) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [202] * 4
    assert answers[0].json()["state"] == "checking"
    assert world.started == [begun["video_id"]]
    source = await world.ask("GET", f"/videos/{begun['video_id']}/source")
    async with httpx.AsyncClient() as client:
        got = await client.get(source.headers["location"])
    assert got.content == MP4


async def test_parts_broken_and_resumed(world: World) -> None:
    data = MP4 + os.urandom(20 * MEBIBYTE)
    begun = await world.begin(data)
    assert (begun["method"], len(begun["parts"])) == ("multipart", 3)
    assert (await put(begun["parts"][0], piece(begun, data, 1))).status_code == 200

    async def broken() -> AsyncIterator[bytes]:
        yield piece(begun, data, 2)[: 3 * MEBIBYTE]
        raise ConnectionError("the line is cut")

    async with httpx.AsyncClient() as client:
        length = str(len(piece(begun, data, 2)))
        with pytest.raises(ConnectionError):
            await client.put(
                begun["parts"][1]["url"], content=broken(), headers={"Content-Length": length}
            )
    early = await world.ask("POST", f"/uploads/{begun['id']}/complete", {})
    assert early.status_code == 422
    assert "2 of 3" in early.json()["detail"]

    again = (await world.ask("GET", f"/uploads/{begun['id']}")).json()
    assert [(part["number"], part["size"]) for part in again["parts_done"]] == [
        (1, begun["part_size"])
    ]
    fresh = await world.ask("POST", f"/uploads/{begun['id']}/parts", {"numbers": [2, 3]})
    for part in fresh.json()["parts"]:
        assert (await put(part, piece(begun, data, part["number"]))).status_code == 200
    for _ in range(2):
        done = await world.ask("POST", f"/uploads/{begun['id']}/complete", {})
        assert done.status_code == 202, done.text
    assert world.started == [begun["video_id"]]


@pytest.mark.parametrize(
    ("sent", "more", "says"),
    [
        (b"just some text, no video at all" * 100, {}, "not a video"),
        (b"%PDF-1.7 " + b"x" * 2000, {}, "application/pdf"),
        (MP4, {"sha256": "0" * 64}, "SHA-256"),
    ],
)
async def test_what_is_no_video_is_refused_for_good(
    world: World, sent: bytes, more: dict[str, Any], says: str
) -> None:
    begun = await world.begin(sent, **more)
    assert (await put(begun["parts"][0], sent)).status_code == 200
    for _ in range(2):
        answer = await world.ask("POST", f"/uploads/{begun['id']}/complete", {})
        assert answer.status_code == 422
        assert says in answer.json()["detail"]
    video = (await world.ask("GET", f"/videos/{begun['video_id']}")).json()
    assert video["state"] == "refused"
    assert says in video["refusal"]["detail"]
    assert world.started == []
    async with world.desk.database.transaction() as session:
        usage = await ledger.usage_of(session, world.owner, world.desk.limits)
    assert usage.month.upload_bytes == 0


async def left_behind(world: World, video_id: str) -> list[str]:
    prefix = f"uploads/{video_id}/"
    listed = await world.desk.store._call("list_objects_v2", Prefix=prefix)
    return [each["Key"].removeprefix(prefix) for each in listed.get("Contents", [])]


async def test_a_completion_that_is_refused_leaves_no_copy(world: World) -> None:
    begun = await world.begin(MP4)
    await put(begun["parts"][0], MP4)
    path = f"/uploads/{begun['id']}/complete"
    for wishes, status in (
        ({"language": "zz"}, 422),
        ({"speakers": 21}, 422),
        ({"language": "ko"}, 409),
    ):
        refused = await world.ask("POST", path, wishes)
        assert refused.status_code == status, refused.text
        assert await left_behind(world, begun["video_id"]) == ["incoming"]
    assert (await world.ask("POST", path, {})).status_code == 202
    assert len(await left_behind(world, begun["video_id"])) == 1


async def test_what_a_killed_completion_left_goes_with_the_upload(world: World) -> None:
    begun = await world.begin(MP4)
    await put(begun["parts"][0], MP4)
    prefix = f"uploads/{begun['video_id']}/"
    await world.desk.store.copy(f"{prefix}incoming", f"{prefix}{new_id()}")
    assert (await world.ask("DELETE", f"/uploads/{begun['id']}")).status_code == 204
    assert await left_behind(world, begun["video_id"]) == []


async def test_another_size_or_type_is_refused_by_the_store(world: World) -> None:
    begun = await world.begin(MP4)
    part = begun["parts"][0]
    for headers, data in (
        ({"Content-Type": "text/html"}, MP4),
        (part["headers"], MP4 + b"more"),
        (part["headers"], MP4[:-1]),
    ):
        assert (await put(part | {"headers": headers}, data)).status_code == 403
    answer = await world.ask("POST", f"/uploads/{begun['id']}/complete", {})
    assert answer.status_code == 422
    assert world.started == []
    assert (await put(part, MP4)).status_code == 200
    assert (await world.ask("POST", f"/uploads/{begun['id']}/complete", {})).status_code == 202


async def test_a_part_of_another_size_is_refused_by_the_store(world: World) -> None:
    data = MP4 + os.urandom(20 * MEBIBYTE)
    begun = await world.begin(data)
    *others, last = begun["parts"]
    for part in others:
        assert (await put(part, piece(begun, data, part["number"]))).status_code == 200
    rest = piece(begun, data, last["number"])
    for wrong in (rest + b"more", rest[:-1]):
        assert (await put(last, wrong)).status_code == 403
    answer = await world.ask("POST", f"/uploads/{begun['id']}/complete", {})
    assert answer.status_code == 422
    assert "part 3" in answer.json()["detail"]
    assert world.started == []


async def test_what_was_verified_cannot_be_replaced(world: World) -> None:
    begun = await world.begin(MP4)
    await put(begun["parts"][0], MP4)
    await world.ask("POST", f"/uploads/{begun['id']}/complete", {})
    await put(begun["parts"][0], bytes(len(MP4)))
    again = await world.ask("POST", f"/uploads/{begun['id']}/complete", {})
    assert again.status_code == 202
    source = await world.ask("GET", f"/videos/{begun['video_id']}/source")
    async with httpx.AsyncClient() as client:
        assert (await client.get(source.headers["location"])).content == MP4


async def test_a_list_of_some_parts_is_refused_and_does_no_harm(world: World) -> None:
    data = MP4 + os.urandom(20 * MEBIBYTE)
    begun = await world.begin(data)
    etags = [
        (await put(part, piece(begun, data, part["number"]))).headers["etag"]
        for part in begun["parts"]
    ]
    path = f"/uploads/{begun['id']}/complete"
    some = await world.ask("POST", path, {"parts": [{"number": 1, "etag": etags[0]}]})
    assert some.status_code == 422
    every = [{"number": n, "etag": etag} for n, etag in enumerate(etags, 1)]
    assert (await world.ask("POST", path, {"parts": every})).status_code == 202


async def used(world: World) -> int:
    async with world.desk.database.transaction() as session:
        usage = await ledger.usage_of(session, world.owner, world.desk.limits)
    return usage.month.upload_bytes


async def test_deleting_a_video_gives_its_open_upload_back(world: World) -> None:
    data = MP4 + os.urandom(20 * MEBIBYTE)
    begun = await world.begin(data)
    assert await used(world) == len(data)
    assert (await world.ask("DELETE", f"/videos/{begun['video_id']}")).status_code == 204
    assert await used(world) == 0
    assert (await put(begun["parts"][0], piece(begun, data, 1))).status_code in {403, 404}


async def open_uploads(world: World) -> int:
    listed = await world.desk.store._call("list_multipart_uploads")
    return len(listed.get("Uploads", []))


async def test_over_the_quota_nothing_is_begun(world: World) -> None:
    async with world.desk.database.transaction() as session:
        await ledger.set_quota(session, world.owner, ledger.Override(upload_bytes=30 * MEBIBYTE))
    body = {"filename": "a.mp4", "size": 20 * MEBIBYTE, "content_type": "video/mp4"}
    before = await open_uploads(world)
    assert (await world.ask("POST", "/uploads", body)).status_code == 201
    over = await world.ask("POST", "/uploads", body)
    assert (over.status_code, over.json()["code"]) == (403, "quota_exceeded")
    assert len((await world.ask("GET", "/videos")).json()["items"]) == 1
    assert await open_uploads(world) == before + 1


async def test_the_quota_counts_bytes(world: World) -> None:
    body = {"filename": "a.mp4", "size": 101 * MEBIBYTE, "content_type": "video/mp4"}
    answer = await world.ask("POST", "/uploads", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "$.size"
    assert (
        await world.ask("DELETE", f"/uploads/{(await world.begin(MP4))['id']}")
    ).status_code == 204


async def test_what_runs_out_is_removed(world: World) -> None:
    data = MP4 + os.urandom(20 * MEBIBYTE)
    begun = await world.begin(data)
    await put(begun["parts"][0], piece(begun, data, 1))
    kept = await world.begin(MP4)
    async with world.desk.database.transaction() as session:
        old = utc_now() - timedelta(seconds=1)
        await session.execute(update(Upload).where(Upload.id == begun["id"]).values(expires_at=old))
    removed = await asyncio.gather(uploads.clean_up(world.desk), uploads.clean_up(world.desk))
    assert sum(removed) == 1
    assert (await world.ask("GET", f"/uploads/{begun['id']}")).status_code == 404
    assert (await world.ask("GET", f"/uploads/{kept['id']}")).status_code == 200
    late = await put(begun["parts"][1], piece(begun, data, 2))
    assert late.status_code in {403, 404}
    async with world.desk.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Video)) == 1


async def test_deleting_removes_the_objects(world: World) -> None:
    begun = await world.begin(MP4)
    await put(begun["parts"][0], MP4)
    await world.ask("POST", f"/uploads/{begun['id']}/complete", {})
    source = await world.ask("GET", f"/videos/{begun['video_id']}/source")
    assert (await world.ask("DELETE", f"/videos/{begun['video_id']}")).status_code == 204
    async with httpx.AsyncClient() as client:
        assert (await client.get(source.headers["location"])).status_code == 404
    assert (await world.ask("GET", f"/videos/{begun['video_id']}")).status_code == 404


async def due_now(world: World, *, last: bool) -> int:
    """Works off what was left as if its first, or its last, time had come."""
    times = {"due_at": utc_now()} | ({"until": utc_now()} if last else {})
    async with world.desk.database.transaction() as session:
        await session.execute(update(Leftover).values(**times))
    return await work_off(world.desk.database, world.desk.store)


async def left(world: World) -> list[str]:
    async with world.desk.database.transaction() as session:
        return list(await session.scalars(select(Leftover.prefix)))


async def test_what_is_deleted_while_the_store_is_away_is_removed_when_it_is_back(
    world: World,
) -> None:
    data = MP4 + os.urandom(20 * MEBIBYTE)
    whole, begun = await world.begin(MP4), await world.begin(data)
    for each, sent in ((whole, MP4), (begun, piece(begun, data, 1))):
        await put(each["parts"][0], sent)
    await world.ask("POST", f"/uploads/{whole['id']}/complete", {})
    store, before = world.desk.store, await open_uploads(world)
    away = Store(S3Settings("http://127.0.0.1:9", bucket="x", access_key="a", secret_key="b"))
    await away.open()
    there, store._inside = store._inside, away._inside
    for each in (whole, begun):
        answer = await world.ask("DELETE", f"/videos/{each['video_id']}")
        assert answer.status_code == 204
    with pytest.raises(Unavailable):
        await due_now(world, last=False)
    store._inside = there
    await away.close()
    prefixes = {f"uploads/{each['video_id']}/" for each in (whole, begun)}
    assert set(await left(world)) == prefixes
    assert await due_now(world, last=False) == 2
    for prefix in prefixes:
        assert await store.names_under(prefix) == set()
    assert await open_uploads(world) == before - 1
    assert await due_now(world, last=True) == 2
    assert await left(world) == []


async def test_what_is_written_after_the_deletion_is_removed_too(world: World) -> None:
    begun = await world.begin(MP4)
    prefix = f"uploads/{begun['video_id']}/"
    assert (await world.ask("DELETE", f"/videos/{begun['video_id']}")).status_code == 204
    assert (await put(begun["parts"][0], MP4)).status_code == 200
    assert await world.desk.store.names_under(prefix)
    assert await due_now(world, last=True) == 1
    assert not await world.desk.store.names_under(prefix)
    assert await left(world) == []


@pytest.mark.parametrize("prefix", ["", "/", "uploads/", "uploads//", "uploads/x", "../a/"])
async def test_a_prefix_of_more_than_one_thing_is_not_taken(world: World, prefix: str) -> None:
    async with world.desk.database.transaction() as session:
        with pytest.raises(ValueError, match="no prefix"):
            await leave(session, [prefix])


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("/uploads", {}, "filename"),
    ("/uploads", {"filename": "", "size": 1, "content_type": "video/mp4"}, "filename"),
    ("/uploads", {"filename": "a/b.mp4", "size": 1, "content_type": "video/mp4"}, "filename"),
    ("/uploads", {"filename": "a\nb", "size": 1, "content_type": "video/mp4"}, "filename"),
    ("/uploads", {"filename": "x" * 256, "size": 1, "content_type": "video/mp4"}, "filename"),
    ("/uploads", {"filename": "a.mp4\n", "size": 1, "content_type": "video/mp4"}, "filename"),
    ("/uploads", {"filename": "a\u202eb", "size": 1, "content_type": "video/mp4"}, "filename"),
    ("/uploads", {"filename": "a", "size": 1, "content_type": "video/mp4\n"}, "content_type"),
    (
        "/uploads",
        {"filename": "a", "size": 1, "content_type": "video/mp4", "sha256": "0" * 64 + "\n"},
        "sha256",
    ),
    ("/uploads", {"filename": "a", "size": 0, "content_type": "video/mp4"}, "size"),
    ("/uploads", {"filename": "a", "size": 1.5, "content_type": "video/mp4"}, "size"),
    ("/uploads", {"filename": "a", "size": 10**30, "content_type": "video/mp4"}, "size"),
    ("/uploads", {"filename": "a", "size": 1, "content_type": "text/html"}, "content_type"),
    (
        "/uploads",
        {"filename": "a", "size": 1, "content_type": "video/mp4", "sha256": "x"},
        "sha256",
    ),
    ("/uploads", {"filename": "a", "size": 1, "content_type": "video/mp4", "url": "x"}, "url"),
    ("/parts", {"numbers": []}, "numbers"),
    ("/parts", {"numbers": [0]}, "numbers"),
    ("/parts", {"numbers": [2]}, "numbers"),
    ("/parts", {"numbers": [10_001]}, "numbers"),
    ("/complete", {"language": "english"}, "language"),
    ("/complete", {"speakers": 0}, "speakers"),
    ("/complete", {"parts": [{"number": 1}]}, "etag"),
]


async def test_bad_input_names_the_field(world: World) -> None:
    begun = await world.begin(MP4)
    for path, body, field in BAD:
        full = path if path == "/uploads" else f"/uploads/{begun['id']}{path}"
        answer = await world.ask("POST", full, body)
        assert answer.status_code == 422, (path, body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert field in answer.json()["detail"], (body, answer.text)


async def test_lists_go_on_where_they_stopped(world: World) -> None:
    made = [(await world.begin(MP4))["video_id"] for _ in range(3)]
    first = (await world.ask("GET", "/videos?limit=2")).json()
    assert [video["id"] for video in first["items"]] == made[:0:-1]
    second = (await world.ask("GET", f"/videos?cursor={first['next_cursor']}")).json()
    assert [video["id"] for video in second["items"]] == made[:1]
    assert second["next_cursor"] is None
    assert (await world.ask("GET", "/videos", who=world.other)).json()["items"] == []
