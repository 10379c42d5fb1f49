"""What a child may use, by a child that takes more."""

import asyncio
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from ecg.kernel.errors import EngineCrashed, EngineFailed, Missing
from ecg.kernel.folders import sweep_folders
from ecg.media.child import Child
from ecg.media.pipe import Limits

pytestmark = pytest.mark.timed


class Said(msgspec.Struct):
    text: str


@pytest.fixture
def limited(tmp_path):
    @asynccontextmanager
    async def make(**limits):
        child = Child(
            "echo_engine",
            limits=Limits(**limits),
            environment={"PYTHONPATH": str(Path(__file__).parent)},
            work_dir=tmp_path,
        )
        try:
            yield child
        finally:
            await child.close()
            assert list(tmp_path.iterdir()) == []

    return make


async def refused(child, verb, said="", kind=EngineFailed):
    """What ``verb`` fails with, once a fresh child is seen to work."""
    with pytest.raises(kind) as caught:
        await child.call(verb, Said(said), Said)
    assert type(caught.value) is kind
    assert child._process is None
    assert (await child.call("echo", Said("next"), Said)).text.startswith("next")
    return caught.value.message


async def test_memory_is_bounded(limited):
    async with limited(memory=500 << 20) as child:
        assert await refused(child, "grow") == (
            "the work needs more than 500 MB of memory, which is the most that a process of an "
            "engine may use (engine.memory_bytes)"
        )


async def test_memory_of_what_a_child_starts_is_bounded_too(limited):
    async with limited(memory=1 << 30) as child:
        assert "MemoryError" in (await child.call("grow_elsewhere", Said(""), Said)).text
    async with limited() as child:
        assert (await child.call("grow_elsewhere", Said(""), Said)).text == ""


async def test_files_are_bounded(limited):
    async with limited(file_size=10 << 20) as child:
        assert await refused(child, "write") == (
            "the result would be a file of more than 10 MB, which is the most that an engine may "
            "write (engine.file_bytes)"
        )


async def test_a_child_that_comes_no_further_is_ended_with_all_that_it_started(limited):
    async with limited(stall=1.5) as child:
        async with asyncio.timeout(60):
            message = await refused(child, "hang")
        assert "no further for 1.5 s" in message
        assert "engine.stall_seconds" in message


async def test_progress_puts_the_end_off(limited):
    async with limited(stall=4) as child:
        assert (await child.call("step", Said(""), Said)).text == "arrived"
    async with limited(processor=1) as child:
        assert (await child.call("spin", Said("loud"), Said)).text == "done"


async def test_processor_time_without_progress_is_bounded_by_the_system_itself(limited):
    async with limited(processor=1) as child:
        message = await refused(child, "spin")
        assert "computed for 1 s without coming any further" in message


async def test_all_limits_are_in_force_and_no_core_is_dumped(limited):
    async with limited(memory=1 << 30, file_size=1 << 20, processes=5000, processor=9) as child:
        limits = (await child.call("limits", Said(""), Said)).text
        *values, processor = (int(value) for value in limits.split())
        assert values == [1 << 30, 1 << 20, 5000, 0]
        assert 9 <= processor <= 12


@pytest.mark.parametrize("how", ["long", "short"])
async def test_a_child_that_talks_nonsense_is_ended(limited, how):
    async with limited() as child:
        assert await refused(child, "babble", how) == "the engine sent something that is no answer"


async def test_a_crash_is_told_from_a_limit(limited):
    async with limited(memory=1 << 30, processor=60) as child:
        assert "SIGABRT" in await refused(child, "crash", kind=EngineCrashed)


async def test_a_folder_that_is_not_there_is_named(tmp_path):
    child = Child("echo_engine", limits=Limits(), environment={}, work_dir=tmp_path / "none")
    with pytest.raises(Missing, match=r"none cannot hold .*ECG_WORK_DIR"):
        await child.call("echo", Said(""), Said)


PARENT = """
import asyncio, sys
from pathlib import Path
import msgspec
from ecg.media.child import Child
from ecg.media.pipe import Limits

class Said(msgspec.Struct):
    text: str

child = Child("echo_engine", limits=Limits(), environment={"PYTHONPATH": sys.argv[1]},
              work_dir=Path(sys.argv[2]))
heard = lambda _: print(child._process.pid, flush=True)
asyncio.run(child.call("wait", Said(""), Said, Said, heard))
"""


def test_a_parent_that_is_killed_takes_its_child_along_and_the_next_sweep_its_folder(tmp_path):
    command = [sys.executable, "-c", PARENT, str(Path(__file__).parent), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        sweep_folders(tmp_path)
        assert len(list(tmp_path.iterdir())) == 1
        parent.send_signal(signal.SIGKILL)
    end = time.monotonic() + 5
    while running(child):
        assert time.monotonic() < end
        time.sleep(0.02)
    sweep_folders(tmp_path)
    assert list(tmp_path.iterdir()) == []


def running(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False
