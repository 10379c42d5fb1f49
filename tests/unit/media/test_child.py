import asyncio
import os
import time
from pathlib import Path

import msgspec
import pytest

from ecg.kernel.errors import EngineFailed, MediaRefused
from ecg.media import child as children
from ecg.media.child import Child
from ecg.media.pipe import Limits

pytestmark = pytest.mark.timed


class Said(msgspec.Struct):
    text: str


@pytest.fixture
async def child(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "of the parent")
    child = Child(
        "echo_engine",
        limits=Limits(),
        environment={"PYTHONPATH": str(Path(__file__).parent)},
        work_dir=tmp_path,
    )
    yield child
    await child.close()
    assert list(tmp_path.iterdir()) == []


def running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


async def test_answers_in_a_folder_of_its_own_without_the_parents_environment(child, tmp_path):
    said = []
    answer = await child.call("echo", Said("hello"), Said, Said, said.append)
    assert answer.text.startswith(f"hello from {tmp_path}")
    assert answer.text.endswith("False")
    assert [event.text for event in said] == ["on the way"]


async def test_stays_warm_between_calls(child):
    await child.call("echo", Said("one"), Said)
    first = child._process.pid
    await child.call("echo", Said("two"), Said)
    assert child._process.pid == first


async def test_a_refusal_crosses_as_itself_and_the_next_file_meets_a_fresh_child(child):
    await child.call("echo", Said("first"), Said)
    first = child._process.pid
    with pytest.raises(MediaRefused, match="upside down"):
        await child.call("refuse", Said(""), Said)
    assert not running(first)
    assert (await child.call("echo", Said("here again"), Said)).text.startswith("here again")


async def test_an_unforeseen_error_is_one_line_with_its_traceback_as_a_note(child):
    with pytest.raises(EngineFailed) as caught:
        await child.call("stumble", Said(""), Said)
    assert caught.value.message == "the engine failed: ZeroDivisionError: by nothing"
    assert "Traceback" in caught.value.__notes__[0]


async def test_a_crash_tells_the_signal_and_the_last_words(child):
    with pytest.raises(EngineFailed, match=r"SIGABRT.*the last words"):
        await child.call("crash", Said(""), Said)
    assert (await child.call("echo", Said("anew"), Said)).text.startswith("anew")


@pytest.mark.parametrize("verb", ["wait", "hang"])
async def test_cancel_ends_child_and_grandchild_within_two_seconds(child, verb):
    started = asyncio.Event()
    said = []

    def heard(event):
        said.append(event.text)
        started.set()

    task = asyncio.create_task(child.call(verb, Said(""), Said, Said, heard))
    await asyncio.wait_for(started.wait(), 10)
    pid = child._process.pid
    begun = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - begun < 2.5
    assert not running(pid)
    if verb == "hang":
        assert not running(int(said[0]))


async def test_a_cancel_amid_a_frame_still_ends_the_child(child, monkeypatch):
    call = asyncio.create_task(child.call("hang", Said("x"), Said))
    await asyncio.sleep(1)
    process = child._process

    async def misread(*_):
        raise msgspec.DecodeError("the body was read as a length")

    monkeypatch.setattr("ecg.media.child._next", misread)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert child._process is None
    assert process.returncode is not None


async def test_the_childs_end_is_heard_while_it_works(child):
    task = asyncio.create_task(child.call("wait", Said(""), Said))
    while child._process is None:  # noqa: ASYNC110 - it sends no event
        await asyncio.sleep(0.01)
    os.kill(child._process.pid, 9)
    with pytest.raises(EngineFailed, match="SIGKILL"):
        await task


async def test_a_working_child_shows_life_each_second_and_a_stopped_one_does_not(child):
    signs = []
    working = asyncio.Event()
    task = asyncio.create_task(
        child.call(
            "wait",
            Said(""),
            Said,
            Said,
            lambda _: working.set(),
            lambda: signs.append(time.monotonic()),
        )
    )
    await asyncio.wait_for(working.wait(), 10)
    await asyncio.sleep(3.5)
    seen = len(signs)
    assert 3 <= seen <= 5
    os.kill(child._process.pid, 19)
    await asyncio.sleep(2.5)
    assert len(signs) <= seen + 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_child_gives_way_to_a_fresh_one_after_many_calls(child, monkeypatch):
    monkeypatch.setattr(children, "MOST_CALLS", 2)
    pids = []
    for _ in range(4):
        await child.call("echo", Said("again"), Said)
        pids.append(child._process.pid)
    assert pids[0] == pids[1] != pids[2] == pids[3]
