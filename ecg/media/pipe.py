"""What passes between a parent and its engine child, over the child's standard input and
output: four bytes of length (big-endian), then one msgpack message."""

from __future__ import annotations

import struct

import msgspec

from ecg.media.info import VIDEO_LIMITS, VideoLimits

LENGTH = struct.Struct(">I")

MOST_BYTES = 256 << 20
"""The longest message that a parent reads."""


class Limits(msgspec.Struct, frozen=True):
    """What a child may use at most, and of what size its media may be.

    ``memory`` and ``file_size`` hold for the child and for each process that it starts, one by
    one: bytes of private memory (``None``: no limit), and of any one file written. ``stall`` is
    in seconds: a child that neither answers nor sends an event for so long is taken to hang,
    and ``processor`` is what it may compute meanwhile, over all cores (``None``: no limit).
    ``processes`` counts, as the system does, all processes and threads of the user. A browser
    is kept for ``browser_pages`` pages, or until its processes hold ``browser_memory`` bytes.
    """

    memory: int | None = None
    file_size: int = 64 << 30
    stall: float = 900
    processor: int | None = None
    processes: int = 16_384
    browser_pages: int = 100
    browser_memory: int = 1 << 30
    video: VideoLimits = VIDEO_LIMITS


LIMITS = Limits()


class Call(msgspec.Struct, frozen=True, tag="call"):
    """Parent to child: run the handler ``verb`` within ``limits``, the same in every call."""

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
