"""What is known of a media file without decoding it. Pure data: importable everywhere."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Literal

import msgspec

from ecg.kernel.errors import MediaRefused


class VideoStream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One picture stream.

    ``width`` and ``height`` are coded pixels, before ``rotation`` (degrees clockwise that a
    player turns the picture by: 0, 90, 180 or 270) and before ``sample_aspect``.
    ``fps`` is the container's average rate as "30000/1001". ``duration`` is in seconds.
    ``frames`` is the container's own count, 0 where it has none. Colour fields are FFmpeg's
    names ("bt709", "tv"), empty where the stream does not say. ``tag`` is the container's own
    name of the codec ("avc1"), ``mirrored`` says that a player flips the picture too, ``alpha``
    that it can be transparent.

    ``mastering`` ("G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min)", in 1/50000 and 1/10000 cd/m²) and
    ``light_level`` ("brightest pixel,brightest average" in cd/m²) describe the screen that an
    HDR picture was graded on; empty where the stream does not say. ``uncarried`` names what
    else its frames come with that no result can carry.
    """

    index: int
    codec: str
    width: int
    height: int
    pixel_format: str
    fps: str
    start_time: float
    duration: float
    frames: int = 0
    rotation: int = 0
    sample_aspect: str = "1/1"
    color_range: str = ""
    color_space: str = ""
    color_primaries: str = ""
    color_trc: str = ""
    tag: str = ""
    interlaced: bool = False
    mirrored: bool = False
    alpha: bool = False
    mastering: str = ""
    light_level: str = ""
    uncarried: tuple[str, ...] = ()

    @property
    def rate(self) -> Fraction:
        return Fraction(self.fps)

    @property
    def shown_size(self) -> tuple[int, int]:
        """(width, height) as a viewer sees the picture: rotated, in coded pixels."""
        turned = self.rotation in (90, 270)
        return (self.height, self.width) if turned else (self.width, self.height)


class AudioStream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sound stream. ``start_time`` and ``duration`` are in seconds."""

    index: int
    codec: str
    channels: int
    sample_rate: int
    start_time: float
    duration: float
    language: str = ""


class OtherStream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stream that is neither moving picture nor sound that can be decoded. ``codec`` is empty
    where FFmpeg does not know it."""

    index: int
    kind: Literal["captions", "cover", "video", "audio", "data", "attachment"]
    codec: str
    language: str = ""


class MediaInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A probed media file. ``container`` is FFmpeg's format name; ``duration`` seconds.

    Attached pictures (cover art) are listed among ``others``, not among ``video``.
    """

    container: str
    duration: float
    size: int
    video: tuple[VideoStream, ...] = ()
    audio: tuple[AudioStream, ...] = ()
    others: tuple[OtherStream, ...] = ()


class VideoLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The longest and largest video accepted: seconds, and pixels of its longer side."""

    seconds: float = 4 * 3600
    pixels: int = 4096


VIDEO_LIMITS = VideoLimits()


def check_duration(seconds: float, limits: VideoLimits, name: str) -> None:
    """Raises ``MediaRefused`` where the video ``name`` is longer than allowed."""
    if seconds > limits.seconds:
        raise MediaRefused(
            f"{name}: is {seconds:.1f} s long; at most {limits.seconds:g} s is allowed "
            "(limits.video_seconds)"
        )


def check_picture(width: int, height: int, limits: VideoLimits, name: str) -> None:
    """Raises ``MediaRefused`` where the picture of ``name`` is larger than allowed."""
    if max(width, height) > limits.pixels:
        raise MediaRefused(
            f"{name}: its picture is {width} x {height}; the longer side may have at most "
            f"{limits.pixels} pixels (limits.video_pixels)"
        )


class VideoFacts(msgspec.Struct, frozen=True):
    """What features tell each other of a stored video. ``key`` is the source's in the store,
    ``size`` its bytes; ``media`` is known once the source has been probed."""

    id: str
    owner_id: str
    state: str
    filename: str
    key: str
    size: int
    media: MediaInfo | None
    created_at: datetime
