"""Any container's sound track → 16 kHz mono, block by block, on the file's own clock."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from numpy.typing import NDArray

from ecg.kernel.errors import MediaRefused
from ecg.media.info import VIDEO_LIMITS, VideoLimits, check_duration
from ecg.media.opened import open_media, origin, sounds

Sound: TypeAlias = NDArray[np.float32]
"""Mono samples at ``RATE``, full scale 1.0; shape (n,)."""

RATE = 16_000
_SILENCE = 60 * RATE
"""Samples of silence made at once: bounds memory whatever times a file claims."""
_CANCELLED = 20.0
"""Power of the difference of two channels over that of their sum from which they cancel. Two people,
one in each channel, give 1."""
_JITTER = RATE // 25
"""Samples by which packets' times may stray (rounded time bases) before silence is put in."""


def decode(path: Path, audio_track: int, limits: VideoLimits = VIDEO_LIMITS) -> Iterator[Sound]:
    """Yields the whole track in order, in blocks of any size.

    Sample 0 is the moment the file begins to play (``ecg.media.opened.origin``), also where
    the track itself starts later; holes in the track's times become silence. A packet that
    cannot be decoded is a hole. Raises ``MediaRefused`` where there is no such track, or where
    it is longer than ``limits``.
    """
    with open_media(path) as container:
        stream = _track(container, path, audio_track)
        begin = float(origin(container))
        written = 0
        for time, samples in _resampled(_frames(container, stream)):
            at = written if time is None else round((time - begin) * RATE)
            hole = at - written if abs(at - written) > _JITTER else 0
            new = samples[max(0, -hole) :]
            end = written + max(0, hole) + len(new)
            check_duration(end / RATE, limits, str(path))
            yield from _silence(hole)
            yield new
            written = end


def stretches(blocks: Iterable[Sound], spans: Iterable[tuple[int, int]]) -> Iterator[Sound]:
    """Yields the samples [start, end) of each span, in order of start, of a sound that comes in
    ``blocks``; what would lie behind its end is missing."""
    coming = iter(blocks)
    kept, begin = np.zeros(0, np.float32), 0
    for start, end in spans:
        parts, size = [kept], len(kept)
        while begin + size < end and (block := next(coming, None)) is not None:
            parts.append(block)
            size += len(block)
            if begin + size <= start:
                begin, parts, size = begin + size, [], 0
        kept = np.concatenate([np.zeros(0, np.float32), *parts])
        kept, begin = kept[max(0, start - begin) :], max(begin, start)
        yield kept[: end - start]


def _track(container: InputContainer, path: Path, audio_track: int) -> av.AudioStream:
    tracks = sounds(container)
    if not tracks:
        raise MediaRefused(f"{path}: has no sound track, so there is nothing to listen to")
    if audio_track >= len(tracks):
        there = "only one sound track" if len(tracks) == 1 else f"{len(tracks)} sound tracks"
        raise MediaRefused(
            f"{path}: has {there}, numbered from 0; sound track {audio_track} does not exist"
        )
    return tracks[audio_track]


def _frames(container: InputContainer, stream: av.AudioStream) -> Iterator[AudioFrame]:
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue


def _resampled(frames: Iterable[AudioFrame]) -> Iterator[tuple[float | None, Sound]]:
    """Sound at ``RATE`` with its time, where that is known. A track may change its channels or
    rate on the way, as broadcasts do between programmes."""
    for _, alike in itertools.groupby(frames, key=_form):
        first = next(alike)
        layout = "stereo" if first.layout.nb_channels == 2 else "mono"
        resampler = av.AudioResampler(format="s16", layout=layout, rate=RATE)
        for frame in itertools.chain([first], alike):
            time = frame.time
            for block in resampler.resample(frame):
                yield time, _samples(block)
                time = None
        for block in resampler.resample(None):
            yield None, _samples(block)


def _form(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _silence(samples: int) -> Iterator[Sound]:
    for done in range(0, samples, _SILENCE):
        yield np.zeros(min(_SILENCE, samples - done), np.float32)


def _samples(block: AudioFrame) -> Sound:
    samples = block.to_ndarray().reshape(-1).astype(np.float32) / np.float32(32768)
    return mixed(samples.reshape(-1, 2)) if block.layout.nb_channels == 2 else samples


def mixed(pairs: Sound) -> Sound:
    """Both channels as one; (n, 2) → (n,). Where one is the other turned around, as badly wired
    microphones give it, their sum is next to nothing and their difference is what is heard."""
    half = pairs * np.float32(0.5)
    together, apart = half[:, 0] + half[:, 1], half[:, 0] - half[:, 1]
    cancelled = _CANCELLED * np.dot(together, together) < np.dot(apart, apart)
    return (apart if cancelled else together).astype(np.float32, copy=False)
