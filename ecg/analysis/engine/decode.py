"""Any container's sound track → 16 kHz mono, block by block, on the file's own clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from numpy.typing import NDArray

from ecg.kernel.errors import MediaRefused
from ecg.media.opened import open_media, origin, sounds

Sound: TypeAlias = NDArray[np.float32]
"""Mono samples at ``RATE``, full scale 1.0; shape (n,)."""

RATE = 16_000
_JITTER = RATE // 25
"""Samples by which packets' times may stray (rounded time bases) before silence is put in."""


def decode(path: Path, audio_track: int) -> Iterator[Sound]:
    """Yields the whole track in order, in blocks of any size.

    Sample 0 is the moment the file begins to play (``ecg.media.opened.origin``), also where
    the track itself starts later; holes in the track's times become silence. A packet that
    cannot be decoded is a hole. Raises ``MediaRefused`` where there is no such track.
    """
    with open_media(path) as container:
        stream = _track(container, path, audio_track)
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        begin = float(origin(container))
        written = 0
        for frame in _frames(container, stream):
            at = written
            if frame.time is not None:
                at = round((frame.time - begin) * RATE)
            for block in resampler.resample(frame):
                hole = at - written if abs(at - written) > _JITTER else 0
                samples = _samples(block)[max(0, -hole) :]
                if hole > 0:
                    yield np.zeros(hole, np.float32)
                yield samples
                written += max(0, hole) + len(samples)
                at = written
        for block in resampler.resample(None):
            yield _samples(block)


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


def _samples(block: AudioFrame) -> Sound:
    return block.to_ndarray().reshape(-1).astype(np.float32) / np.float32(32768)
