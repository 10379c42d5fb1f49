"""One process of the service: its roles, and how they reach the others.

A role named for this process is called; any other is reached by HTTP. Nothing else changes
between the two.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import httpx
from litestar import Litestar
from redis.asyncio import Redis

from ecg import roles
from ecg.analysis import desk as analysis_desk
from ecg.analysis import progress as analysis_progress
from ecg.analysis import routes as analysis_routes
from ecg.analysis import wire as analysis_wire
from ecg.analysis import worker as analysis_worker
from ecg.analysis.models import Analysis, Realignment
from ecg.analysis.service import AnalysisView
from ecg.auth import app as auth
from ecg.auth import service as accounts
from ecg.hooks import app as hooks
from ecg.hooks import service as hook_service
from ecg.hooks.routes import HooksDesk
from ecg.kernel.attempts import Objects, Reports, Submitter
from ecg.kernel.database import Database
from ecg.kernel.dispatcher import Kind, dispatch
from ecg.kernel.errors import Unauthorized
from ecg.kernel.http import Peer, RoleName
from ecg.kernel.identity import Principal
from ecg.kernel.queue import JobQueue, QueueSubmitter
from ecg.kernel.redis import connect, ping
from ecg.kernel.settings import Settings, listed
from ecg.kernel.storage import Store
from ecg.kernel.telemetry import Faults
from ecg.kernel.web import Authenticate, Part, create_app
from ecg.kernel.wire import DeskObjects, DeskReports, HttpObjects, objects_routes
from ecg.kernel.work import Link
from ecg.render import desk as render_desk
from ecg.render import progress as render_progress
from ecg.render import routes as render_routes
from ecg.render import wire as render_wire
from ecg.render import worker as render_worker
from ecg.render.models import Render
from ecg.render.service import RenderView
from ecg.service.desks import (
    Desks,
    make_analysis_desk,
    make_render_desk,
    make_upload_desk,
    retry,
    signs_of,
)
from ecg.studio.app import studio_part
from ecg.uploads import app as uploads
from ecg.uploads.views import VideoView
from ecg.usage import app as usage
from ecg.usage.routes import UsageDesk

QUEUES = {"audio": ("audio", "realign"), "render": ("render",)}
"""What the worker roles work off, each queue one job at a time."""


@asynccontextmanager
async def service(settings: Settings, names: frozenset[str]) -> AsyncGenerator[Litestar]:
    """The application of a process with the roles ``names``, on the stores that ``settings``
    names. Leaving the block ends what the roles hold; the server must have stopped before."""
    faults = Faults()
    async with AsyncExitStack() as stack:
        queues = _queues(stack, settings, names, faults)
        parts: list[Part] = []
        authenticate: Authenticate = _nobody
        desks: Desks | None = None
        if "api" in names:
            desks, parts, authenticate = await _api(stack, settings, queues, faults)
        if queues:
            parts += _workers(stack, settings, queues, desks, faults)
        yield create_app(
            parts,
            authenticate=authenticate,
            role="api" if "api" in names else ",".join(sorted(names)),
            origins=listed(settings.api.origins),
            requests_per_minute=settings.limits.requests_per_minute,
            version=version("ecg"),
            joined={VideoView: {"analysis": AnalysisView, "latest_render": RenderView}},
        )


def _queues(
    stack: AsyncExitStack, settings: Settings, names: frozenset[str], faults: Faults
) -> dict[str, JobQueue]:
    """The queues of the worker roles of this process."""
    queues: dict[str, JobQueue] = {}
    for name in (name for role in sorted(names) for name in QUEUES.get(role, ())):
        queues[name] = JobQueue(connect(settings.redis.url), name, faults)
        stack.push_async_callback(queues[name].disconnect)
    return queues


def _submitter(
    stack: AsyncExitStack,
    settings: Settings,
    queues: dict[str, JobQueue],
    name: Literal["audio", "realign", "render"],
    faults: Faults,
) -> Submitter:
    """The way to a role: into its queue where it is in this process, else by HTTP."""
    if name in queues:
        return QueueSubmitter(queues[name])
    if name == "render":
        return render_wire.submitter(_peer(stack, name, settings.render.url, settings, faults))
    peer = _peer(stack, "audio", settings.audio.url, settings, faults)
    path = analysis_wire.PATH if name == "audio" else analysis_wire.REALIGN_PATH
    return analysis_wire.submitter(peer, path)


def _peer(
    stack: AsyncExitStack, role: RoleName, url: str, settings: Settings, faults: Faults
) -> Peer:
    peer = Peer(role, url, listed(settings.service_key), faults)
    stack.push_async_callback(peer.close)
    return peer


def _workers(
    stack: AsyncExitStack,
    settings: Settings,
    queues: dict[str, JobQueue],
    desks: Desks | None,
    faults: Faults,
) -> list[Part]:
    """The worker roles of this process; the desks are called where they are here too."""
    keys = listed(settings.service_key)
    if desks is None:
        api = _peer(stack, "api", settings.api.url, settings, faults)
        objects: Objects = HttpObjects(api)
        heard: Reports = analysis_wire.reports(api, keys)
        drawn: Reports = render_wire.reports(api, keys)
    else:
        objects = _objects(desks)
        heard = DeskReports(partial(analysis_desk.receive, desks.analysis))
        drawn = DeskReports(partial(render_desk.receive, desks.render))
    parts: list[Part] = []
    for name, part in (
        ("audio", analysis_worker.worker_part),
        ("realign", analysis_worker.realign_part),
    ):
        if name in queues:
            engine = roles.analysis_engine(settings)
            stack.push_async_callback(engine.close)
            link = _link(stack, settings, queues[name], objects, heard)
            parts.append(part(link, queues[name], engine, keys))
    if "render" in queues:
        drawer = roles.render_engine(settings)
        stack.push_async_callback(drawer.close)
        link = _link(stack, settings, queues["render"], objects, drawn)
        parts.append(render_worker.worker_part(link, queues["render"], drawer, keys))
    return parts


def _link(
    stack: AsyncExitStack, settings: Settings, queue: JobQueue, objects: Objects, reports: Reports
) -> Link:
    client = httpx.AsyncClient(timeout=httpx.Timeout(30, connect=5))
    stack.push_async_callback(client.aclose)
    work_dir = settings.work_dir or Path(tempfile.gettempdir())
    return Link(objects, reports, queue.redis, client, work_dir)


def _objects(desks: Desks) -> DeskObjects:
    return DeskObjects(
        [
            (
                partial(analysis_desk.begin, desks.analysis),
                partial(analysis_desk.sign, desks.analysis),
            ),
            (partial(render_desk.begin, desks.render), partial(render_desk.sign, desks.render)),
        ]
    )


async def _nobody(_connection: object) -> Principal:
    raise Unauthorized("this role has no routes for users")


def _kinds(desks: Desks, realigner: Submitter, reader: Redis) -> list[Kind]:
    """The jobs that are dispatched: rows of which table, to whom, and who hears of their end."""
    heard, drawn = desks.analysis, desks.render
    signs, give_up = signs_of(analysis_progress, reader), partial(analysis_desk.give_up, heard)
    return [
        Kind(Analysis, heard.submitter, signs, give_up),
        Kind(Realignment, realigner, signs, give_up),
        Kind(
            Render,
            drawn.submitter,
            signs_of(render_progress, reader),
            partial(render_desk.give_up, drawn),
        ),
    ]


async def _api(
    stack: AsyncExitStack, settings: Settings, queues: dict[str, JobQueue], faults: Faults
) -> tuple[Desks, list[Part], Authenticate]:
    database = Database(settings.database.url, settings.database.pool, faults)
    stack.push_async_callback(database.close)
    store = Store(settings.s3, faults)
    stack.push_async_callback(store.close)
    await store.open()
    reader = connect(settings.redis.reader_url)
    stack.push_async_callback(reader.aclose)
    desks = Desks(
        make_analysis_desk(
            settings, database, store, reader, _submitter(stack, settings, queues, "audio", faults)
        ),
        make_render_desk(
            settings, database, store, reader, _submitter(stack, settings, queues, "render", faults)
        ),
    )
    realigner = _submitter(stack, settings, queues, "realign", faults)
    door, keys = (
        auth.auth_desk(settings, database, hook_service.remove_all),
        listed(settings.service_key),
    )
    parts = [
        auth.api_part(door),
        uploads.api_part(make_upload_desk(settings, database, store, desks)),
        analysis_routes.api_part(desks.analysis),
        render_routes.api_part(desks.render),
        usage.api_part(UsageDesk(database, settings.limits, retry)),
        hooks.api_part(HooksDesk(database, accounts.require_live)),
        await studio_part(store),
        Part(
            routes=[
                objects_routes(_objects(desks), keys),
                analysis_wire.report_routes(partial(analysis_desk.receive, desks.analysis), keys),
                render_wire.report_routes(partial(render_desk.receive, desks.render), keys),
            ],
            tasks=[partial(dispatch, database, _kinds(desks, realigner, reader), faults)],
            checks={"redis": partial(ping, reader)},
        ),
    ]
    return desks, parts, auth.authenticator(door)
