"""What the source's picture becomes, so that captions can be drawn on it and players show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import av.video.format
import av.video.frame
import msgspec
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from ecg.kernel.errors import MediaRefused
from ecg.media.info import VideoStream
from ecg.render.engine.pixels import MATRICES, matrix_of
from ecg.render.formats import check_scalable, size_at

Format = av.video.format.VideoFormat
Frame = av.video.frame.VideoFrame

_SAMPLINGS = {(1, 1): "444", (2, 1): "422", (4, 1): "422", (2, 2): "420", (4, 4): "420"}
"""Chroma sampling of the result by how many times chroma is narrower and lower; H.264 has
nothing closer to 4:4:0 than 4:4:4."""
_KEPT = {
    f"yuv{full}{sampling}p{depth}"
    for sampling in ("420", "422", "444")
    for full, depth in (("", ""), ("j", ""), ("", "10le"))
}
_RANGES = {"": ColorRange.UNSPECIFIED, "tv": ColorRange.MPEG, "pc": ColorRange.JPEG}
_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP


def drawable(video: VideoStream, name: str) -> VideoStream:
    """The picture of the result: planar YUV of 8 or 10 bits, sides that its chroma divides.

    Sampling and depth are kept where H.264 has them, else the next better ones are taken; RGB
    becomes 4:4:4, grey gets chroma. A side that does not divide grows. Raises ``MediaRefused``
    naming what cannot be captioned rightly.
    """
    form = Format(video.pixel_format, 64, 64)
    _refuse(video, form, name)
    planar = _planar(form)
    wide, high = (2 if "42" in planar else 1), (2 if "420" in planar else 1)
    if video.interlaced:
        high *= 2  # each field for itself
    picture = msgspec.structs.replace(
        video,
        pixel_format=planar,
        width=video.width + -video.width % wide,
        height=video.height + -video.height % high,
    )
    if _is_rgb(form):
        matrix = "bt2020nc" if video.color_primaries == "bt2020" else "bt709"
        return msgspec.structs.replace(picture, color_space=matrix, color_range="tv")
    if _is_grey(form) and not video.color_range:
        # players show grey that says nothing in full range
        return msgspec.structs.replace(picture, color_range="pc")
    return picture


def resized(picture: VideoStream, height: int, most: int) -> VideoStream:
    """``picture`` scaled to be shown ``height`` pixels high, its longer side at most ``most``.
    Raises ``InputRefused``.

    Its matrix is named: players guess one that is not by the size.
    """
    check_scalable(picture)
    sides = size_at(height, picture.shown_size, most)
    width, height = sides[::-1] if picture.rotation in (90, 270) else sides
    matrix = matrix_of(picture)
    return msgspec.structs.replace(picture, width=width, height=height, color_space=matrix)


def scaled(frames: Iterable[Frame], picture: VideoStream) -> Iterator[Frame]:
    """``frames`` as large as ``picture``."""
    scaler, same = VideoReformatter(), _RANGES[picture.color_range]
    for frame in frames:
        made = scaler.reformat(
            frame,
            picture.width,
            picture.height,
            src_color_range=same,
            dst_color_range=same,
            interpolation=_EXACT,
        )
        made.color_range = same
        made.colorspace = MATRICES[picture.color_space].number
        yield made


def conformed(frames: Iterable[Frame], picture: VideoStream) -> Iterator[Frame]:
    """``frames`` as ``picture`` has them. Those that are already pass untouched; others are
    converted, or scaled where a stream changes its size on the way."""
    converter, grower = VideoReformatter(), VideoReformatter()
    for frame in frames:
        near = frame.format.name == picture.pixel_format and _nearly_fits(frame, picture)
        made = frame if near else _converted(converter, frame, picture)
        whole = (made.width, made.height) == (picture.width, picture.height)
        yield made if whole else _grown(grower, made, picture)


def _nearly_fits(frame: Frame, picture: VideoStream) -> bool:
    """Whether no side lacks more than what makes it divide."""
    return 0 <= picture.width - frame.width < 2 and 0 <= picture.height - frame.height < 4


def _converted(converter: VideoReformatter, frame: Frame, picture: VideoStream) -> Frame:
    fits = _nearly_fits(frame, picture)
    form = frame.format
    rgb, grey = _is_rgb(form), _is_grey(form)
    # named alike, no range is converted: grey is copied sample by sample
    same = ColorRange.JPEG if grey else _RANGES[picture.color_range]
    made = converter.reformat(
        frame,
        frame.width if fits else picture.width,
        frame.height if fits else picture.height,
        picture.pixel_format,
        dst_colorspace=_matrix(picture) if rgb else None,
        src_color_range=ColorRange.JPEG if rgb else same,
        dst_color_range=ColorRange.MPEG if rgb else same,
        interpolation=_EXACT,
    )
    made.color_range = _RANGES[picture.color_range]
    return made


def _matrix(picture: VideoStream) -> Colorspace:
    return Colorspace.BT2020 if picture.color_space == "bt2020nc" else Colorspace.ITU709


def _grown(grower: VideoReformatter, frame: Frame, picture: VideoStream) -> Frame:
    """Repeats the last column or row; what was there stays bit for bit."""
    # scaling brings the frame's times, colours and side data along; its samples are replaced
    grown = grower.reformat(frame, picture.width, picture.height, interpolation=Interpolation.POINT)
    for source, target in zip(frame.planes, grown.planes, strict=True):
        rows, wider = _samples(source, picture), _samples(target, picture)
        more = [(0, wide - narrow) for wide, narrow in zip(wider.shape, rows.shape, strict=True)]
        wider[...] = np.pad(rows, more, mode="edge")
    return grown


def _samples(plane: Any, picture: VideoStream) -> NDArray[Any]:
    kind = np.uint16 if picture.pixel_format.endswith("10le") else np.uint8
    return np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width]


def _is_rgb(form: Format) -> bool:
    return form.is_rgb or form.has_palette


def _is_grey(form: Format) -> bool:
    return not _is_rgb(form) and len(form.components) <= 2


def _planar(form: Format) -> str:
    if form.name in _KEPT:
        return form.name
    deep = max(part.bits for part in form.components if not part.is_alpha) > 8
    if _is_rgb(form):
        sampling = "444"
    elif _is_grey(form):
        sampling = "420"
    else:
        across, down = 64 // form.chroma_width(64), 64 // form.chroma_height(64)
        sampling = _SAMPLINGS.get((across, down), "444")
    return f"yuv{sampling}p{'10le' if deep else ''}"


def _refuse(video: VideoStream, form: Format, name: str) -> None:
    if video.tag in {"dvh1", "dvhe"} and not video.color_trc:
        raise MediaRefused(
            f"{name}: is Dolby Vision without an ordinary picture in it (profile 5); export it as "
            "HDR10, HLG or SDR first"
        )
    if video.rotation % 90 or video.mirrored:
        how = "mirrored" if video.mirrored else f"turned by {video.rotation} degrees"
        raise MediaRefused(
            f"{name}: is {how} by players, and not by all of them; re-encode it upright first"
        )
    bits = max((part.bits for part in form.components), default=0)
    if form.is_bayer or not 0 < bits <= 16 or form.name.startswith("xyz"):
        raise MediaRefused(
            f"{name}: pixels are {video.pixel_format}; YUV, RGB and grey of up to 16 bits can be "
            "captioned; convert it first, with -pix_fmt yuv420p for example"
        )
    if video.color_space and video.color_space not in MATRICES and not _is_rgb(form):
        raise MediaRefused(
            f"{name}: its colours are coded by the matrix {video.color_space}; "
            f"{', '.join(MATRICES)} can be captioned; convert it to bt709 first"
        )
