"""Where two people speak at once: pyannote's segmentation model (Bredin and Laurent 2021, "End-to-end
speaker segmentation for overlap-aware resegmentation") run in numpy.

Its weights are in WhisperX's wheel, which asks them only whether anybody speaks. The checkpoint is a
pickle, which can name any code; what it names stands for nothing here but plain arrays.
"""

from __future__ import annotations

import functools
import io
import pickle
import zipfile
import zlib
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg.analysis.engine.decode import RATE, Sound
from ecg.analysis.engine.lstm import Floats, layer, states
from ecg.analysis.engine.voices import tensor
from ecg.kernel.errors import EngineFailed

SPAN = 5 * RATE
"""Samples that the network was trained on at a time."""
STEP = SPAN // 2
LIKELY = 0.6
"""How likely two speak at once, from which it is told."""
LEAST = 0.3
"""Seconds for which they do so at least."""
JOIN = 0.2
"""Seconds of a gap that does not part two such spans."""
_BATCH = 12
"""Spans run together: all of a window that is heard at once."""
_LAYERS = 4
_KERNEL, _STRIDE = 251, 10
_LEAST_HZ = 50
_FRAME, _FIRST = 270, 495
"""Samples from one of the network's frames to the next, and to the middle of the first."""
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, pickle.UnpicklingError, EOFError),
    *(AttributeError, LookupError, TypeError, ValueError),
)
_DTYPES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "LongStorage": "<i8"}


class _Nothing:
    """Stands for whatever else a checkpoint names."""

    def __init__(self, *_: object) -> None:
        pass


