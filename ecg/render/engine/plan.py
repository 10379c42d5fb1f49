"""What is drawn when: the source's own frame times and the caption states over them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

import av.container
import msgspec

from ecg.kernel.errors import MediaRefused


class FrameTimes(msgspec.Struct, frozen=True):
    """Presentation times of a picture stream: sorted, in units of ``time_base`` seconds.

    ``origin`` is the earliest start of any stream of the file in seconds: time 0 of the
    documents.
    """

    pts: tuple[int, ...]
    time_base: Fraction
    origin: Fraction

    def seconds(self) -> list[float]:
        """Each frame's time in the documents' own seconds."""
        return [float(pts * self.time_base - self.origin) for pts in self.pts]


class Plan(msgspec.Struct, frozen=True):
    """The distinct caption states: state ``i`` covers the frames from number
    ``beginnings[i]`` up to the next one's beginning, and is drawn at ``seconds[i]``."""

    pts: tuple[int, ...]
    beginnings: tuple[int, ...]
    seconds: tuple[float, ...]

    def state_at(self, pts: int) -> int:
        """The state that stands on the frame presented at ``pts``; -1 before the first."""
        return bisect_right(self.beginnings, bisect_right(self.pts, pts) - 1) - 1


def read_frame_times(container: av.container.InputContainer, index: int) -> FrameTimes:
    """Reads the packets of stream ``index`` without decoding, then rewinds.

    Raises ``MediaRefused`` where the stream has no frame or a frame has no time.
    """
    stream = container.streams[index]
    name = container.name
    found: list[int] = []
    for packet in container.demux(stream):
        if packet.size and not packet.is_discard:
            time = packet.pts if packet.pts is not None else packet.dts
            if time is None:
                raise MediaRefused(f"{name}: its picture has no times; convert it to MP4 first")
            found.append(time)
    if not found or stream.time_base is None:
        raise MediaRefused(f"{name}: its video stream holds no picture")
    container.seek(0)
    starts = [
        other.start_time * other.time_base
        for other in (*container.streams.video, *container.streams.audio)
        if other.start_time is not None and other.time_base is not None
    ]
    return FrameTimes(tuple(sorted(set(found))), stream.time_base, min(starts, default=Fraction(0)))


def make_plan(times: FrameTimes, seconds: Sequence[float], beginnings: Sequence[int]) -> Plan:
    """From the frames' seconds and the numbers of the frames at which a state begins."""
    return Plan(times.pts, tuple(beginnings), tuple(seconds[index] for index in beginnings))
