"""``/renders``, ``/styles``, ``/fonts`` and ``/looks``, and the files of the caption engine that a browser draws with."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import PurePath
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import MediaType, Response, Router, delete, get, post
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, FromQuery, HeaderParameter, QueryParameter
from litestar.response import Redirect, ServerSentEvent
from msgspec import Meta
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.captions.document import decode
from ecg.captions.scenario import Scenario, check_size, check_within, read_scenario
from ecg.captions.styles import Style, check_choice, list_styles, load_style
from ecg.kernel import jobs
from ecg.kernel.errors import (
    Conflict,
    DocumentInvalid,
    FieldError,
    InputRefused,
    RequestInvalid,
)
from ecg.kernel.identity import Principal, new_id
from ecg.kernel.rates import counted
from ecg.kernel.settings import LimitSettings
from ecg.kernel.watch import Shown
from ecg.kernel.web import Caller, Part, checked_cursor
from ecg.media.info import VideoFacts
from ecg.render import desk as work
from ecg.render import font_files, fonts, looks, service
from ecg.render.desk import RenderDesk
from ecg.render.files import read_file
from ecg.render.formats import MEDIA_TYPES, check_scalable, frame_rate, result_name, size_at
from ecg.render.models import Render
from ecg.render.service import Output, RenderView


class NewRender(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``scenario``: left out or null, the video's stored one. ``look_id``: a look of yours, whose
    style takes the place of the scenario's."""

    video_id: Annotated[UUID, Meta(examples=["019ab2b0-7c11-7a52-9d1c-3f0d5c1a2b3c"])]
    scenario: Scenario | None = None
    look_id: UUID | None = None
    output: Output = Output()


