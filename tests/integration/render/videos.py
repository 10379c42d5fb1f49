"""Small videos with known content, scenarios in one line, and what is read back."""

import json
import struct
from fractions import Fraction

import av
import numpy as np

from ecg.captions.scenario import read_scenario


def picture(number, width, height, pixel_format, brightness=1.0):
    """A coloured gradient that moves, so that no two frames are equal."""
    x = np.linspace(0, 1, width)[None, :, None]
    y = np.linspace(0, 1, height)[:, None, None]
    wave = np.sin(6 * (x + y * np.array([0.3, 1.0, -0.6])) + number / 9)
    rgb = ((127 + 110 * wave) * brightness).astype(np.uint8)
    return av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format=pixel_format)


def write_video(
    path,
    *,
    size=(320, 180),
    rate=25,
    pts=None,
    time_base=None,
    pixel_format="yuv420p",
    codec="libx264",
    audio="aac",
    layout="stereo",
    sampling=48000,
    start=0.0,
    rotation=0,
    matrix=None,
    aspect=None,
    options=(),
    tags=None,
    brightness=1.0,
):
    """Writes a video; ``pts`` in ``time_base`` (default: ``rate`` frames for 1 s)."""
    rate = Fraction(rate)
    time_base = time_base or 1 / rate
    pts = list(range(round(rate))) if pts is None else pts
    offset = round(start / time_base)
    with av.open(str(path), "w") as file:
        video = file.add_stream(codec, rate=rate)
        video.width, video.height, video.pix_fmt = *size, pixel_format
        video.codec_context.time_base = time_base
        fast = {"preset": "ultrafast"} if codec == "libx264" else {}
        video.codec_context.options = {**fast, **dict(options)}
        if aspect:
            video.codec_context.sample_aspect_ratio = aspect
        for name, value in (tags or {}).items():
            setattr(video.codec_context, name, value)
        if rotation:
            video.set_display_rotation(-rotation)
        if matrix:
            video.set_display_matrix(matrix)
        sound = file.add_stream(audio, rate=sampling, layout=layout) if audio else None
        if sound:
            sound.codec_context.options = {"strict": "experimental"}  # FFmpeg's own Vorbis
        pictures = [
            picture(number, *size, pixel_format, brightness) for number in range(min(len(pts), 100))
        ]
        for number, moment in enumerate(pts):
            frame = pictures[number % 100]
            frame.pts, frame.time_base = moment + offset, time_base
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        if sound:
            write_sound(file, sound, float(pts[-1] * time_base), start)
    return path


def write_sound(file, stream, seconds, start):
    layout, rate, size = stream.layout, stream.rate, 1024
    total = int(rate * seconds) // size * size
    t = np.arange(total) / rate
    wave = (0.3 * np.sin(2 * np.pi * 330 * t)).astype(np.float32)
    for first in range(0, total, size):
        part = np.stack([wave[first : first + size]] * layout.nb_channels)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), "fltp", layout.name)
        frame.sample_rate, frame.pts = rate, first + round(start * rate)
        frame.time_base = Fraction(1, rate)
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))


def cue(number, start, end, words, **more):
    step = (end - start) / len(words)
    shown = []
    for index, word in enumerate(words):
        text, loudness = word if isinstance(word, tuple) else (word, 0.0)
        times = {"start": start + index * step, "end": start + (index + 1) * step - 0.01}
        shown.append({"text": text, **times, "loudness": loudness, "pitch": 0.0})
    kind = {"kind": "speech", "speaker": "s1", "region": None, **more}
    return {"id": f"c{number}", "start": start, "end": end, "words": shown, **kind}


def scenario(*cues, style="intention", strength=1.0, overrides=None, label="Ann"):
    document = {
        "version": 1,
        "style": {
            "name": style,
            "strength": strength,
            "parameters": {},
            "overrides": overrides or {},
        },
        "speakers": {"s1": {"label": label, "color": "#ffd23f", "pitch_hz": 180.0}},
        "cues": list(cues),
    }
    return read_scenario(json.dumps(document))


def planes(frame):
    kind = np.uint16 if "10le" in frame.format.name else np.uint8
    return [
        np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width].copy()
        for plane in frame.planes
    ]


def decoded_planes(path):
    with av.open(str(path)) as file:
        return {frame.pts: planes(frame) for frame in file.decode(video=0)}


def frame_times(path):
    with av.open(str(path)) as file:
        return [frame.pts * frame.time_base for frame in file.decode(video=0)]


def sound_packets(path):
    with av.open(str(path)) as file:
        return [
            (packet.pts * packet.time_base, bytes(packet))
            for packet in file.demux(audio=0)
            if packet.size
        ]


def shown_frame(path, seconds):
    """RGB array of the frame at ``seconds``, turned as a player would."""
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            if frame.time >= seconds - 1e-6:
                return np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)
    raise AssertionError(f"{path} ends before {seconds}")


def matrix_of(path):
    with av.open(str(path)) as file:
        data = next(file.decode(video=0)).side_data.get("DISPLAYMATRIX")
        return struct.unpack("<9i", bytes(data)[:36]) if data else None
