"""Uploads and both desks in one application, as the api role has them, with what other features do for them:
the real uploads, ledger and object store."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
from httpx import Response
from litestar import Litestar
from redis.asyncio import Redis
from sqlalchemy import text

from ecg.analysis import desk as analysis
from ecg.analysis import routes as analysis_routes
from ecg.analysis import service as analyses
from ecg.analysis import wire as analysis_wire
from ecg.analysis.desk import AnalysisDesk
from ecg.analysis.interfaces import (
    BACKDROP,
    CONTOUR,
    TRANSCRIPT,
    Analysed,
    AnalysisReport,
    Probed,
)
from ecg.captions.document import encode
from ecg.captions.transcript import Model, Segment, Speaker, Transcript, Word
from ecg.kernel import ratelimit
from ecg.kernel.attempts import Stored
from ecg.kernel.database import Database, utc_now
from ecg.kernel.embedded import Stores
from ecg.kernel.errors import Unauthorized, Unavailable
from ecg.kernel.identity import Principal, new_id
from ecg.kernel.settings import AnalysisSettings, LimitSettings, Settings
from ecg.kernel.storage import Store
from ecg.kernel.watch import Watch
from ecg.kernel.web import Part, _running, create_app
from ecg.media.info import AudioStream, MediaInfo, VideoStream
from ecg.render import desk as render
from ecg.render import routes as render_routes
from ecg.render import wire as render_wire
from ecg.render.app import read_font
from ecg.render.desk import RenderDesk
from ecg.service.desks import Desks, make_upload_desk, refuse
from ecg.uploads import app as uploads
from ecg.uploads import service as videos
from ecg.uploads.models import Video
from ecg.usage import service as ledger

MP4 = (Path(__file__).resolve().parents[1] / "fixtures/media/jfk_720p30.mp4").read_bytes()
SECONDS = 10.0
SERVICE_KEYS = ("the key by which roles know each other",)
MEDIA = MediaInfo(
    container="mov,mp4", duration=SECONDS, size=1000,
    video=(VideoStream(0, "h264", 640, 360, "yuv420p", "25/1", 0.0, SECONDS),),
    audio=(AudioStream(1, "aac", 1, 44100, 0.0, SECONDS),),
)  # fmt: skip


def transcript_of(*words: str) -> Transcript:
    """``words`` half a second each, from 1 s on."""
    said = tuple(
        Word(
            text=word, start=1 + n / 2, end=1.4 + n / 2, confidence=0.9, timing="aligned",
            loudness=0.5, pitch=None, rate=None,
        )
        for n, word in enumerate(words)
    )  # fmt: skip
    spoken = Segment(
        id="s1", start=1.0, end=0.9 + len(words) / 2, speaker="a", text=" ".join(words), words=said
    )
    return Transcript(
        version=1, language="en" if words else "und", duration=SECONDS,
        model=Model("faster-whisper", "base"),
        speakers=(Speaker("a", None, None, None),) if words else (),
        segments=(spoken,) if words else (),
    )  # fmt: skip


class Away:
    """A role that does not answer."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []

    async def submit(self, _ticket: object) -> None:
        raise Unavailable("away")

    async def cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)
        raise Unavailable("away")


