"""Engine children: processes of their own that hold the heavy libraries and touch untrusted
media, so that a crash, a leak or a hostile file ends a child and nothing else.

Parent and child speak frames over the child's standard input and output: four bytes of
length (big-endian), then one msgpack message. The child's own printing goes to a log file.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import resource
import signal
import struct
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TypeVar

import msgspec

from ecg.kernel.errors import Cancelled, EcgError, EngineFailed, error_class

T = TypeVar("T")

CANCEL_GRACE = 1.0
"""Seconds a child has to stop by itself before it is killed."""

_REAPS = 100
_PR_SET_PDEATHSIG = 1
_LENGTH = struct.Struct(">I")


class Limits(msgspec.Struct, frozen=True):
    """What a child may use at most; ``None`` leaves the system's own limit.

    ``memory`` bounds address space in bytes, so it does not suit a child that starts a
    browser. ``file_size`` bounds any one file it writes. ``cpu`` is processor seconds.
    """

    memory: int | None = None
    file_size: int | None = 64 << 30
    cpu: int | None = None


class _Call(msgspec.Struct, frozen=True, tag="call"):
    verb: str
    payload: msgspec.Raw
    limits: Limits


class _Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    pass


class _Event(msgspec.Struct, frozen=True, tag="event"):
    payload: msgspec.Raw


class _Done(msgspec.Struct, frozen=True, tag="done"):
    payload: msgspec.Raw


class _Failed(msgspec.Struct, frozen=True, tag="failed"):
    code: str
    message: str
    detail: str


# ---------------------------------------------------------------- the parent's side


class Child:
    """A child process running ``python -m module``; started at the first call, kept warm
    for the next, replaced after a crash or a cancel. One call at a time.

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
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    async def call(
        self,
        verb: str,
        payload: msgspec.Struct,
        answer: type[T],
        event: type[Any] | None = None,
        on_event: Callable[[Any], None] | None = None,
    ) -> T:
        """Run ``verb`` in the child and return its decoded answer.

        Raises what the handler raised (an ``EcgError``), or ``EngineFailed`` where the child
        crashed. Cancelling the awaiting task tells the child and kills it after a second.
        """
        process = await self._started()
        raw = msgspec.Raw(msgspec.msgpack.encode(payload))
        try:
            _write(process, _Call(verb, raw, self._limits))
            while True:
                message = await _next(process, _Event | _Done | _Failed)
                if isinstance(message, _Done):
                    return msgspec.msgpack.decode(message.payload, type=answer)
                if isinstance(message, _Failed):
                    raise _rebuilt(message)
                if on_event is not None and event is not None:
                    on_event(msgspec.msgpack.decode(message.payload, type=event))
        except (asyncio.IncompleteReadError, ConnectionError):
            raise EngineFailed(await self._epitaph(process)) from None
        except asyncio.CancelledError:
            await asyncio.shield(self._stop(process))
            raise

    async def close(self) -> None:
        """Ends the child, if one runs, and removes its folder."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(OSError):
                _stdin(process).close()
            await _ended(process)
        if self._folder is not None:
            await _reaped(self._folder.name)
            self._folder.cleanup()
            self._folder = None

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        await self.close()
        self._folder = tempfile.TemporaryDirectory(
            prefix="ecg-", dir=self._work_dir, ignore_cleanup_errors=True
        )
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
        with (Path(self._folder.name) / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                self._module,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                cwd=self._folder.name,
                env={
                    **kept,
                    "HOME": self._folder.name,
                    "TMPDIR": self._folder.name,
                    **self._environment,
                },
            )
        return self._process

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ConnectionError):
            _write(process, _Cancel())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            async with asyncio.timeout(CANCEL_GRACE):
                while isinstance(await _next(process, _Event | _Done | _Failed), _Event):
                    pass
        await self.close()

    async def _epitaph(self, process: asyncio.subprocess.Process) -> str:
        code = await process.wait()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        last = ""
        if self._folder is not None:
            log = (Path(self._folder.name) / "log").read_text(errors="replace").strip()
            last = f": {log.splitlines()[-1].strip()}" if log else ""
        await self.close()
        return f"the engine ended unexpectedly ({how}){last}"


def _stdin(process: asyncio.subprocess.Process) -> asyncio.StreamWriter:
    assert process.stdin is not None
    return process.stdin


def _write(process: asyncio.subprocess.Process, message: msgspec.Struct) -> None:
    body = msgspec.msgpack.encode(message)
    _stdin(process).write(_LENGTH.pack(len(body)) + body)


async def _next(process: asyncio.subprocess.Process, kind: Any) -> Any:
    assert process.stdout is not None
    (length,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
    return msgspec.msgpack.decode(await process.stdout.readexactly(length), type=kind)


async def _ended(process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(CANCEL_GRACE):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _reaped(folder: str) -> None:
    """Kills what a child has left behind. A browser leads a session of its own, so only the
    folder that it was started in tells whose it is."""
    for _ in range(_REAPS):
        left = _left_behind(folder)
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.01)


def _left_behind(folder: str) -> list[int]:
    real = str(Path(folder).resolve())
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _started_in(entry, real)]


def _started_in(process: Path, folder: str) -> bool:
    try:
        return str((process / "cwd").readlink()) == folder
    except OSError:
        return False


def _rebuilt(failed: _Failed) -> EcgError:
    kind = error_class(failed.code)
    error = kind.__new__(kind)
    EcgError.__init__(error, failed.message)
    error.add_note(failed.detail)
    return error


# ---------------------------------------------------------------- the child's side


class Context:
    """What a handler has besides its payload: a way to say where it is, and to learn that
    it should stop."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._lock = threading.Lock()
        self.cancelled = threading.Event()

    def emit(self, event: msgspec.Struct) -> None:
        """Sends ``event`` to the parent. Any thread may call it."""
        self.send(_Event(msgspec.Raw(msgspec.msgpack.encode(event))))

    def check(self) -> None:
        """Raises ``Cancelled`` once the parent has asked to stop."""
        if self.cancelled.is_set():
            raise Cancelled("stopped on request")

    def send(self, message: msgspec.Struct) -> None:
        body = msgspec.msgpack.encode(message)
        with self._lock:
            self._out.write(_LENGTH.pack(len(body)) + body)
            self._out.flush()


