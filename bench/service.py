"""What asking costs, as ratios measured in one run: ``python -m bench.service [ROUNDS]``.

Status reads of a render against a bare JSON route in the same process, and two hundred readers
of one event stream. Everything is on the loopback and ends within a minute. Ends with 1 where
status reads come to less than half of the bare route, or a reader missed the end.
"""

import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import redis
import uuid_utils
from litestar import get
from psycopg.types.json import Jsonb

from ecg.kernel.embedded.stores import known_stores
from ecg.kernel.settings import load_settings
from ecg.render import progress
from ecg.render.progress import Progress
from ecg.service import process, serving

LEAST = 0.5
"""Of the bare route's requests a second."""
CLIENTS = 16
SECONDS = 2.0
READERS = 200
CHANGES = 12
BETWEEN = 0.7
"""Seconds from one change to the next: longer than the api's look, so that none is skipped."""

DOCUMENT = {
    "id": "019ab2b0-7c11-7a52-9d1c-3f0d5c1a2b3c", "video_id": "019ab2b0-7c11-7a52-9d1c-3f0d5c1a2b3d",
    "state": "running", "progress": {"stage": "render", "frame": 1, "total": 330, "fps": 60.0,
    "speed": 2.0, "eta": 5.0}, "output": {"format": "mp4", "quality": "standard"}, "error": None,
    "result": None, "created_at": "2026-01-01T00:00:00Z", "started_at": "2026-01-01T00:00:00Z",
    "finished_at": None,
}  # fmt: skip


@get("/bare", sync_to_thread=False, public=True)
def bare() -> dict:
    return DOCUMENT


@asynccontextmanager
async def service_with_bare(settings, names):
    async with process.service(settings, names) as app:
        app.register(bare)
        yield app


def serve():
    """``ecg serve --role api --port 0`` with one more route."""
    serving.service = service_with_bare
    settings = load_settings().settings
    asyncio.run(serving.serve(settings, frozenset(["api"]), "127.0.0.1", 0, embedded=True))


@contextmanager
def running(command, **settings):
    """A server: yields (process id, port)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECG_")}
    server = subprocess.Popen(
        command, env={**kept, **settings}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    try:
        for line in server.stdout:
            if found := re.search(r" is at http://127.0.0.1:(\d+)", line):
                yield server.pid, int(found[1])
                return
        raise SystemExit(f"{command} did not start")
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()


def processor(pid):
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def head(path, token):
    extra = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{extra}\r\n".encode()


async def ask(port, request, times, until):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (started := time.perf_counter()) < until:
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200"), answer
        length = re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)
        await reader.readexactly(int(length[1]))
        times.append(time.perf_counter() - started)
    writer.close()
    await writer.wait_closed()


def load(pid, port, request):
    """(requests a second, processor seconds of the server for each, times)."""
    times, used, started = [], processor(pid), time.perf_counter()

    async def run():
        until = started + SECONDS
        await asyncio.gather(*(ask(port, request, times, until) for _ in range(CLIENTS)))

    asyncio.run(run())
    took = time.perf_counter() - started
    return len(times) / took, (processor(pid) - used) / len(times), times


def sign_up(port):
    account = {"email": "bench@example.com", "password": "correct horse battery"}
    answer = httpx.post(f"http://127.0.0.1:{port}/api/v1/auth/signup", json=account, timeout=30)
    return answer.raise_for_status().json()


def insert_render(url, owner):
    """A render at work, seen so far ahead that nobody hands it out again."""
    made, now = str(uuid_utils.uuid7()), datetime.now(UTC)
    row = {
        "id": made, "owner_id": owner, "video_id": made, "state": "running", "attempt": 1,
        "request": Jsonb({}), "trace": "", "timeout": 900, "created_at": now, "started_at": now,
        "seen_at": now + timedelta(hours=1), "output": Jsonb({"format": "mp4"}),
    }  # fmt: skip
    marks = ", ".join(["%s"] * len(row))
    with psycopg.connect(url) as connection:
        connection.execute(
            f"INSERT INTO renders ({', '.join(row)}) VALUES ({marks})", list(row.values())
        )
    return made


def tell(store, render, frame):
    step = Progress(1, time.time(), "render", frame, CHANGES, 60.0, 2.0, 5.0)
    store.set(progress.key(render), progress.msgspec.json.encode(step), ex=600)


def statuses(rounds, pid, port, request):
    """The share of the bare route's requests a second that status reads come to."""
    found = {"bare": [], "status": []}
    for number in range(rounds + 1):
        for name, wanted in (("bare", head("/bare", "")), ("status", request)):
            measured = load(pid, port, wanted)
            if number:  # the first round warms both
                found[name].append(measured)
    print(
        f"{CLIENTS} clients{'':<12}{'a second':>10}{'p50 ms':>9}{'p99 ms':>9}{'server µs each':>16}"
    )
    rate, cost = {}, {}
    for name, runs in found.items():
        times = sorted(each for run in runs for each in run[2])
        rate[name] = statistics.median(run[0] for run in runs)
        cost[name] = statistics.median(run[1] for run in runs)
        p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
        print(
            f"{name:<22}{rate[name]:>10.0f}{p50 * 1e3:>9.1f}{p99 * 1e3:>9.1f}"
            f"{cost[name] * 1e6:>16.0f}"
        )
    share = rate["status"] / rate["bare"]
    print(f"status ÷ bare: {share:.2f} of the requests a second (at least {LEAST} is wanted)")
    print(f"               {cost['status'] / cost['bare']:.2f} × the server's processor time each")
    return share


