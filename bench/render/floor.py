"""The floor: decoding and encoding alone, with the render's own encoder settings and threads.

``python -m bench.render.floor SOURCE OUTPUT`` is the same as a whole process.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import av

from ecg.render.engine.encode import exact_x264

OPTIONS = {"preset": "veryfast", "crf": "20", **exact_x264()}
"""What a render of standard quality gives x264."""


def transcode(source: Path, output: Path) -> None:
    """``source`` decoded and encoded again; its sound is copied."""
    options = {"movflags": "+faststart"}
    with av.open(str(source)) as read, av.open(str(output), "w", options=options) as written:
        picture = read.streams.video[0]
        picture.thread_type = "AUTO"
        target: Any = written.add_stream("libx264", rate=picture.average_rate)
        target.width, target.height, target.pix_fmt = picture.width, picture.height, picture.pix_fmt
        target.codec_context.time_base = picture.time_base
        target.codec_context.thread_type = "FRAME"
        target.codec_context.options = dict(OPTIONS)
        sound = written.add_stream_from_template(read.streams.audio[0])
        for packet in read.demux(picture, read.streams.audio[0]):
            if packet.stream is not picture:
                if packet.dts is not None:
                    packet.stream = sound
                    written.mux(packet)
                continue
            for frame in packet.decode():
                frame.pict_type = 0
                written.mux(target.encode(frame))
        written.mux(target.encode(None))


if __name__ == "__main__":
    transcode(Path(sys.argv[1]), Path(sys.argv[2]))
