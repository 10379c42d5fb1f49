"""A child that reads damaged files: as a plain decoder does, and as both engines do."""

from contextlib import suppress
from pathlib import Path

import av
import av.error
import msgspec

from ecg.analysis.engine.decode import decode
from ecg.kernel.errors import MediaRefused
from ecg.media.poster import poster
from ecg.media.probe import probe
from ecg.media.served import serve
from ecg.render.engine.run import checked


class Source(msgspec.Struct):
    path: str


class Read(msgspec.Struct):
    """``times`` of the frames in seconds, as "1/25"; ``whole``: a plain decoder came to the end.
    ``refused``: who refused the file, and how."""

    times: list[str]
    whole: bool
    refused: dict[str, str]


def read(payload, context):
    path = Path(msgspec.msgpack.decode(payload, type=Source).path)
    limits = context.limits.video
    refused = {}
    for name, attempt in {
        "probe": lambda: probe(path, limits),
        "poster": lambda: poster(path),
        "check": lambda: checked(path, limits),
        "sound": lambda: sum(len(block) for block in decode(path, 0, limits)),
    }.items():
        try:
            attempt()
        except MediaRefused as error:
            refused[name] = error.message
    return Read(*decoded(path), refused)


def decoded(path):
    """What players do: a packet that is damaged shows nothing, and the next one is tried."""
    times = []
    try:
        with av.open(str(path), metadata_errors="replace") as file:
            stream = file.streams.video[0]
            stream.thread_type = "AUTO"
            for packet in file.demux(stream):
                with suppress(av.error.InvalidDataError):
                    times += [str(frame.pts * frame.time_base) for frame in packet.decode()]
    except Exception:  # noqa: BLE001 - of whatever kind
        return times, False
    return times, True


if __name__ == "__main__":
    serve({"read": read})
