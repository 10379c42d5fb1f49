"""What is found of a file on the way, on disk until all of it is there.

In memory it would lie between what each window takes and frees, and what is free between what is kept
cannot be given back: three hours held 130 MB more than five minutes, though they keep 40
(docs/decisions/0048).
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecg.analysis.engine.assemble import Measured
from ecg.analysis.engine.speakers import Voiced
from ecg.captions.transcript import Note

Floats = NDArray[np.float32]


class Sounding(NamedTuple):
    """What is measured of a piece: its samples [start, end), loudness in dBFS and F0 in Hz, each 10 ms, how
    likely singing and music are, as often, its voices, and where two of them speak at once, seconds
    of the file."""

    start: int
    end: int
    level: Floats
    f0: Floats
    likely: Floats
    voices: list[Voiced]
    overlaps: list[tuple[float, float]]


class Said(NamedTuple):
    """The words of a window, and what there is to tell of it."""

    words: list[Measured]
    notes: list[Note]


def keep(part: Sounding | Said, file: IO[bytes]) -> None:
    pickle.dump(part, file, pickle.HIGHEST_PROTOCOL)


def kept(file: IO[bytes]) -> Iterator[Sounding | Said]:
    """What was kept in ``file``, in that order. The file must be one that nobody else can write, as
    what is unpickled can do anything."""
    end = file.tell()
    file.seek(0)
    while file.tell() < end:
        yield pickle.load(file)  # noqa: S301 - of a file without a name
