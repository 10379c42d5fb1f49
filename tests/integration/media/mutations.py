"""Tiny videos in six containers, and three hundred ways to break them: number n is always the
same damage to the same bytes."""

import random
import re
import struct
from fractions import Fraction

import av

from tests.integration.render.videos import picture, write_sound

SEED = 5
SIZE = (96, 64)
FRAMES = 12
SOURCES = {
    "mp4": ("libx264", "aac"),
    "mkv": ("libx264", "aac"),
    "webm": ("libvpx-vp9", "libopus"),
    "mov": ("libx264", "pcm_s16le"),
    "ts": ("mpeg2video", "mp2"),
    "avi": ("mpeg4", "libmp3lame"),
}
"""Container: picture and sound in it."""

_MARKS = {
    "mp4": rb"moov|mvhd|trak|tkhd|mdia|mdhd|hdlr|minf|stbl|stsd|avc1|avcC|mp4a|esds|stts|stss|ctts|stsc|stsz|stco|elst|mdat|ftyp",
    "mkv": rb"\x1aE\xdf\xa3|\x18S\x80g|\x15I\xa9f|\x16T\xaek|\xae|\xe0|\xe1|\x1fC\xb6u|\xa3|\xa0|\x1cS\xbbk|c\xa2",
    "ts": rb"\x47[\x00-\xff]{3}",
    "avi": rb"RIFF|LIST|hdrl|avih|strl|strh|strf|movi|00dc|01wb|idx1|JUNK",
}
_MARKS["mov"], _MARKS["webm"] = _MARKS["mp4"], _MARKS["mkv"]
_SIZES = (0, 1, 7, 8, 0x7F, 0xFF, 0x100, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)


def write_source(path):
    """Half a second of a moving picture and a tone; equal bytes each time."""
    codec, sound_codec = SOURCES[path.suffix[1:]]
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as file:
        video = file.add_stream(codec, rate=25)
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        context = video.codec_context
        context.time_base, context.gop_size, context.thread_count = Fraction(1, 25), 5, 1
        # without assembly, as a processor's own may round otherwise, or twice otherwise
        plain = {"preset": "veryfast", "x264-params": "asm=0"}
        context.options = plain if codec == "libx264" else {}
        sound = file.add_stream(sound_codec, rate=48000, layout="stereo")
        sound.codec_context.thread_count = 1
        for number in range(FRAMES):
            frame = picture(number, *SIZE, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        write_sound(file, sound, FRAMES / 25, 0.0)
    return path


def mutated(number, sources):
    """(container, damage, bytes) of number ``number``; ``sources``: bytes by container."""
    chance = random.Random(f"{SEED} {number}")
    names = list(SOURCES)
    name = names[number % len(names)]
    kinds = list(DAMAGES)
    kind = kinds[number // len(names) % len(kinds)]
    data = bytearray(sources[name])
    other = sources[chance.choice([each for each in names if each != name])]
    return name, kind, bytes(DAMAGES[kind](data, chance, name, other))


def _flip(data, chance, places, most):
    for _ in range(chance.randint(1, most)):
        data[chance.choice(places)] ^= 1 << chance.randrange(8)
    return data


def _header(data, name):
    """Where the container describes itself."""
    moov = data.find(b"moov")
    if name in {"mp4", "mov"} and moov >= 0:
        return range(moov, len(data))
    return range(min(1500, len(data)))


def flip_header(data, chance, name, _):
    return _flip(data, chance, _header(data, name), 6)


def flip_payload(data, chance, name, _):
    header = _header(data, name)
    places = [at for at in range(len(data)) if at not in header]
    return _flip(data, chance, places, 24)


def truncate(data, chance, *_):
    return data[: chance.randint(1, len(data) - 1)]


def wrong_size(data, chance, name, _):
    """One or two boxes, elements or packets that lie about their length."""
    marks = list(re.finditer(_MARKS[name], data, re.DOTALL))
    for mark in chance.sample(marks, min(len(marks), chance.randint(1, 2))):
        size = chance.choice((*_SIZES, chance.getrandbits(32)))
        order = "<I" if name == "avi" else ">I"
        at = mark.start() - 4 if name in {"mp4", "mov"} else mark.end()
        length = chance.choice((1, 2, 4)) if name in {"mkv", "webm", "ts"} else 4
        data[max(at, 0) : at + length] = struct.pack(order, size)[-length:]
    return data


def splice(data, chance, _, other):
    """The front of one file with the back of another, of another container."""
    return data[: chance.randint(1, len(data))] + other[chance.randrange(len(other)) :]


def shuffle(data, chance, *_):
    """A stretch that is missing, doubled, or nought."""
    start = chance.randrange(len(data))
    end = min(len(data), start + chance.randint(1, 4000))
    part = data[start:end]
    return data[:start] + chance.choice((b"", part + part, bytes(len(part)))) + data[end:]


DAMAGES = {
    damage.__name__: damage
    for damage in (flip_header, flip_payload, truncate, wrong_size, splice, shuffle)
}
