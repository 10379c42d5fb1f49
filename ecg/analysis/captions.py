"""``/videos/{id}``: scenario, caption files, lint."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import MediaType, Response, get, post, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, HeaderParameter, JSONBody
from msgspec import Meta

from ecg.analysis import desk as work
from ecg.analysis import service
from ecg.analysis.desk import AnalysisDesk
from ecg.captions import transcript as transcripts
from ecg.captions.backdrop import Backdrop
from ecg.captions.compose import Rules
from ecg.captions.document import encode
from ecg.captions.findings import Finding
from ecg.captions.formats import export_captions
from ecg.captions.imported import import_captions
from ecg.captions.lint import lint
from ecg.captions.repage import repage
from ecg.captions.scenario import Scenario, check_size, check_within, read_scenario
from ecg.captions.styles import Style, check_choice, load_style
from ecg.captions.wording import Case, Mask, Punctuation
from ecg.kernel.errors import FieldError, NotFound, RequestInvalid
from ecg.kernel.web import Caller
from ecg.media.info import VideoFacts


class ComposeRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out is the style's, else the language's. ``words`` per cue, ``chars`` per
    line, ``duration`` in seconds. ``punctuation``: ``soft`` leaves out stops and commas. ``mask``:
    words that are not to be read; the sound is left as it is."""

    words: Annotated[int, Meta(ge=1, le=200)] | None = None
    chars: Annotated[int, Meta(ge=1, le=200)] | None = None
    lines: Annotated[int, Meta(ge=1, le=5)] | None = None
    duration: Annotated[float, Meta(gt=0, le=60)] | None = None
    case: Case | None = None
    punctuation: Punctuation = "keep"
    mask: Mask | None = None


class Composition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``strength``: how expressive, 0 plain to 1."""

    style: Annotated[str, Meta(max_length=32, examples=["intention"])] | None = None
    strength: Annotated[float, Meta(ge=0, le=1, examples=[0.8])] = 1.0
    rules: ComposeRules = ComposeRules()


class CaptionFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text of a caption file."""

    format: Annotated[Literal["srt", "vtt", "ass"], Meta(examples=["srt"])]
    text: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=2_000_000,
            examples=["1\n00:00:00,500 --> 00:00:02,000\nHello world\n"],
        ),
    ]


class Findings(msgspec.Struct, frozen=True):
    items: list[Finding]
    next_cursor: None = None


IfMatch = Annotated[str | None, HeaderParameter(name="If-Match")]


@get("/videos/{video_id:uuid}/scenario", answers=Scenario)
async def read_stored_scenario(
    request: Caller, desk: NamedDependency[AnalysisDesk], video_id: FromPath[UUID]
) -> Response[bytes]:
    """What is shown: the scenario, and its ETag to change it with."""
    row, _ = await _stored(desk, request.user.user_id, str(video_id))
    return _document(row)


_EXAMPLE = {
    "version": 1,
    "style": {"name": "intention", "strength": 1.0},
    "speakers": {"s1": {"label": "Ada", "color": "#f5b14b"}},
    "cues": [
        {
            "id": "c1", "kind": "speech", "start": 0.4, "end": 1.6, "speaker": "s1", "region": None,
            "words": [
                {"text": "Hello", "start": 0.4, "end": 1.1, "loudness": 2.5, "pitch": None}
            ],
        }
    ],
}  # fmt: skip


@put(
    "/videos/{video_id:uuid}/scenario",
    takes=Scenario,
    example=_EXAMPLE,
    answers=Scenario,
)
async def write_scenario(
    request: Caller,
    desk: NamedDependency[AnalysisDesk],
    video_id: FromPath[UUID],
    if_match: IfMatch = None,
) -> Response[bytes]:
    """Replaces the scenario. `If-Match` with the ETag it was got with is
    demanded, so that nobody's change is lost: 412 where it was changed meanwhile."""
    owner, body = request.user.user_id, await request.body()
    async with desk.database.transaction() as session:
        video = await desk.find_video(session, owner, str(video_id))
    scenario = await asyncio.to_thread(checked, body, video)
    async with desk.database.transaction() as session:
        row = await service.store_scenario(session, owner, video.id, scenario, if_match)
    return _document(row)


@post("/videos/{video_id:uuid}/scenario/compose", status_code=200, answers=Scenario)
async def compose_scenario(
    request: Caller,
    desk: NamedDependency[AnalysisDesk],
    video_id: FromPath[UUID],
    data: JSONBody[Composition],
    if_match: IfMatch = None,
) -> Response[bytes]:
    """Composes the scenario anew from the transcript, in a style and by rules, and stores it.
    With `If-Match` it replaces that version alone: 412 where it was changed meanwhile."""
    owner = request.user.user_id
    async with desk.database.transaction() as session:
        video = await desk.find_video(session, owner, str(video_id))
        document = await service.read_latest_transcript(session, owner, video.id)
    rules = Rules(
        words=data.rules.words,
        characters=data.rules.chars,
        lines=data.rules.lines,
        duration=data.rules.duration,
        case=data.rules.case,
        punctuation=data.rules.punctuation,
        mask=data.rules.mask,
    )
    style = _style(data.style or desk.style)
    scenario = await asyncio.to_thread(
        lambda: work.composed(
            transcripts.read_transcript(document), video.media, style, data.strength, rules
        )
    )
    async with desk.database.transaction() as session:
        row = await service.store_scenario(session, owner, video.id, scenario, if_match or "*")
    return _document(row)


