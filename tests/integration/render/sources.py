"""A small real file for each row of the tables in docs/user-guide.md, "What it can read"."""

import os
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition
from av.subtitles.subtitle import SubtitleSet

from ecg.render.engine.soft import PLAIN
from tests.integration.render.videos import picture, write_video

FIXTURES = Path(__file__).parents[2] / "fixtures/media"
MASTERING = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
MIRRORED = (-65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
TILTED = (46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30)
CC = bytes.fromhex("b50031474139340341fffc9420ff")
"""One pair of CEA-608 bytes as ATSC A/53 user data."""


def plain(name="plain.mp4", **options):
    """A source that ``write_video`` makes; 10 frames a second unless said."""
    return lambda folder: write_video(folder / name, **{"rate": 10, **options})


def av1(folder):
    """SVT-AV1 turns the thread of root that asks for it into one of real time, and with it all
    that this starts later: a machine where only they run."""
    try:
        return plain("av1.mp4", codec="libsvtav1")(folder)
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def hdr(transfer):
    """HEVC in BT.2020; ``transfer`` 16 is PQ, 18 HLG."""
    told = f"log-level=error:master-display={MASTERING}:max-cll=1000,400"
    return plain(
        codec="libx265",
        pixel_format="yuv420p10le",
        tags={"color_range": 1, "colorspace": 9, "color_primaries": 9, "color_trc": transfer},
        options=[("preset", "ultrafast"), ("x265-params", told)],
    )


def patched(made, *changes):
    """What ``made`` writes, with every occurrence of some bytes changed into as many others."""

    def make(folder):
        path = made(folder)
        data = path.read_bytes()
        for old, new in changes:
            assert data.count(old), old
            assert len(old) == len(new)
            data = data.replace(old, new)
        path.write_bytes(data)
        return path

    return make


def beside(name, *adding, audio="aac"):
    """A video written packet by packet, so that ``adding`` may put streams of any kind beside
    the picture: each gets the file that is not yet begun, and gives packets."""

    def make(folder):
        base = write_video(folder / "base.mp4", rate=10, audio=audio)
        path = folder / name
        with av.open(str(base)) as source, av.open(str(path), "w") as file:
            kept = {
                stream.index: file.add_stream_from_template(stream) for stream in source.streams
            }
            more = [packet for add in adding for packet in add(file)]
            for packet in source.demux():
                if packet.size:
                    packet.stream = kept[packet.stream.index]
                    file.mux(packet)
            for packet in more:
                file.mux(packet)
        return path

    return make


def captions(codec, *words, language="kor"):
    """A caption track; each word stands for 0.2 s, one begins each 0.3 s."""

    def add(file):
        stream = file.add_stream(codec)
        stream.codec_context.subtitle_header = PLAIN
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        stream.metadata["language"] = language
        return [caption(stream, number * 300, 200, word) for number, word in enumerate(words)]

    return add


def caption(stream, start, length, word):
    event = f"0,0,Default,,0,0,0,,{word}".encode()
    packet = stream.codec_context.encode_subtitle(SubtitleSet.create(event, 0, length))
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts = packet.dts = start
    packet.duration = length
    return packet


def raw(codec, data):
    """A stream of one packet that nobody has to understand."""

    def add(file):
        stream = file.add_mux_stream(codec)
        stream.time_base = Fraction(1, 1000)
        stream.metadata["language"] = "eng"
        packet = av.Packet(data)
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = 0
        packet.duration = 500
        return [packet]

    return add


def cover(file):
    stream = file.add_stream("png", rate=1)
    stream.width, stream.height, stream.pix_fmt = 32, 32, "rgb24"
    stream.disposition = Disposition.attached_pic
    packets = cover_packets()
    for packet in packets:
        packet.stream = stream
    return packets


def floating(folder):
    """Pixels in floating point, from a film's effects."""
    path = folder / "floating.mov"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("exr", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "gbrpf32le"
        for number in range(5):
            light = np.full((48, 64, 3), 0.2 * number, np.float32)
            frame = av.VideoFrame.from_ndarray(light, "gbrpf32le")
            frame.pts, frame.time_base = number, Fraction(1, 5)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def cover_of_mkv(file):
    packet = next(iter(cover_packets()))
    file.add_attachment("cover.png", "image/png", bytes(packet))
    return []


def cover_packets():
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 32, 32, "rgb24"
    encoder.time_base = Fraction(1)
    frame = picture(0, 32, 32, "rgb24")
    frame.pts, frame.time_base = 0, Fraction(1)
    return [*encoder.encode(frame), *encoder.encode(None)]


def attachment(file):
    file.add_attachment("font.ttf", "application/x-truetype-font", b"not really a font")
    return []


def second_sound(file):
    """Another track of AAC, a copy of the first, said to be Korean."""
    with av.open(file.name.replace(Path(file.name).name, "base.mp4")) as source:
        sound = source.streams.audio[0]
        stream = file.add_stream_from_template(sound)
        stream.metadata["language"] = "kor"
        packets = [packet for packet in source.demux(sound) if packet.size]
    for packet in packets:
        packet.stream = stream
    return packets


def chapters(file):
    file.metadata["title"] = "A talk"
    names = ("One", "Zwölf")
    file.set_chapters([
        {"id": at, "start": at * 500, "end": at * 500 + 500, "time_base": Fraction(1, 1000),
         "metadata": {"title": name}}
        for at, name in enumerate(names)
    ])  # fmt: skip
    return []


def with_cea608(folder):
    """CEA-608 inside the pictures, as broadcasters have it."""
    base = write_video(folder / "base.mp4", rate=10)
    nal = b"\x06\x04" + bytes([len(CC)]) + CC + b"\x80"
    path = folder / "cea608.mp4"
    with av.open(str(base)) as source, av.open(str(path), "w") as file:
        kept = {stream.index: file.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.size:
                told = packet
                if packet.stream.type == "video":
                    told = av.Packet(len(nal).to_bytes(4, "big") + nal + bytes(packet))
                    told.pts, told.dts, told.time_base = packet.pts, packet.dts, packet.time_base
                    told.is_keyframe = packet.is_keyframe
                told.stream = kept[packet.stream.index]
                file.mux(told)
    return path


SPHERICAL = b"""<?xml version="1.0"?><rdf:SphericalVideo
xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns:GSpherical="http://ns.google.com/videos/1.0/spherical/">
<GSpherical:Spherical>true</GSpherical:Spherical><GSpherical:Stitched>true</GSpherical:Stitched>
<GSpherical:StitchingSoftware>x</GSpherical:StitchingSoftware>
<GSpherical:ProjectionType>equirectangular</GSpherical:ProjectionType>
</rdf:SphericalVideo>"""


def spherical(folder):
    """A picture all around, marked as Google's RFC has it: in a box at the track's end."""
    path = write_video(folder / "around.mp4", rate=10, audio=None)
    name = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")
    box = (24 + len(SPHERICAL)).to_bytes(4, "big") + b"uuid" + name + SPHERICAL
    data = bytearray(path.read_bytes())
    for kind in (b"trak", b"moov"):
        at = data.index(kind) - 4
        size = int.from_bytes(data[at : at + 4], "big")
        if kind == b"trak":
            data[at + size : at + size] = box
        data[at : at + 4] = (size + len(box)).to_bytes(4, "big")
    path.write_bytes(data)
    return path


def resized(folder):
    """A broadcast whose picture changes its size on the way."""
    path = folder / "resized.ts"
    parts = [
        write_video(folder / f"{size[0]}.ts", rate=10, size=size, start=start)
        for size, start in (((320, 180), 0), ((160, 90), 1))
    ]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def from_the_middle(folder):
    """A broadcast whose recording began between two pictures that need no other."""
    options = [("g", "7"), ("preset", "veryfast")]
    path = write_video(folder / "middle.ts", rate=10, pts=range(20), options=options)
    data = path.read_bytes()
    path.write_bytes(data[len(data) * 2 // 5 // 188 * 188 :])
    return path


def fixture(name):
    return lambda _: FIXTURES / name


def cut(made, share=0.5):
    def make(folder):
        path = made(folder)
        data = path.read_bytes()
        path.write_bytes(data[: round(len(data) * share)])
        return path

    return make


def written(name, data):
    def make(folder):
        (folder / name).write_bytes(data)
        return folder / name

    return make


def still(folder):
    """Cover art and nothing else, as in a sound file without sound."""
    path = folder / "still.m4a"
    with av.open(str(path), "w", format="mp4") as file:
        for packet in islice(cover(file), 1):
            file.mux(packet)
    return path


END_OF_PGS = b"\x80\x00\x00"
TEN = "yuv{}p10le".format
DEEP = {"codec": "ffv1", "audio": "flac"}
OLD = {"codec": "mpeg4", "audio": "mp3"}

SOURCES = {
    # pictures
    "8 bits, 4:2:0": plain(),
    "8 bits, 4:2:2": plain(pixel_format="yuv422p"),
    "8 bits, 4:4:4": plain(pixel_format="yuv444p"),
    "10 bits, 4:2:0": plain(pixel_format=TEN("420")),
    "10 bits, 4:2:2": plain(pixel_format=TEN("422")),
    "10 bits, 4:4:4": plain(pixel_format=TEN("444")),
    "12 bits": plain(codec="libx265", pixel_format="yuv422p12le", audio=None),
    "full range": plain(pixel_format="yuvj420p"),
    "semi-planar (NV12)": plain("nv12.avi", codec="rawvideo", pixel_format="nv12", audio=None),
    "packed 4:2:2 (YUYV, UYVY, v210)": plain("uyvy.mov", codec="rawvideo", pixel_format="uyvy422"),
    "4:1:1 (DV)": plain("dv.mkv", pixel_format="yuv411p", **DEEP),
    "4:4:0": plain("upright.mkv", pixel_format="yuv440p", **DEEP),
    "grey": plain("grey.mkv", pixel_format="gray", **DEEP),
    "RGB of 8 bits": plain("rgb.mov", codec="png", pixel_format="rgb24"),
    "RGB of more bits": plain("rgb.mkv", pixel_format="gbrp10le", **DEEP),
    "transparent": plain("clear.mov", codec="prores_ks", pixel_format="yuva444p10le"),
    "transparent VP9": plain(
        "clear.webm", codec="libvpx-vp9", pixel_format="yuva420p", audio="libopus"
    ),
    "HDR, PQ": hdr(16),
    "HDR, HLG": hdr(18),
    "Dolby Vision, profile 5": patched(plain(codec="libx265", audio=None), (b"hev1", b"dvhe")),
    "Dolby Vision, profile 8": patched(hdr(18), (b"hev1", b"dvh1")),
    "odd width or height": plain("odd.webm", codec="libvpx-vp9", size=(161, 91), audio=None),
    "turned by 90, 180 or 270 degrees": plain(rotation=90),
    "turned by any other angle": plain(matrix=TILTED),
    "mirrored": plain(matrix=MIRRORED),
    "pixels that are not square": plain(size=(180, 144), aspect=Fraction(16, 11)),
    "interlaced": plain(options=[("flags", "+ildct+ilme"), ("x264-params", "tff=1")]),
    "a size that changes on the way": resized,
    "360-degree": spherical,
    "a matrix that players seldom know": plain(tags={"colorspace": 8}),
    "pixels in floating point": floating,
    # codecs and containers
    "H.264 in MP4": plain(),
    "H.264 in MKV": plain("h264.mkv"),
    "H.264 in TS": plain("h264.ts"),
    "a broadcast recorded from somewhere on": from_the_middle,
    "H.264 in AVI, with B-frames": plain(
        "h264.avi", audio="mp3", options=[("preset", "veryfast"), ("bf", "3")]
    ),
    "HEVC in MOV": plain("hevc.mov", codec="libx265"),
    "VP8 in WebM": plain("vp8.webm", codec="libvpx", audio="libopus"),
    "VP9 in WebM": plain("vp9.webm", codec="libvpx-vp9", audio="libopus"),
    "AV1 in MP4": av1,
    "ProRes in MOV": plain("prores.mov", codec="prores_ks", pixel_format=TEN("422")),
    "MPEG-4 in AVI": plain("mpeg4.avi", **OLD),
    "MPEG-2 in TS": plain("mpeg2.ts", codec="mpeg2video", audio="mp2", rate=25),
    "Motion JPEG in AVI": plain(
        "mjpeg.avi", codec="mjpeg", pixel_format="yuvj420p", audio="pcm_s16le"
    ),
    # sound
    "no sound": plain(audio=None),
    "AAC": plain(),
    "MP3": plain("mp3.mkv", audio="mp3"),
    "AC-3": plain("ac3.mkv", audio="ac3"),
    "E-AC-3": plain("eac3.mkv", audio="eac3"),
    "ALAC": plain("alac.mov", audio="alac"),
    "Opus": plain("opus.mkv", audio="libopus"),
    "FLAC": plain("flac.mkv", audio="flac"),
    "PCM": plain("pcm.mov", audio="pcm_s16le"),
    "Vorbis": plain("vorbis.mkv", audio="vorbis"),
    "MP2": plain("mp2.mkv", audio="mp2"),
    "several tracks": beside("two.mkv", second_sound),
    "a codec that is not known": patched(plain(), (b"mp4a", b"apac"), (b"esds", b"free")),
    # beside them
    "SRT captions": beside("srt.mkv", captions("srt", "one", "two")),
    "ASS captions": beside("ass.mkv", captions("ass", "one", "two")),
    "WebVTT captions": beside("vtt.mkv", captions("webvtt", "one", "two")),
    "text captions of MP4": beside("text.mp4", captions("mov_text", "one", "two")),
    "captions as pictures (DVD, Blu-ray, DVB)": beside(
        "pgs.mkv", raw("hdmv_pgs_subtitle", END_OF_PGS)
    ),
    "CEA-608 and CEA-708 inside the picture": with_cea608,
    "cover art": beside("cover.mp4", cover),
    "cover art of MKV": beside("cover.mkv", cover_of_mkv),
    "attached files (fonts)": beside("font.mkv", attachment),
    "data tracks (timecode, sensors)": beside("data.ts", raw("klv", b"\x06\x0e\x2b\x34")),
    "chapters and title": beside("chapters.mkv", chapters),
    # refused
    "sound without picture": fixture("silence5.flac"),
    "a picture that does not move": still,
    "an encrypted or unknown codec": patched(plain(audio=None), (b"avc1", b"encv")),
    "cut short": cut(plain()),
    "no video at all": written("letter.mp4", b"Dear Ann,\n" * 99),
    "a play list": written("list.mp4", b"#EXTM3U\n#EXTINF:1,\nfilm.mp4\n"),
    "an empty file": written("empty.mp4", b""),
}
