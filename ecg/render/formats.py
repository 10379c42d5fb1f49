"""What a render may become: containers, sizes, rates. Pure: importable everywhere."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import PurePath
from typing import Literal

from ecg.kernel.errors import InputRefused
from ecg.media.info import VideoStream

Format = Literal["mp4", "webm-alpha", "mov-alpha"]
"""``mp4``: the video with its captions. The others hold the captions alone on transparency, for
editors: VP9 in WebM, ProRes 4444 in QuickTime."""

Captions = Literal["burned", "soft", "both"]
"""Drawn into the picture, or a track that a player shows or hides beside an untouched picture, or
both."""

SUFFIXES: dict[Format, str] = {"mp4": ".mp4", "webm-alpha": ".webm", "mov-alpha": ".mov"}
MEDIA_TYPES = {".mp4": "video/mp4", ".webm": "video/webm", ".mov": "video/quicktime"}


def result_name(source: str, form: Format) -> str:
    """What the result of the file ``source`` is called where it is saved."""
    what = "captioned" if form == "mp4" else "captions"
    return f"{PurePath(source).stem}-{what}{SUFFIXES[form]}"


LEAST_HEIGHT = 64
MOST_HEIGHT = 4096
"""Pixels of a result's height; the longer side is bounded by the operator's own limit too."""

SLOWEST = 1
FASTEST = 240
"""Frames per second."""

RATE_PATTERN = r"^\d{1,6}(\.\d{1,15})?(/\d{1,4})?$(?!\n)"
_FINEST = 1001
"""The largest denominator of a rate: that of 30000/1001."""


def frame_rate(given: str | float) -> Fraction:
    """A frame rate as "25", "23.976" or "30000/1001". Raises ``InputRefused``."""
    text = str(given).strip()
    if re.fullmatch(RATE_PATTERN, text):
        above, _, below = text.partition("/")
        if int(below or 1):
            rate = (Fraction(above) / int(below or 1)).limit_denominator(_FINEST)
            if SLOWEST <= rate <= FASTEST:
                return rate
    raise InputRefused(
        f"{text} is no frame rate; it is a number of frames per second from {SLOWEST} to "
        f"{FASTEST}, as 25 or 30000/1001"
    )


def check_height(given: str | int) -> int:
    """A height in pixels. Raises ``InputRefused`` for one that no result can have."""
    text = str(given)
    if re.fullmatch(r"[0-9]{1,5}", text):
        height = int(text)
        if height % 2 == 0 and LEAST_HEIGHT <= height <= MOST_HEIGHT:
            return height
    raise InputRefused(
        f"{text} is no height; it is an even number of pixels from {LEAST_HEIGHT} to "
        f"{MOST_HEIGHT}, as 720 or 1080"
    )


def check_scalable(picture: VideoStream) -> None:
    """Raises ``InputRefused`` where the height of ``picture`` cannot be changed."""
    if picture.interlaced:
        raise InputRefused(
            "the video is interlaced, so its height cannot be changed; deinterlace it first, or "
            "leave the height out"
        )


def size_at(height: int, shown: tuple[int, int], most: int) -> tuple[int, int]:
    """(width, height) of a picture that was ``shown`` large, scaled to ``height``; the width is
    even. Raises ``InputRefused`` where a side would be none or more than ``most`` pixels."""
    check_height(height)
    width = max(round(Fraction(shown[0] * height, shown[1]) / 2) * 2, 2)
    if max(width, height) > most:
        raise InputRefused(
            f"a height of {height} would make the picture {width} x {height}; the longer side may "
            f"have at most {most} pixels (limits.video_pixels)"
        )
    return width, height


def check_captions(
    captions: Captions, form: Format, height: int | None, fps: object | None
) -> None:
    """Raises ``InputRefused`` where a result cannot hold ``captions`` in that way."""
    if captions != "burned" and form != "mp4":
        raise InputRefused(f"{form} holds drawn captions alone; a track of captions goes into mp4")
    if captions == "soft" and (height, fps) != (None, None):
        raise InputRefused(
            "where captions are a track instead of drawn, the picture is copied as it is; leave "
            "height and fps out, or have them beside the drawn ones"
        )
