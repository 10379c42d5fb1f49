"""What passes between a parent and its engine child, over the child's standard input and
output: four bytes of length (big-endian), then one msgpack message."""

from __future__ import annotations

import struct

import msgspec

LENGTH = struct.Struct(">I")


class Limits(msgspec.Struct, frozen=True):
    """What a child may use at most; ``None`` leaves the system's own limit.

    ``memory`` bounds address space in bytes, so it does not suit a child that starts a
    browser. ``file_size`` bounds any one file it writes. ``cpu`` is processor seconds.
    """

    memory: int | None = None
    file_size: int | None = 64 << 30
    cpu: int | None = None


class Call(msgspec.Struct, frozen=True, tag="call"):
    """Parent to child: run the handler ``verb`` within ``limits``."""

    verb: str
    payload: msgspec.Raw
    limits: Limits


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """Parent to child: stop what is running."""


class Event(msgspec.Struct, frozen=True, tag="event"):
    """Child to parent, any number of times: where the work is."""

    payload: msgspec.Raw


class Alive(msgspec.Struct, frozen=True, tag="alive"):
    """Child to parent, each second while a call runs: the process still runs."""


class Done(msgspec.Struct, frozen=True, tag="done"):
    """Child to parent, once: the answer."""

    payload: msgspec.Raw


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Child to parent, instead of ``Done``: an ``EcgError``'s code and message; ``detail`` is
    the traceback."""

    code: str
    message: str
    detail: str