Handler = Callable[[msgspec.Raw, Context], msgspec.Struct]


def serve(handlers: Mapping[str, Handler]) -> NoReturn:
    """The child's main loop: answers calls until the parent closes the pipe.

    Handlers run on the main thread. The process ends with its parent, whatever the parent
    died of: by PR_SET_PDEATHSIG on Linux, by end of file on the pipe everywhere.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    source = os.fdopen(os.dup(0), "rb")
    context = Context(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)
    calls: list[_Call] = []
    arrived = threading.Condition()

    def listen() -> None:
        while header := source.read(_LENGTH.size):
            body = source.read(_LENGTH.unpack(header)[0])
            message = msgspec.msgpack.decode(body, type=_Call | _Cancel)
            if isinstance(message, _Cancel):
                context.cancelled.set()
            else:
                with arrived:
                    calls.append(message)
                    arrived.notify()
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        with arrived:
            arrived.wait_for(lambda: calls)
            call = calls.pop()
        context.send(_answered(handlers[call.verb], call, context))


def _answered(handler: Handler, call: _Call, context: Context) -> _Done | _Failed:
    try:
        _apply(call.limits)
        return _Done(msgspec.Raw(msgspec.msgpack.encode(handler(call.payload, context))))
    except EcgError as error:
        return _Failed(error.code, error.message, traceback.format_exc())
    except MemoryError:
        return _Failed(EngineFailed.code, "the engine ran out of memory", traceback.format_exc())
    except Exception as error:  # noqa: BLE001 - whatever a library raises becomes an answer
        what = f"the engine failed: {type(error).__name__}: {error}".splitlines()[0]
        return _Failed(EngineFailed.code, what, traceback.format_exc())


def _apply(limits: Limits) -> None:
    for which, value in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_CPU, limits.cpu),
        (resource.RLIMIT_CORE, 0),
    ):
        if value is not None:
            hard = resource.getrlimit(which)[1]
            ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(which, (ceiling, hard))
