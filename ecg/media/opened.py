"""Opening media files with PyAV, and refusing what is none in one clear line."""

from __future__ import annotations

import errno
import resource
from collections.abc import Generator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import av.container
import av.error
import av.stream
from av.stream import Disposition

from ecg.kernel.errors import MediaRefused

CONTAINERS = (
    "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf,mxf,"
    "wav,w64,flac,mp3,aac,aiff,caf,amr,ac3,eac3"
)
"""FFmpeg demuxers in use. Play lists, picture sequences and text are left out: they name
other files, or turn any text into a picture."""

MOST_PIXELS = 16_384**2
"""What no decoder goes beyond, whatever a stream claims: as much as H.264 can hold."""

_CUT_SHORT = "is cut short: it was copied or uploaded in part, or recording was broken off"


@contextmanager
def open_media(path: Path) -> Generator[av.container.InputContainer]:
    """Opens ``path`` for reading; only the file itself is ever read.

    Raises ``MediaRefused`` where it is missing, a folder, empty, no media or cut short, and
    where reading inside the ``with`` block meets damage.
    """
    try:
        with _opened(path) as container:
            if not container.streams.video and not container.streams.audio:
                raise MediaRefused(f"{path}: holds neither picture nor sound")
            _refuse_cut_short(container, path)
            for stream in container.streams.video:
                if has_decoder(stream):
                    stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
            yield container
    except av.error.FFmpegError as error:
        if error.errno == errno.EFBIG:
            raise  # of what was written meanwhile
        what = _too_much() if error.errno == errno.ENOMEM else "is damaged or cut short"
        raise MediaRefused(f"{path}: {what}") from error


def _too_much() -> str:
    limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
    most = f"the {limit >> 20} MB that an engine may use (engine.memory_bytes)"
    allowed = "there is" if limit == resource.RLIM_INFINITY else most
    return f"asks for more memory than {allowed}; it is damaged, or its picture is too large"


def name_of(container: av.container.InputContainer) -> str:
    """The path that ``open_media`` opened, for messages."""
    return container.name.removeprefix("file:")


def pictures(container: av.container.InputContainer) -> list[av.VideoStream]:
    """The moving pictures that can be decoded: no cover art, no thumbnails. The one that the
    file marks as its default comes first."""
    found = [
        stream for stream in container.streams.video if not is_still(stream) and has_decoder(stream)
    ]
    return sorted(found, key=lambda stream: not stream.disposition & Disposition.default)


def sounds(container: av.container.InputContainer) -> list[av.AudioStream]:
    """The sound tracks that can be decoded."""
    return [stream for stream in container.streams.audio if has_decoder(stream)]


def origin(container: av.container.InputContainer) -> Fraction:
    """The earliest start of any picture or sound, in seconds: time 0 of all documents."""
    starts = [
        stream.start_time * stream.time_base
        for stream in (*pictures(container), *sounds(container))
        if stream.start_time is not None and stream.time_base is not None
    ]
    return min(starts, default=Fraction(0))


def is_still(stream: av.stream.Stream) -> bool:
    """Whether a picture stream is cover art or thumbnails."""
    return bool(stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails))


def has_alpha_stream(stream: av.stream.Stream) -> bool:
    """Whether VP8 or VP9 has a second stream inside for transparency, which FFmpeg's own decoder
    leaves out. A copied file may say so in capitals."""
    told = {key.lower(): value for key, value in stream.metadata.items()}
    return told.get("alpha_mode") == "1"


def has_decoder(stream: av.stream.Stream) -> bool:
    """Whether FFmpeg knows the codec: where not, reading most of its attributes fails."""
    return cast(object, stream.codec_context) is not None


def _opened(path: Path) -> av.container.InputContainer:
    if path.is_dir():
        raise MediaRefused(f"{path}: is a folder; name a video or sound file in it")
    if not path.is_file():
        what = "is no ordinary file" if path.exists() else "does not exist"
        raise MediaRefused(f"{path}: {what}; name a video or sound file")
    if path.stat().st_size == 0:
        raise MediaRefused(f"{path}: is empty")
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
    try:
        # names and titles in another encoding than UTF-8 are no reason to refuse a video
        return av.open(f"file:{path.absolute()}", options=options, metadata_errors="replace")
    except PermissionError:
        raise MediaRefused(f"{path}: may not be read by this user") from None
    except (av.error.FFmpegError, OSError):
        what = (
            _CUT_SHORT if _is_unfinished_mp4(path) else "is no video or sound file that can be read"
        )
        raise MediaRefused(f"{path}: {what}") from None


def _is_unfinished_mp4(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8)[4:] in (b"ftyp", b"wide", b"mdat")


def _refuse_cut_short(container: av.container.InputContainer, path: Path) -> None:
    if not container.format.name.startswith(("mov", "avi")):
        return
    for stream in container.streams:
        entries = stream.index_entries
        if len(entries) and entries[-1].pos + entries[-1].size > container.size:
            held = container.size / (entries[-1].pos + entries[-1].size)
            raise MediaRefused(f"{path}: {_CUT_SHORT} ({held:.0%} of the stream is there)")