@post(
    "/videos/{video_id:uuid}/scenario/pages",
    status_code=200,
    takes=Scenario,
    example=_EXAMPLE,
    answers=Scenario,
)
async def page_scenario(
    request: Caller, desk: NamedDependency[AnalysisDesk], video_id: FromPath[UUID]
) -> Response[bytes]:
    """Cuts the words of the scenario that is sent into cues anew, as its style wants them; each
    word stays as it is. Stores nothing: `PUT` does."""
    owner, body = request.user.user_id, await request.body()
    async with desk.database.transaction() as session:
        video = await desk.find_video(session, owner, str(video_id))
    paged = await asyncio.to_thread(lambda: _paged(checked(body, video), video))
    return Response(encode(paged), media_type=MediaType.JSON, status_code=200)


def _paged(scenario: Scenario, video: VideoFacts) -> Scenario:
    if video.media is None or not video.media.video:
        return repage(scenario)
    picture = video.media.video[0]
    end = picture.duration or video.media.duration
    return repage(scenario, size=picture.shown_size, fps=picture.rate, duration=end)


_FILES = {
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "ass": "text/x-ssa",
    "json": "application/json",
}


def _export(kind: str) -> HTTPRouteHandler:
    described: dict[str, Any] = {"answers": Scenario} if kind == "json" else {}

    @get(
        f"/videos/{{video_id:uuid}}/captions.{kind}",
        media_type=_FILES[kind],
        operation_id=f"ExportCaptions{kind.title()}",
        **described,
    )
    async def export(
        request: Caller, desk: NamedDependency[AnalysisDesk], video_id: FromPath[UUID]
    ) -> Response[bytes]:
        """The captions as a file for other players; ASS with the look of the style."""
        row, video = await _stored(desk, request.user.user_id, str(video_id))
        text = await asyncio.to_thread(_exported, row, video, kind)
        return Response(text.encode(), media_type=f"{_FILES[kind]}; charset=utf-8")

    return export


@post("/videos/{video_id:uuid}/captions", status_code=200, answers=Scenario)
async def import_file(
    request: Caller,
    desk: NamedDependency[AnalysisDesk],
    video_id: FromPath[UUID],
    data: JSONBody[CaptionFile],
    if_match: IfMatch = None,
) -> Response[bytes]:
    """Makes a scenario of SRT, VTT or ASS. Words have the times that VTT and ASS give of them, else
    a share of their cue's. Replaces the stored one, so `If-Match` is demanded as for `PUT`."""
    owner = request.user.user_id
    async with desk.database.transaction() as session:
        video = await desk.find_video(session, owner, str(video_id))
    style = load_style(desk.style)
    scenario = await asyncio.to_thread(imported, data, style, video)
    async with desk.database.transaction() as session:
        row = await service.store_scenario(session, owner, video.id, scenario, if_match)
    return _document(row)


@get("/videos/{video_id:uuid}/lint")
async def find_faults(
    request: Caller, desk: NamedDependency[AnalysisDesk], video_id: FromPath[UUID]
) -> Findings:
    """What would make the captions hard to read, each with its value, its limit and a repair."""
    owner = request.user.user_id
    row, video = await _stored(desk, owner, str(video_id))
    backdrop = await work.find_backdrop(desk, owner, video.id)
    return Findings(await asyncio.to_thread(_linted, row, video, backdrop))


def checked(body: bytes, video: VideoFacts) -> Scenario:
    """The scenario in ``body``, seen to fit ``video``. Raises ``DocumentInvalid``."""
    scenario = read_scenario(body)
    check_size(scenario, len(body))
    check_choice(scenario.style)
    fitting(scenario, video)
    return scenario


def imported(file: CaptionFile, style: Style, video: VideoFacts) -> Scenario:
    """The scenario of a caption file. Raises ``InputRefused``."""
    scenario = import_captions(file.text, file.format, style)
    fitting(scenario, video)
    return scenario


def fitting(scenario: Scenario, video: VideoFacts) -> None:
    """Raises ``DocumentInvalid`` where a cue outlasts ``video``."""
    if video.media is not None and video.media.video:
        picture = video.media.video[0]
        end = picture.duration or video.media.duration
        check_within(scenario, end, 1 / float(picture.rate))


async def _stored(
    desk: AnalysisDesk, owner: str, video_id: str
) -> tuple[service.StoredScenario, VideoFacts]:
    async with desk.database.transaction() as session:
        video = await desk.find_video(session, owner, video_id)
        row = await service.read_stored(session, owner, video_id)
    if row is None:
        raise NotFound("this video has no scenario yet; it gets one with its transcript")
    return row, video


def _document(row: service.StoredScenario) -> Response[bytes]:
    return Response(
        row.document,
        media_type=MediaType.JSON,
        status_code=200,
        headers={"ETag": service.etag(row), "Cache-Control": "private, no-cache"},
    )


def _style(name: str) -> Style:
    try:
        return load_style(name)
    except NotFound as error:
        raise _refused("$.style", error.message) from None


def _refused(path: str, message: str) -> RequestInvalid:
    return RequestInvalid(f"{path}: {message}", (FieldError(path, message),))


def _exported(row: service.StoredScenario, video: VideoFacts, kind: str) -> str:
    scenario = service.scenario_of(row)
    if video.media is None or not video.media.video:
        return export_captions(scenario, kind)
    return export_captions(scenario, kind, size=video.media.video[0].shown_size)


def _linted(
    row: service.StoredScenario, video: VideoFacts, backdrop: Backdrop | None
) -> list[Finding]:
    scenario = service.scenario_of(row)
    if video.media is None or not video.media.video:
        return lint(scenario)
    picture = video.media.video[0]
    end = picture.duration or video.media.duration
    return lint(scenario, size=picture.shown_size, fps=picture.rate, backdrop=backdrop, end=end)


HANDLERS = (
    read_stored_scenario, write_scenario, compose_scenario, page_scenario, import_file, find_faults,
    *map(_export, _FILES),
)  # fmt: skip