class _Unpickler(pickle.Unpickler):
    """Knows tensors; every other name is ``_Nothing``."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{root}/data.pkl")))
        self._archive, self._root = archive, root
        self._storages: dict[str, NDArray[Any]] = {}

    def find_class(self, module: str, name: str, /) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return tensor
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        return type(name, (_Nothing,), {})

    def persistent_load(self, pid: Any, /) -> NDArray[Any]:
        _, dtype, key, *_ = pid
        if key not in self._storages:  # which many tensors may be views of
            data = self._archive.read(f"{self._root}/data/{key}")
            self._storages[key] = np.frombuffer(data, dtype)
        return self._storages[key]


def read_archive(path: Path) -> dict[str, Floats]:
    """The named tensors under ``state_dict`` of a PyTorch checkpoint (the format since 1.6). Raises
    ``EngineFailed`` for anything else."""
    try:
        with zipfile.ZipFile(path) as archive:
            root = archive.namelist()[0].split("/")[0]
            state = _Unpickler(archive, root).load()["state_dict"]
        return {name: np.ascontiguousarray(value, np.float32) for name, value in state.items()}
    except _DAMAGE:
        raise EngineFailed("the model of overlapping speech is not what was expected") from None


class Segmentation:
    """The network (PyanNet): filters, four layers that hear both ways, three speakers."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        self._weights = weights
        sinc = "sincnet.conv1d.0.filterbank."
        names = ("low_hz_", "band_hz_", "n_", "window_")
        self._filters = _filters(*(weights[sinc + name] for name in names))
        self._layers = [layer(weights, [f"l{n}", f"l{n}_reverse"]) for n in range(_LAYERS)]

    def together(self, sound: Sound) -> Floats:
        """How likely at least two people speak, 0..1, in each 10 ms."""
        starts = range(0, max(1, len(sound) - SPAN + STEP), STEP)
        padded = np.pad(sound, (0, starts[-1] + SPAN - len(sound)))
        total = np.zeros(len(padded) * 100 // RATE, np.float32)
        times = np.zeros_like(total)
        size = SPAN * 100 // RATE
        for first in range(0, len(starts), _BATCH):
            part = starts[first : first + _BATCH]
            second = np.sort(self._run([padded[at : at + SPAN] for at in part]), axis=2)[:, :, 1]
            clock = np.arange(_FIRST, SPAN, _FRAME)[: second.shape[1]]
            for at, likely in zip(part, second, strict=True):
                frames = slice(at * 100 // RATE, at * 100 // RATE + size)
                total[frames] += np.interp((np.arange(size) + 0.5) * RATE / 100, clock, likely)
                times[frames] += 1
        return (total / times)[: len(sound) * 100 // RATE]

    def _run(self, spans: list[Sound]) -> Floats:
        """Of each span how likely each of three speaks; (spans, frames, 3)."""
        values = np.stack([self._heard(span) for span in spans], axis=1)
        for each in self._layers:
            ahead, back = states(np.stack((values, values[::-1])), each)
            values = np.concatenate((ahead, back[::-1]), axis=2)
        time, count, width = values.shape
        flat = values.reshape(-1, width)
        for name in ("linear.0", "linear.1"):
            flat = _leaky(self._linear(flat, name))
        likely = 0.5 + 0.5 * np.tanh(0.5 * self._linear(flat, "classifier"))
        return likely.reshape(time, count, -1).transpose(1, 0, 2).astype(np.float32)

    def _heard(self, span: Sound) -> Floats:
        """(frames, 60): a bank of filters and two convolutions, each followed by the largest of
        three neighbours."""
        sound = self._normed(span[:, None], "sincnet.wav_norm1d")[:, 0]
        windows = np.lib.stride_tricks.sliding_window_view(sound, _KERNEL)[::_STRIDE]
        values: Floats = np.abs(np.ascontiguousarray(windows) @ self._filters)
        for n in range(3):
            if n:
                kernel = self._weights[f"sincnet.conv1d.{n}.weight"]
                near = np.lib.stride_tricks.sliding_window_view(values, kernel.shape[2], axis=0)
                flat = kernel.reshape(len(kernel), -1)
                bias = self._weights[f"sincnet.conv1d.{n}.bias"]
                values = near.reshape(len(near), -1) @ flat.T + bias
            values = values[: len(values) // 3 * 3].reshape(-1, 3, values.shape[1]).max(axis=1)
            values = _leaky(self._normed(values, f"sincnet.norm1d.{n}"))
        return values

    def _normed(self, values: Floats, name: str) -> Floats:
        scaled = (values - values.mean(axis=0)) / np.sqrt(values.var(axis=0) + np.float32(1e-5))
        return scaled * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]

    def _linear(self, values: Floats, name: str) -> Floats:
        return values @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]


@functools.lru_cache(maxsize=1)
def load_segmentation(path: Path) -> Segmentation:
    """From pyannote's checkpoint. Raises ``EngineFailed`` where it is not one."""
    return Segmentation(read_archive(path))


def overlaps(network: Segmentation, sound: Sound) -> list[tuple[float, float]]:
    """Spans in which at least two people speak, in seconds."""
    likely = network.together(sound) > LIKELY
    edges = np.flatnonzero(np.diff(np.concatenate(([False], likely, [False])).astype(np.int8)))
    spans: list[tuple[float, float]] = []
    for start, end in (edges.reshape(-1, 2) / 100).tolist():
        if spans and start - spans[-1][1] <= JOIN:
            spans[-1] = spans[-1][0], end
        else:
            spans.append((start, end))
    return [(start, end) for start, end in spans if end - start >= LEAST]


def _leaky(values: Floats) -> Floats:
    return np.maximum(values, np.float32(0.01) * values)


def _filters(low: Floats, band: Floats, times: Floats, window: Floats) -> Floats:
    """Band-pass filters, even and odd, from their learnt edges in Hz (Ravanelli and Bengio 2018,
    "Speaker recognition from raw waveform with SincNet"); (251, 80)."""
    lower = _LEAST_HZ + np.abs(low.astype(np.float64))
    upper = np.clip(lower + _LEAST_HZ + np.abs(band), _LEAST_HZ, RATE / 2)
    width = 2 * (upper - lower)
    one, other = lower * times, upper * times
    even = (np.sin(other) - np.sin(one)) / (times / 2) * window / width
    odd = (np.cos(one) - np.cos(other)) / (times / 2) * window / width
    middle = np.ones_like(lower)
    evens = np.concatenate((even, middle, even[:, ::-1]), axis=1)
    odds = np.concatenate((odd, 0 * middle, -odd[:, ::-1]), axis=1)
    return np.concatenate((evens, odds)).T.astype(np.float32).copy()