class World(msgspec.Struct):
    """``told``: the events that users' webhooks would have been told of."""

    database: Database
    store: Store
    redis: Redis
    analysis: AnalysisDesk
    render: RenderDesk
    app: Litestar
    client: httpx.AsyncClient
    limits: LimitSettings
    told: list[tuple[str, str, Any]]

    async def ask(
        self, who: str, method: str, path: str, body: Any = None, **headers: str
    ) -> Response:
        content = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
        if content is not None:
            headers["Content-Type"] = "application/json"
        headers["Authorization"] = who
        return await self.client.request(
            method, f"/api/v1{path}", content=content, headers=headers, follow_redirects=False
        )

    async def get(self, who: str, path: str) -> Any:
        answer = await self.ask(who, "GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def add_user(self) -> str:
        user_id = new_id()
        async with self.database.transaction() as session:
            await session.execute(
                text(
                    "INSERT INTO users (id, email, name, role, created_at)"
                    " VALUES (:i, :e, '', 'user', now())"
                ),
                {"i": user_id, "e": f"{user_id}@example.com"},
            )
        return user_id

    async def add_video(self, owner: str, state: str = "ready") -> str:
        video_id = new_id()
        video = Video(
            id=video_id, owner_id=owner, state=state, filename="a.mp4", size=1000,
            content_type="video/mp4", key=f"uploads/{video_id}/source", created_at=utc_now(),
            media=msgspec.to_builtins(MEDIA) if state == "ready" else None,
        )  # fmt: skip
        async with self.database.transaction() as session:
            session.add(video)
        return video.id

    async def start(self, owner: str, video_id: str) -> str:
        """As the completion of an upload does."""
        async with self.database.transaction() as session:
            video = await videos.find_video(session, owner, video_id)
            return await analyses.start(
                session, owner, video, None, None,
                settings=self.analysis.settings, limits=self.limits,
            )  # fmt: skip

    async def put(self, url_put: str, data: bytes) -> None:
        async with httpx.AsyncClient() as http:
            answer = await http.put(url_put, content=data)
        assert answer.is_success, answer.text

    async def analyse(
        self,
        job: str,
        transcript: Transcript,
        media: MediaInfo = MEDIA,
        contour: bytes = b"",
        backdrop: bytes = b"",
    ) -> str:
        """As a worker does, from the attempt to the last report; returns that report's id."""
        attempt = (await analysis.begin(self.analysis, job)).number
        await analysis.receive(
            self.analysis, new_id(), AnalysisReport(job, attempt, Probed(media, None))
        )
        data = encode(transcript)
        urls = await analysis.sign(self.analysis, job, attempt, [TRANSCRIPT, CONTOUR, BACKDROP])
        await self.put(urls[TRANSCRIPT].put, data)
        for name, measured in ((CONTOUR, contour), (BACKDROP, backdrop)):
            if measured:
                await self.put(urls[name].put, measured)
        stored = Stored(TRANSCRIPT, len(data), hashlib.sha256(data).hexdigest())
        report_id = new_id()
        report = AnalysisReport(job, attempt, Analysed(stored, 1.0))
        await analysis.receive(self.analysis, report_id, report)
        return report_id

    async def send(self, kind: str, report: Any, headers: dict[str, str]) -> int:
        """Brings a worker's report by HTTP as ``headers`` sign it; returns the status."""
        body = msgspec.json.encode(report)
        path = f"/internal/{kind}/{report.id}/reports"
        return (await self.client.post(path, content=body, headers=headers)).status_code

    async def analysed(self, owner: str, *words: str) -> str:
        """A video with a transcript and a scenario."""
        video = await self.add_video(owner, "checking")
        await self.analyse(await self.start(owner, video), transcript_of(*(words or ("Hello",))))
        return video


async def authenticate(connection: Any) -> Principal:
    """The header is the account's id."""
    who = connection.headers.get("authorization", "")
    if not who:
        raise Unauthorized("sign in")
    return Principal(who, "user", "t")


@asynccontextmanager
async def world(
    database: Database, services: Stores, limits: LimitSettings | None = None
) -> AsyncGenerator[World]:
    limits = limits or LimitSettings(renders_per_minute=1000)
    told: list[tuple[str, str, Any]] = []

    async def notify(_session: object, owner: str, event: str, payload: object) -> None:
        told.append((owner, event, msgspec.to_builtins(payload)))

    async with AsyncExitStack() as stack:
        store = Store(services.s3)
        await store.open()
        stack.push_async_callback(store.close)
        reader = Redis.from_url(services.reader_url)
        stack.push_async_callback(reader.aclose)
        redis = Redis.from_url(services.redis_url)
        stack.push_async_callback(redis.aclose)
        first = AnalysisDesk(
            database=database, store=store, reader=reader, submitter=Away(),
            settings=AnalysisSettings(), limits=limits, style="intention",
            watch=Watch("analysis"), find_video=videos.find_video, set_facts=videos.set_facts,
            refuse=refuse, notify=notify,
        )  # fmt: skip
        second = RenderDesk(
            database=database, store=store, reader=reader, submitter=Away(), limits=limits,
            quality="standard", watch=Watch("render"), find_video=videos.find_video,
            stored_scenario=analyses.stored_scenario,
            reserve=partial(ledger.reserve_render, limits=limits),
            settle=ledger.settle_render, notify=notify,
            hit=partial(ratelimit.hit, database), read_font=read_font,
        )  # fmt: skip
        third = make_upload_desk(Settings(limits=limits), database, store, Desks(first, second))
        reports = [
            analysis_wire.report_routes(partial(analysis.receive, first), SERVICE_KEYS),
            render_wire.report_routes(partial(render.receive, second), SERVICE_KEYS),
        ]
        parts = [
            analysis_routes.api_part(first), render_routes.api_part(second), uploads.api_part(third),
            Part(routes=reports),
        ]  # fmt: skip
        app = create_app(
            parts,
            authenticate=authenticate, role="api", requests_per_minute=100_000,
        )  # fmt: skip
        # not the application's own lifespan, which must end in the task that began it
        await stack.enter_async_context(_running([task for part in parts for task in part.tasks]))
        transport = httpx.ASGITransport(app)
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://here", timeout=60)
        )
        yield World(database, store, redis, first, second, app, client, limits, told)


__all__ = [
    "MEDIA",
    "MP4",
    "SECONDS",
    "SERVICE_KEYS",
    "Away",
    "World",
    "render",
    "transcript_of",
    "world",
]


async def scenario_of(here: World, owner: str, video: str) -> tuple[dict, str]:
    answer = await here.ask(owner, "GET", f"/videos/{video}/scenario")
    return answer.json(), answer.headers["etag"]
