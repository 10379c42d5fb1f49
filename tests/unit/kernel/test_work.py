"""What killed workers leave behind."""

import asyncio
import shutil
import subprocess
import sys

import msgspec
import pytest

from ecg.kernel import work
from ecg.kernel.attempts import Attempt, Ticket
from ecg.kernel.errors import EngineFailed
from ecg.kernel.folders import sweep_folders
from ecg.kernel.queue import Life, TryElsewhere

HOLD = """
import sys, time
from pathlib import Path
from ecg.kernel.folders import held_folder
with held_folder(Path(sys.argv[1])) as folder:
    (folder / "source").write_text("a video")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_folders_of_killed_workers_go_and_those_in_use_stay(tmp_path):
    held = [
        subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    folders = [process.stdout.readline().strip() for process in held]
    (tmp_path / "somebody else's").mkdir()
    held[0].kill()
    held[0].wait()
    sweep_folders(tmp_path)
    assert {str(each) for each in tmp_path.iterdir()} == {
        folders[1],
        str(tmp_path / "somebody else's"),
    }
    held[1].kill()
    held[1].wait()
    sweep_folders(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["somebody else's"]
    for process in held:
        process.stdout.close()


async def test_a_job_waits_for_room_on_the_disk(tmp_path, monkeypatch):
    ticket, begun = Ticket("1", "ada", 60, ""), Attempt(1, msgspec.Raw(b"{}"))
    tried = work.Attempted(None, ticket, Life(0), begun, tmp_path)
    fetched = []

    async def download(_client, _url, _path, size):
        fetched.append(size)

    monkeypatch.setattr(work.transfer, "download", download)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(work.shutil, "disk_usage", lambda _: usage._replace(free=work.ROOM))
    tried._link = work.Link(None, None, None, None, tmp_path)
    waiting = asyncio.create_task(tried.fetch(1000))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    monkeypatch.setattr(work.shutil, "disk_usage", lambda _: usage._replace(free=work.ROOM + 3000))
    await asyncio.wait_for(waiting, 10)
    assert fetched == [1000]


async def test_where_no_room_comes_about_another_worker_may_have_the_job(tmp_path, monkeypatch):
    ticket, begun = Ticket("1", "ada", 60, ""), Attempt(1, msgspec.Raw(b"{}"))
    tried = work.Attempted(None, ticket, Life(0), begun, tmp_path)
    monkeypatch.setattr(work, "ROOM_SECONDS", 0.3)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(work.shutil, "disk_usage", lambda _: usage._replace(free=work.ROOM))
    with pytest.raises(TryElsewhere, match="no room"):
        await tried.fetch(1000)


async def test_what_runs_out_of_time_is_named_and_nothing_else_is_taken_for_it():
    with pytest.raises(EngineFailed, match=r"reading took more than the 0 s"):
        async with work.within(0.1, "reading"):
            await asyncio.sleep(5)
    with pytest.raises(TimeoutError, match="of a socket"):
        async with work.within(5, "reading"):
            raise TimeoutError("of a socket")
