"""Engine children: processes of their own that hold the heavy libraries and touch untrusted
media, so that a crash, a leak or a hostile file ends a child and nothing else.

This is the parent's side; ``ecg.media.served`` is the child's. The child's own printing goes
to a log file in its folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ecg.kernel.errors import (
    EcgError,
    EngineCrashed,
    EngineFailed,
    MediaRefused,
    Missing,
    error_class,
)
from ecg.kernel.folders import held_folder
from ecg.media.pipe import LENGTH, MOST_BYTES, Alive, Call, Cancel, Done, Event, Failed, Limits
from ecg.media.processes import end_left_behind

T = TypeVar("T")

CANCEL_GRACE = 1.0
"""Seconds a child has to stop by itself before it is killed."""

MOST_CALLS = 300
"""Calls after which a child gives way to a fresh one, whatever its libraries leaked."""


class Child:
    """A child process running ``python -m module``; started at the first call, kept warm
    for the next, replaced after a crash, a cancel, a failure, a file that was refused (who
    knows what it has done) or ``MOST_CALLS``. One call at a time.

    The child gets a scrubbed environment (``PATH``, the locale and ``environment``) and a
    folder of its own, which is its home and temporary folder and goes with it.
    """

    def __init__(
        self, module: str, *, limits: Limits, environment: Mapping[str, str], work_dir: Path | None
    ) -> None:
        self._module = module
        self._limits = limits
        self._environment = dict(environment)
        self._work_dir = work_dir
        self._process: asyncio.subprocess.Process | None = None
        self._folder: Path | None = None
        self._held = contextlib.ExitStack()
        self._calls = 0

    async def call(  # noqa: PLR0913, PLR0917 - what is asked, and three ways to hear of it
        self,
        verb: str,
        payload: msgspec.Struct,
        answer: type[T],
        event: type[Any] | None = None,
        on_event: Callable[[Any], None] | None = None,
        on_alive: Callable[[], None] | None = None,
    ) -> T:
        """Run ``verb`` in the child and return its decoded answer.

        ``on_alive`` is called each second in which the child is seen to run. Raises what the
        handler raised (an ``EcgError``), ``EngineFailed`` where the child came to a limit, or
        ``EngineCrashed`` where it ended. Cancelling the awaiting task tells the child and kills
        it after a second.
        """
        process = await self._started()
        raw = msgspec.Raw(msgspec.msgpack.encode(payload))
        try:
            _write(process, Call(verb, raw, self._limits))
            return await self._answer(process, answer, event, on_event, on_alive)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise await self._epitaph(process) from None
        except (MediaRefused, EngineFailed):
            await self.close()
            raise
        except msgspec.DecodeError:
            await self._stop(process)
            raise EngineFailed("the engine sent something that is no answer") from None
        except TimeoutError:
            await self._stop(process)
            raise EngineFailed(
                f"the engine came no further for {self._limits.stall:g} s and was ended "
                "(engine.stall_seconds); the file may be damaged"
            ) from None
        except asyncio.CancelledError:
            await asyncio.shield(self._stop(process))
            raise

    async def _answer(
        self,
        process: asyncio.subprocess.Process,
        answer: type[T],
        event: type[Any] | None,
        on_event: Callable[[Any], None] | None,
        on_alive: Callable[[], None] | None,
    ) -> T:
        """Raises ``TimeoutError`` where the child comes no further."""
        clock = asyncio.get_running_loop().time
        moved = clock()
        while True:
            async with asyncio.timeout_at(moved + self._limits.stall):
                message = await _next(process, Event | Alive | Done | Failed)
            if on_alive is not None:
                on_alive()
            if isinstance(message, Done):
                return msgspec.msgpack.decode(message.payload, type=answer)
            if isinstance(message, Failed):
                raise _rebuilt(message)
            if isinstance(message, Event):
                moved = clock()
                if on_event is not None and event is not None:
                    on_event(msgspec.msgpack.decode(message.payload, type=event))

    async def close(self) -> None:
        """Ends the child, if one runs, and removes its folder."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(OSError):
                _stdin(process).close()
            await _ended(process)
        if self._folder is not None:
            await end_left_behind(self._folder)
            self._held.close()
            self._folder = None

    async def _started(self) -> asyncio.subprocess.Process:
        self._calls += 1
        running = self._process is not None and self._process.returncode is None
        if self._process is not None and running and self._calls <= MOST_CALLS:
            return self._process
        await self.close()
        self._calls = 1
        try:
            self._folder = self._held.enter_context(held_folder(self._work_dir))
        except OSError as error:
            where = self._work_dir or "the system's temporary folder"
            raise Missing(
                f"{where} cannot hold temporary files: {error.strerror}; make room there, or name "
                "another folder in ECG_WORK_DIR"
            ) from None
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
        with (self._folder / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                self._module,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                cwd=self._folder,
                env={
                    **kept,
                    "HOME": str(self._folder),
                    "TMPDIR": str(self._folder),
                    **self._environment,
                },
            )
        return self._process

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        # a call cut between a frame's length and its body leaves a stream that reads as nonsense
        broken = (asyncio.IncompleteReadError, ConnectionError, TimeoutError, msgspec.DecodeError)
        try:
            with contextlib.suppress(*broken):
                _write(process, Cancel())
                async with asyncio.timeout(CANCEL_GRACE):
                    while isinstance(
                        await _next(process, Event | Alive | Done | Failed), Event | Alive
                    ):
                        pass
        finally:
            await self.close()

    async def _epitaph(self, process: asyncio.subprocess.Process) -> EngineFailed:
        code = await process.wait()
        if code == -signal.SIGXCPU:
            await self.close()
            return EngineFailed(
                f"the engine computed for {self._limits.processor} s without coming any further "
                "and was ended (engine.stall_seconds, on every core); the file may be damaged"
            )
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        last = ""
        if self._folder is not None:
            log = (self._folder / "log").read_text(errors="replace").strip()
            last = f": {log.splitlines()[-1].strip()}" if log else ""
        await self.close()
        return EngineCrashed(f"the engine ended unexpectedly ({how}){last}")


def _stdin(process: asyncio.subprocess.Process) -> asyncio.StreamWriter:
    assert process.stdin is not None
    return process.stdin


def _write(process: asyncio.subprocess.Process, message: msgspec.Struct) -> None:
    body = msgspec.msgpack.encode(message)
    _stdin(process).write(LENGTH.pack(len(body)) + body)


async def _next(process: asyncio.subprocess.Process, kind: Any) -> Any:
    assert process.stdout is not None
    (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
    if length > MOST_BYTES:
        raise msgspec.DecodeError(f"a message of {length} bytes")
    return msgspec.msgpack.decode(await process.stdout.readexactly(length), type=kind)


async def _ended(process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(CANCEL_GRACE):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _rebuilt(failed: Failed) -> EcgError:
    kind = error_class(failed.code)
    error = kind.__new__(kind)
    EcgError.__init__(error, failed.message)
    error.add_note(failed.detail)
    return error