async def follow(port, request, seen, ready):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await reader.readuntil(b"\r\n\r\n")
    ready.release()
    event, mine = "", set()
    while line := await reader.readline():
        if line.startswith(b"event:"):
            event = line[6:].strip().decode()
        elif line.startswith(b"data:"):
            frame = re.search(rb'"frame":(\d+)', line)
            mark = "end" if event == "end" else int(frame[1]) if frame else None
            if mark not in mine:
                mine.add(mark)
                seen.setdefault(mark, []).append(time.perf_counter())
        if event == "end" and line.startswith(b"data:"):
            break
    writer.close()
    await writer.wait_closed()


async def stream(pid, port, token, render, stores):
    """Each change reaches every reader: when the last of them has it. Returns how many readers
    missed the end."""
    request = head(f"/api/v1/renders/{render}/events", token)
    seen, ready, told = {}, asyncio.Semaphore(0), {}
    readers = [asyncio.create_task(follow(port, request, seen, ready)) for _ in range(READERS)]
    for _ in readers:
        await ready.acquire()
    used, started = processor(pid), time.perf_counter()
    with redis.Redis.from_url(stores.redis_url) as store:
        for frame in range(2, CHANGES):
            told[frame] = time.perf_counter()
            tell(store, render, frame)
            await asyncio.sleep(BETWEEN)
    took, cpu = time.perf_counter() - started, processor(pid) - used
    with psycopg.connect(stores.database_url) as connection:
        connection.execute("UPDATE renders SET state = 'cancelled' WHERE id = %s", [render])
    told["end"] = time.perf_counter()
    await asyncio.wait(readers, timeout=30)
    lost = {mark: READERS - len(seen.get(mark, [])) for mark in told}
    lags = [max(seen[mark]) - at for mark, at in told.items() if mark in seen]
    print(f"\n{READERS} readers of one render, {len(told)} changes")
    print(f"to the last reader: median {statistics.median(lags):.2f} s, most {max(lags):.2f} s")
    spread = [max(seen[mark]) - min(seen[mark]) for mark in told if mark in seen]
    print(f"from the first reader to the last: median {statistics.median(spread) * 1e3:.0f} ms")
    print(f"processor of the api: {100 * cpu / took:.0f} % of a core")
    print(f"changes missed: {sum(lost.values())}; readers without the end: {lost['end']}")
    for reader in readers:
        reader.cancel()
    return lost["end"]


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory(prefix="ecg-bench-") as folder:
        Path(folder).chmod(0o711)
        data = Path(folder) / "data"
        nobody = "http://127.0.0.1:9"
        settings = {
            "ECG_DATA_DIR": str(data), "ECG_AUDIO__URL": nobody, "ECG_RENDER__URL": nobody,
            "ECG_LIMITS__REQUESTS_PER_MINUTE": str(10**9),
        }  # fmt: skip
        with running([sys.executable, "-m", "bench.service", "serve"], **settings) as (pid, port):
            stores = known_stores(data)
            account = sign_up(port)
            token = account["access_token"]
            render = insert_render(stores.database_url, account["user"]["id"])
            with redis.Redis.from_url(stores.redis_url) as store:
                tell(store, render, 1)
            share = statuses(rounds, pid, port, head(f"/api/v1/renders/{render}", token))
            missed = asyncio.run(stream(pid, port, token, render, stores))
    if share < LEAST or missed:
        sys.exit(f"not good enough: {share:.2f} of the bare route, {missed} readers missed the end")


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else main()
