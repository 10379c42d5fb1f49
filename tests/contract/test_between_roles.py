"""What passes between roles: the same tests on direct calls and on HTTP over loopback."""

import asyncio
import socket
import time
import uuid
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import msgspec
import pytest
import uvicorn
from standardwebhooks.webhooks import Webhook

from ecg.analysis import wire as analysis_wire
from ecg.analysis.interfaces import AnalysisFailed, AnalysisReport
from ecg.kernel.attempts import Attempt, SignedPair, Ticket, Trouble
from ecg.kernel.errors import Conflict, InputRefused, NotFound, Unauthorized, Unavailable
from ecg.kernel.http import BREAKER, SECONDS_OPEN, Peer, service_token
from ecg.kernel.queue import JobQueue, QueueSubmitter
from ecg.kernel.redis import connect
from ecg.kernel.telemetry import Faults
from ecg.kernel.web import Part, create_app
from ecg.kernel.webhooks import secret_of, signed
from ecg.kernel.wire import DeskObjects, DeskReports, HttpObjects, objects_routes
from ecg.render import wire as render_wire
from ecg.render.interfaces import RenderFailed, RenderReport

pytestmark = pytest.mark.timed

KEYS = ("the new key of this service, long enough", "the old key of this service, long enough")
TRACE = f"00-{'1' * 32}-{'2' * 16}-01"


async def nobody(_connection):
    raise Unauthorized("not for users")


def listener():
    made = socket.create_server(("127.0.0.1", 0))
    return made, made.getsockname()[1]


@asynccontextmanager
async def served(routes, on=None):
    sock, port = on or listener()
    app = create_app([Part(routes=routes)], authenticate=nobody, role="test")
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    server.capture_signals = nullcontext
    task = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task
        sock.close()


@asynccontextmanager
async def peer(role, url, keys=KEYS):
    made = Peer(role, url, keys, Faults())
    try:
        yield made
    finally:
        await made.close()


class Desk:
    """A desk with one job: the rules of attempts, kept in memory."""

    def __init__(self):
        self.job = str(uuid.uuid4())
        self.attempt = 0
        self.over = False
        self.received = []

    async def begin(self, job_id):
        self._check(job_id)
        self.attempt += 1
        return Attempt(self.attempt, msgspec.Raw(b'{"size":7}'))

    async def sign(self, job_id, attempt, names):
        self._check(job_id)
        if attempt != self.attempt:
            raise Conflict("a later attempt has begun")
        if names == ["../other"]:
            raise InputRefused("no such object")
        return {name: SignedPair(get=f"http://store/{name}") for name in names}

    async def receive(self, report_id, report):
        self.received.append((report_id, report))

    def _check(self, job_id):
        if job_id != self.job:
            raise NotFound("no such job")
        if self.over:
            raise Conflict("the job is over")


@pytest.fixture
def desks():
    return Desk(), Desk()


@pytest.fixture(params=["calls", "http"])
async def objects(request, desks):
    local = DeskObjects([(desk.begin, desk.sign) for desk in desks])
    if request.param == "calls":
        yield local
        return
    async with served([objects_routes(local, KEYS)]) as url, peer("api", url) as api:
        yield HttpObjects(api)


WIRES = {"audio": analysis_wire, "render": render_wire}


@pytest.fixture(params=["calls", *WIRES])
async def submitter(request, queue):
    """Called, and by HTTP as either role has it."""
    local = QueueSubmitter(queue)
    if request.param == "calls":
        yield local
        return
    wire = WIRES[request.param]
    async with (
        served([wire.worker_routes(local, KEYS)]) as url,
        peer(request.param, url) as role,
    ):
        yield wire.submitter(role)


@pytest.fixture
async def queue(redis_url):
    made = JobQueue(connect(redis_url), f"test-{uuid.uuid4().hex[:8]}", Faults())
    yield made
    await made.disconnect()


@pytest.fixture(params=["calls", "http"])
async def reports(request, desks):
    analyses, renders = desks
    if request.param == "calls":
        yield DeskReports(analyses.receive), DeskReports(renders.receive)
        return
    routes = [
        analysis_wire.report_routes(analyses.receive, KEYS),
        render_wire.report_routes(renders.receive, KEYS),
    ]
    async with served(routes) as url, peer("api", url) as api:
        yield analysis_wire.reports(api, KEYS), render_wire.reports(api, KEYS[1:])


