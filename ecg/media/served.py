"""The child's side of an engine process: takes calls, runs handlers, answers.

Importable without the parent's side; an engine's ``__main__`` hands its verbs to ``serve``.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import BinaryIO, NoReturn

import msgspec

from ecg.kernel.errors import Cancelled, EcgError, EngineFailed
from ecg.media.pipe import LENGTH, Alive, Call, Cancel, Done, Event, Failed, Limits

ALIVE_EVERY = 1.0
"""Seconds between two signs of life."""

_PR_SET_PDEATHSIG = 1


class Context:
    """What a handler has besides its payload: its limits, a way to say where it is, and to learn
    that it should stop."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._lock = threading.Lock()
        self.cancelled = threading.Event()
        self.limits = Limits()

    def emit(self, event: msgspec.Struct) -> None:
        """Sends ``event``, which shows progress, to the parent. Any thread may call it."""
        _allow_processor(self.limits)
        self.send(Event(msgspec.Raw(msgspec.msgpack.encode(event))))

    def check(self) -> None:
        """Raises ``Cancelled`` once the parent has asked to stop."""
        if self.cancelled.is_set():
            raise Cancelled("stopped on request")

    def send(self, message: msgspec.Struct) -> None:
        body = msgspec.msgpack.encode(message)
        with self._lock:
            self._out.write(LENGTH.pack(len(body)) + body)
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
    calls: list[Call] = []
    arrived = threading.Condition()

    def listen() -> None:
        while header := source.read(LENGTH.size):
            body = source.read(LENGTH.unpack(header)[0])
            message = msgspec.msgpack.decode(body, type=Call | Cancel)
            if isinstance(message, Cancel):
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
        with _sending_alive(context):
            answer = _answered(handlers[call.verb], call, context)
        context.send(answer)


@contextmanager
def _sending_alive(context: Context) -> Generator[None]:
    over = threading.Event()

    def tell() -> None:
        while not over.wait(ALIVE_EVERY):
            with suppress(BrokenPipeError):
                context.send(Alive())

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _answered(handler: Handler, call: Call, context: Context) -> Done | Failed:
    try:
        context.limits = call.limits
        _apply(call.limits)
        return Done(msgspec.Raw(msgspec.msgpack.encode(handler(call.payload, context))))
    except EcgError as error:
        return Failed(error.code, error.message, traceback.format_exc())
    except Exception as error:  # noqa: BLE001 - whatever a library raises becomes an answer
        what = f"the engine failed: {type(error).__name__}: {error}".splitlines()[0]
        if at_limit(error):
            what = _which_limit(error, call.limits)
        return Failed(EngineFailed.code, what, traceback.format_exc())


def at_limit(error: BaseException) -> bool:
    """Whether ``error`` means that this process came to one of its limits."""
    return isinstance(error, MemoryError) or _number(error) in (errno.ENOMEM, errno.EFBIG)


def _which_limit(error: BaseException, limits: Limits) -> str:
    if _number(error) == errno.EFBIG:
        return (
            f"the result would be a file of more than {limits.file_size >> 20} MB, which is the "
            "most that an engine may write (engine.file_bytes)"
        )
    if limits.memory is None:
        return "the engine ran out of memory"
    return (
        f"the work needs more than {limits.memory >> 20} MB of memory, which is the most that a "
        "process of an engine may use (engine.memory_bytes)"
    )


def _number(error: BaseException) -> int | None:
    return getattr(error, "errno", None)


def _apply(limits: Limits) -> None:
    # private memory and not address space, of which a browser reserves terabytes
    for which, value in (
        (resource.RLIMIT_DATA, limits.memory),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_NPROC, limits.processes),
        (resource.RLIMIT_CORE, 0),
    ):
        if value is not None:
            ceiling = _at_most(value, which)
            resource.setrlimit(which, (ceiling, ceiling))
    _allow_processor(limits)


def _allow_processor(limits: Limits) -> None:
    """From now on as much processor time as there may be between two signs of progress."""
    if limits.processor is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        until = int(used.ru_utime + used.ru_stime) + limits.processor + 1
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (_at_most(until, resource.RLIMIT_CPU), hard))


def _at_most(value: int, which: int) -> int:
    hard = resource.getrlimit(which)[1]
    return value if hard == resource.RLIM_INFINITY else min(value, hard)