class _Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ``NewRender`` whose scenario is not read yet, which takes processor time."""

    video_id: UUID
    scenario: msgspec.Raw = msgspec.Raw(b"null")
    look_id: UUID | None = None
    output: Output = Output()


_SENT = msgspec.json.Decoder(_Sent)


class Renders(msgspec.Struct, frozen=True):
    items: list[RenderView]
    next_cursor: str | None


class Styles(msgspec.Struct, frozen=True):
    items: list[Style]
    next_cursor: None = None


_EXAMPLE = {
    "video_id": "019ab2b0-7c11-7a52-9d1c-3f0d5c1a2b3c",
    "output": {"format": "mp4", "quality": "standard"},
}


@post("/renders", status_code=202, own_rate=True, takes=NewRender, example=_EXAMPLE)
async def create_render(
    request: Caller,
    desk: NamedDependency[RenderDesk],
    idempotency_key: Annotated[
        str | None, HeaderParameter(name="Idempotency-Key", max_length=255)
    ] = None,
) -> Response[RenderView]:
    """Draws captions over a video. With an
    `Idempotency-Key` asking twice makes one render. 20 a minute; 403 `quota_exceeded` where the
    account has used up what it may."""
    owner = request.user.user_id
    body = await request.body()
    data = decode(body, _SENT)
    given, render_id = bytes(data.scenario), new_id()
    scenario = None
    if given != b"null":  # outside the transaction that counts, as it takes processor time
        async with desk.database.transaction() as session:
            video = await _ready_video(session, desk, owner, data)
        scenario = await asyncio.to_thread(_checked, given, video)
    async with desk.database.transaction() as session:
        video = await _ready_video(session, desk, owner, data)
        _check_output(data.output, video, desk.limits)
        if scenario is None:
            scenario = await desk.stored_scenario(session, owner, video.id)
            _fitting(scenario, video)
        if data.look_id is not None:
            scenario = await looks.dressed(session, owner, str(data.look_id), scenario)
        if idempotency_key is not None:
            digest = hashlib.sha256(body).hexdigest()
            kept = await service.claim_key(session, owner, idempotency_key, digest, render_id)
            if kept != render_id:
                return _answer(await service.get_render(session, owner, kept))
        own = await font_files.fonts_for(session, owner, scenario)
        row = await service.insert_render(
            session, owner, video, scenario, own, data.output, desk.quality, render_id
        )
        await desk.reserve(session, owner, row.id, service.duration_of(video))
    return _answer(row)


@get("/renders")
async def list_renders(
    request: Caller,
    desk: NamedDependency[RenderDesk],
    cursor: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
) -> Renders:
    """My renders, newest first."""
    owner = request.user.user_id
    async with desk.database.transaction() as session:
        found = await service.list_renders(session, owner, checked_cursor(cursor), limit + 1)
    shown = found[:limit]
    steps = await work.progress.read_many(desk.reader, [row.id for row in shown])
    items = [service.view(row, steps.get(row.id)) for row in shown]
    return Renders(items, shown[-1].id if len(found) > limit else None)


@get("/renders/{render_id:uuid}")
async def read_render(
    request: Caller, desk: NamedDependency[RenderDesk], render_id: FromPath[UUID]
) -> Response[RenderView]:
    """One render, with its progress: at most half a second old."""
    shown = await _shown(desk, request.user.user_id, str(render_id))
    return Response(shown.data, media_type=MediaType.JSON)  # pyright: ignore[reportReturnType] - encoded already


@get("/renders/{render_id:uuid}/events", media_type="text/event-stream", answers=RenderView)
async def watch_render(
    request: Caller, desk: NamedDependency[RenderDesk], render_id: FromPath[UUID]
) -> ServerSentEvent:
    """Server-sent events: `progress` with the whole render whenever it changed, then `end`."""
    shown = await _shown(desk, request.user.user_id, str(render_id))
    return desk.watch.stream(request.user.user_id, str(render_id), shown)


@delete("/renders/{render_id:uuid}", status_code=200)
async def cancel_render(
    request: Caller, desk: NamedDependency[RenderDesk], render_id: FromPath[UUID]
) -> RenderView:
    """Cancels a render; one that is over stays as it is. Its quota is given back."""
    owner, wanted = request.user.user_id, str(render_id)
    async with desk.database.transaction() as session:
        closed = await jobs.cancel(session, Render, owner, wanted)
        if closed:
            await desk.settle(session, wanted, False)
        row = await service.get_render(session, owner, wanted)
        if closed:
            await desk.notify(session, owner, "render.failed", service.view(row, None))
    if closed:
        desk.watch.forget(owner, wanted)
        work.DONE.labels("cancelled").inc()
        await work.stop(desk, [wanted])
    return service.view(row, None)


@get("/renders/{render_id:uuid}/download", status_code=302)
async def download(
    request: Caller, desk: NamedDependency[RenderDesk], render_id: FromPath[UUID]
) -> Redirect:
    """Redirects to a short-lived URL of the finished video, which is saved under the source's
    name with `-captioned`, or with `-captions` where it holds the captions alone."""
    owner = request.user.user_id
    async with desk.database.transaction() as session:
        row = await service.get_render(session, owner, str(render_id))
        video = await desk.find_video(session, owner, row.video_id)
    if row.result_key is None:
        raise Conflict(f"this render is {row.state}; there is a result once it has succeeded")
    filename = result_name(video.filename, service.view(row, None).output.format)
    media_type = MEDIA_TYPES[PurePath(filename).suffix]
    url = await desk.store.presign_get(
        row.result_key, public=True, filename=filename, media_type=media_type
    )
    return Redirect(url, status_code=302)


@get("/styles")
async def read_styles(request: Caller) -> Styles:
    """The looks there are, with what can be set of each."""
    del request
    return Styles(list_styles())


@get("/styles/{name:str}")
async def read_style(request: Caller, name: FromPath[str]) -> Style:
    """One look."""
    del request
    return load_style(name)


def api_part(desk: RenderDesk) -> Part:
    """What the api role brings of this feature."""
    return Part(
        routes=[_router(desk), read_file],
        tasks=[
            partial(desk.watch.run, partial(work.shown_of, desk)),
            partial(font_files.clean_for_ever, desk),
        ],
    )


def _router(desk: RenderDesk) -> Router:
    return Router(
        "/api/v1",
        route_handlers=[
            create_render, list_renders, read_render, watch_render, cancel_render, download,
            read_styles, read_style, *fonts.HANDLERS, *looks.HANDLERS,
        ],
        guards=[_counting(desk)],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
    )  # fmt: skip


def _counting(
    desk: RenderDesk,
) -> Callable[[ASGIConnection[Any, Principal, Any, Any], BaseRouteHandler], Awaitable[None]]:
    """Counts every request for a render once it is known whose it is, whatever comes of it."""

    async def guard(
        connection: ASGIConnection[Any, Principal, Any, Any], handler: BaseRouteHandler
    ) -> None:
        if handler.opt.get("own_rate"):
            most = desk.limits.renders_per_minute
            hit = desk.hit(connection.user.user_id, most)
            await counted(connection, most, hit)

    return guard


async def _ready_video(
    session: AsyncSession, desk: RenderDesk, owner: str, data: _Sent
) -> VideoFacts:
    video = await desk.find_video(session, owner, str(data.video_id))
    if video.state != "ready":
        raise Conflict(f"this video is {video.state}; only a ready one can be rendered")
    return video


def _check_output(output: Output, video: VideoFacts, limits: LimitSettings) -> None:
    """Raises ``RequestInvalid`` for a size or a rate that no result of ``video`` can have."""
    picture = video.media.video[0] if video.media and video.media.video else None
    with _refusing("$.output.height"):
        if output.height is not None and picture is not None:
            if output.format == "mp4":
                check_scalable(picture)
            size_at(output.height, picture.shown_size, limits.video_pixels)
    with _refusing("$.output.fps"):
        if output.fps is not None:
            frame_rate(output.fps)


@contextmanager
def _refusing(path: str) -> Generator[None]:
    """Tells what is refused inside of the request's field at ``path``."""
    try:
        yield
    except InputRefused as error:
        fault = FieldError(path, error.message)
        raise RequestInvalid(f"{path}: {error.message}", (fault,)) from None


def _checked(given: bytes, video: VideoFacts) -> Scenario:
    """The scenario that a request brings, seen to fit ``video``."""
    try:
        scenario = read_scenario(given)
        check_size(scenario, len(given))
        check_choice(scenario.style)
    except DocumentInvalid as error:
        raise _inside(error) from None
    _fitting(scenario, video)
    return scenario


def _fitting(scenario: Scenario, video: VideoFacts) -> None:
    try:
        if video.media is not None and video.media.video:
            picture = video.media.video[0]
            end = picture.duration or video.media.duration
            check_within(scenario, end, 1 / float(picture.rate))
    except DocumentInvalid as error:
        raise _inside(error) from None


def _inside(error: DocumentInvalid) -> DocumentInvalid:
    """``error`` of a scenario, told of the request's field."""
    message = error.message.removeprefix(f"{error.path}: ")
    return DocumentInvalid(message, f"$.scenario{error.path.removeprefix('$')}")


async def _shown(desk: RenderDesk, owner: str, render_id: str) -> Shown:
    async def read() -> Shown:
        async with desk.database.transaction() as session:
            row = await service.get_render(session, owner, render_id)
        return (await work.shown_rows(desk, [row]))[row.id]

    return await desk.watch.shown(owner, render_id, read)


def _answer(row: Render) -> Response[RenderView]:
    return Response(
        service.view(row, None),
        status_code=202,
        headers={"Location": f"/api/v1/renders/{row.id}"},
    )