async def test_attempts_are_begun_at_whichever_desk_has_the_job(objects, desks):
    for desk in desks:
        first = await objects.begin(desk.job)
        assert (first.number, bytes(first.request)) == (1, b'{"size":7}')
        assert (await objects.begin(desk.job)).number == 2


async def test_a_job_that_is_over_or_unknown_is_not_begun(objects, desks):
    desks[1].over = True
    with pytest.raises(Conflict):
        await objects.begin(desks[1].job)
    with pytest.raises(NotFound):
        await objects.begin(str(uuid.uuid4()))


async def test_urls_are_for_the_present_attempt_and_known_names(objects, desks):
    job = desks[1].job
    await objects.begin(job)
    pairs = await objects.sign(job, 1, ["source"])
    assert pairs == {"source": SignedPair(get="http://store/source")}
    with pytest.raises(InputRefused):
        await objects.sign(job, 1, ["../other"])
    await objects.begin(job)
    with pytest.raises(Conflict):
        await objects.sign(job, 1, ["source"])


async def test_a_job_is_queued_once_and_can_be_taken_back(submitter, queue):
    ticket = Ticket(str(uuid.uuid4()), "ada", 60, TRACE)
    await submitter.submit(ticket)
    await submitter.submit(ticket)
    assert await queue.count("queued") == 1
    job = await queue.job(ticket.id)
    assert msgspec.convert(job.kwargs["ticket"], Ticket) == ticket
    assert (job.heartbeat, job.timeout, job.ttl) == (8, 180, 3600)
    assert job.retries >= 10
    await submitter.cancel(ticket.id)
    await submitter.cancel(str(uuid.uuid4()))
    assert await queue.count("incomplete") == await queue.count("queued") == 0


async def test_reports_arrive_whole_under_their_id(reports, desks):
    trouble = Trouble("engine_failed", 'two lines\nand "quotes", ½')
    told = [
        AnalysisReport(str(uuid.uuid4()), 2, AnalysisFailed(trouble)),
        RenderReport(str(uuid.uuid4()), 1, RenderFailed(trouble)),
    ]
    for way, desk, report in zip(reports, desks, told, strict=True):
        await way.deliver("an-id", report)
        await way.deliver("an-id", report)
        assert desk.received == [("an-id", report)] * 2


def forged(**claims):
    now = datetime.now(UTC)
    whole = {"iss": "ecg", "aud": "api", "iat": now, "exp": now + timedelta(seconds=60), "jti": "1"}
    return jwt.encode({**whole, **claims}, KEYS[0], algorithm="HS256")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "Bearer x",
        f"Bearer {service_token('another key, that this service has not', 'api')}",
        f"Bearer {service_token(KEYS[0], 'audio')}",
        f"Bearer {forged(exp=datetime.now(UTC) - timedelta(seconds=1))}",
        f"Bearer {forged(iss='someone')}",
        f"Bearer {jwt.encode({'aud': 'api'}, '', algorithm='none')}",
        f"Basic {service_token(KEYS[0], 'api')}",
    ],
)
async def test_service_calls_need_a_token_for_this_role(desks, token):
    local = DeskObjects([(desk.begin, desk.sign) for desk in desks])
    async with served([objects_routes(local, KEYS)]) as url, httpx.AsyncClient() as client:
        path = f"{url}/internal/jobs/{desks[0].job}/attempts"
        answer = await client.post(path, headers={"Authorization": token})
        assert answer.status_code == 401
        assert desks[0].attempt == 0
        good = {"Authorization": f"Bearer {service_token(KEYS[1], 'api')}"}
        assert (await client.post(path, headers=good)).status_code == 200


@pytest.mark.parametrize("role", WIRES)
async def test_worker_routes_need_a_token_too(queue, role):
    wire, other = WIRES[role], next(each for each in WIRES if each != role)
    routes = [wire.worker_routes(QueueSubmitter(queue), KEYS)]
    async with served(routes) as url, httpx.AsyncClient(base_url=url) as client:
        body = msgspec.json.encode(Ticket(str(uuid.uuid4()), "ada", 60, TRACE))
        wrong = [
            {},
            {"Authorization": f"Bearer {service_token(KEYS[0], other)}"},
            {"Authorization": f"Bearer {service_token(KEYS[0], 'api')}"},
        ]
        for headers in wrong:
            answer = await client.post(wire.PATH, content=body, headers=headers)
            assert answer.status_code == 401
            path = f"{wire.PATH}/{uuid.uuid4()}"
            assert (await client.delete(path, headers=headers)).status_code == 401
        right = {"Authorization": f"Bearer {service_token(KEYS[0], role)}"}
        answer = await client.post(wire.PATH, content=body, headers=right)
        assert answer.status_code == 202
        bad = await client.post(wire.PATH, content=b'{"id":1}', headers=right)
        assert bad.status_code == 422
    assert await queue.count("queued") == 1


