"""The contour of a whole file: how high and how loud it is every 10 ms, for a timeline to draw.

16 bytes of head (``ECGC``, version as uint16, milliseconds of a frame as uint16, number of frames as
uint32, 0 as uint32), then F0 of all frames as uint16 in tenths of a hertz, 0 where nothing is voiced
or nobody speaks, then the level of all frames as int16 in hundredths of dBFS. Little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecg.analysis.engine.prosody import HOP, levels
from ecg.analysis.engine.regions import Piece

Floats = NDArray[np.float32]

HEAD = struct.Struct("<4sHHII")
MAGIC, VERSION, FRAME_MS = b"ECGC", 1, 10


def piece_levels(piece: Piece) -> Floats:
    """Level in dBFS of each frame of a piece, counted on the file's clock, so that no piece shifts the
    next."""
    found = levels(piece.sound).astype(np.float32)
    frames = round(piece.end / HOP) - round(piece.start / HOP)
    return np.pad(found[:frames], (0, max(0, frames - len(found))), constant_values=-120)


def packed(level: Sequence[Floats], voiced: Sequence[tuple[int, Floats]]) -> bytes:
    """The contour of pieces in a row. ``voiced``: F0 in Hz of 10 ms frames, from a sample on."""
    loud = np.concatenate([np.zeros(0, np.float32), *level])
    high = np.zeros(len(loud), np.float32)
    for start, f0 in voiced:
        room = high[round(start / HOP) :][: len(f0)]
        room[:] = f0[: len(room)]
    head = HEAD.pack(MAGIC, VERSION, FRAME_MS, len(loud), 0)
    return (
        head
        + np.rint(high * 10).astype("<u2").tobytes()
        + np.rint(loud * 100).astype("<i2").tobytes()
    )