REPORTS = {
    "audio": (AnalysisReport, AnalysisFailed),
    "render": (RenderReport, RenderFailed),
}


@pytest.mark.parametrize("role", WIRES)
async def test_a_forged_stale_or_altered_report_has_no_effect(desks, role):
    desk, wire, (kind, event) = desks[0], WIRES[role], REPORTS[role]
    report = kind(desk.job, 1, event(Trouble("engine_failed", "it crashed")))
    body = msgspec.json.encode(report)
    good = signed(secret_of(KEYS[1]), "id-1", body)
    now = int(good["webhook-timestamp"])
    routes = [wire.report_routes(desk.receive, KEYS)]
    async with served(routes) as url, httpx.AsyncClient(base_url=url) as client:
        path = f"{wire.PATH}/{desk.job}/reports"
        for headers, sent in (
            ({}, body),
            ({"Authorization": f"Bearer {service_token(KEYS[0], 'api')}"}, body),
            (signed(secret_of("a key that this service has not"), "id-1", body), body),
            (stamped(now - 3600, body), body),
            (stamped(now + 3600, body), body),
            ({**good, "webhook-timestamp": str(now - 1)}, body),
            ({**good, "webhook-id": "id-2"}, body),
            ({**good, "webhook-signature": "v1,AAAA"}, body),
            ({**good, "webhook-signature": "nonsense"}, body),
            (good, body.replace(b"crashed", b"cr4shed")),
        ):
            answer = await client.post(path, content=sent, headers=headers)
            assert answer.status_code == 401, (headers, answer.text)
        other = f"{wire.PATH}/{uuid.uuid4()}/reports"
        assert (await client.post(other, content=body, headers=good)).status_code == 422
        broken = b'{"id":3}'
        headers = signed(secret_of(KEYS[0]), "id-3", broken)
        assert (await client.post(path, content=broken, headers=headers)).status_code == 422
        assert desk.received == []
        assert (await client.post(path, content=body, headers=good)).status_code == 204
    assert desk.received == [("id-1", report)]


def stamped(at, body):
    """Well signed, but at another time than now."""
    key = Webhook(secret_of(KEYS[1]))
    signature = key.sign("id-1", datetime.fromtimestamp(at, UTC), body.decode())
    return {"webhook-id": "id-1", "webhook-timestamp": str(at), "webhook-signature": signature}


async def test_an_absent_role_is_held_back_once_and_called_again_when_it_is_there(
    desks, monkeypatch
):
    monkeypatch.setattr("ecg.kernel.http.SECONDS_OPEN", 1.0)
    held = listener()
    port = held[1]
    held[0].close()
    said = []

    class Heard(Faults):
        def failed(self, what, error):
            if what not in self._present:
                said.append("failed")
            super().failed(what, error)

        def worked(self, what):
            if what in self._present:
                said.append("worked")
            super().worked(what)

    made = Peer("api", f"http://127.0.0.1:{port}", KEYS, Heard())
    objects = HttpObjects(made)
    try:
        for _ in range(7):
            with pytest.raises(Unavailable):
                await objects.begin(desks[0].job)
        begun = time.monotonic()
        with pytest.raises(Unavailable):
            await objects.begin(desks[0].job)
        assert time.monotonic() - begun < 0.1  # not even tried
        assert BREAKER.labels("api")._value.get() == 1
        again = socket.create_server(("127.0.0.1", port)), port
        local = DeskObjects([(desk.begin, desk.sign) for desk in desks])
        async with served([objects_routes(local, KEYS)], again):
            async with asyncio.timeout(SECONDS_OPEN + 5):
                while not desks[0].attempt:
                    try:
                        await objects.begin(desks[0].job)
                    except Unavailable:
                        await asyncio.sleep(0.1)
            assert BREAKER.labels("api")._value.get() == 0
    finally:
        await made.close()
    assert said == ["failed", "worked"]
