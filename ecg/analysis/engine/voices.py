"""What a voice is like: GE2E embeddings (Wan et al. 2018, "Generalized end-to-end loss for speaker
verification"), by the weights of Resemblyzer run in numpy.

Its checkpoint is a pickle, which can name any code; only plain arrays are read out of it.
"""

from __future__ import annotations

import functools
import io
import math
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

from ecg.analysis.engine.decode import RATE, Sound
from ecg.analysis.engine.lstm import Floats, layer, states
from ecg.kernel.errors import EngineFailed

FRAMES = 160
"""Frames of 10 ms that the network was trained on at a time."""
SPAN = FRAMES * RATE // 100
"""Samples of them."""
_FFT, _HOP, _MELS = 400, RATE // 100, 40
_LAYERS = 3
_LEVEL = 10 ** (-30 / 20)
"""RMS that the network was trained at."""
_BATCH = 64
"""Windows run together: enough for the processor, 25 MB of memory."""


class _Storage:
    """Stands for a storage class of PyTorch: floats whose bytes come later in the file."""


def tensor(storage: Floats, offset: int, size: tuple[int, ...], *_: object) -> Floats:
    """A view, as the storage is filled later; tensors whose rows are not in order do not occur."""
    return storage[offset : offset + math.prod(size)].reshape(size)


class _Unpickler(pickle.Unpickler):
    """Knows the few names that a checkpoint of plain tensors holds, and no other."""

    _KNOWN: ClassVar[dict[tuple[str, str], Any]] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): tensor,
        ("torch", "FloatStorage"): _Storage,
    }

    def __init__(self, file: BinaryIO, most: int = 0) -> None:
        super().__init__(file)
        self.storages: dict[str, Floats] = {}
        self._left = most

    def find_class(self, module: str, name: str, /) -> Any:
        try:
            return self._KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not let in") from None

    def persistent_load(self, pid: Any, /) -> Floats:
        _, _, key, _, size, _ = pid
        if key not in self.storages:
            self._left -= size
            if self._left < 0:
                raise pickle.UnpicklingError("more numbers than the file holds")
            self.storages[key] = np.zeros(size, np.float32)
        return self.storages[key]


def read_checkpoint(data: bytes) -> dict[str, Floats]:
    """The named tensors under ``model_state`` of a PyTorch checkpoint (the format before 1.6,
    little-endian floats). Raises ``EngineFailed`` for anything else."""
    file = io.BytesIO(data)
    try:
        for _ in range(3):  # magic number, protocol, sizes of integers
            _Unpickler(file).load()
        whole = _Unpickler(file, len(data) // 4)
        state = whole.load()["model_state"]
        for key in _Unpickler(file).load():
            count = int.from_bytes(file.read(8), "little")
            storage = whole.storages[key]
            if count != len(storage):
                raise EngineFailed("the voice model is damaged")
            storage[:] = np.frombuffer(file.read(4 * count), "<f4")
    except (pickle.UnpicklingError, KeyError, TypeError, ValueError, EOFError, AttributeError):
        raise EngineFailed("the voice model is not what was expected") from None
    return {name: np.ascontiguousarray(value) for name, value in state.items()}


class Voices:
    """The network. ``embed`` may be called from one thread at a time."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        self._layers = [layer(weights, [f"l{n}"]) for n in range(_LAYERS)]
        self._out = weights["linear.weight"].T.copy(), weights["linear.bias"]

    def embed(self, windows: list[Sound]) -> Floats:
        """One direction of length 1 for each window of ``SPAN`` samples or fewer; (n, 256)."""
        parts = (windows[n : n + _BATCH] for n in range(0, len(windows), _BATCH))
        return np.concatenate([self._run(part) for part in parts])

    def _run(self, windows: list[Sound]) -> Floats:
        mels = np.stack([mel(levelled(window)) for window in windows], axis=1)
        values = mels[None]  # one way, time, windows, bands
        for each in self._layers:
            values = states(values, each)
        matrix, bias = self._out
        raw = np.maximum(values[0, -1] @ matrix + bias, 0)
        return raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), np.float32(1e-9))


@functools.lru_cache(maxsize=1)
def load_voices(path: Path) -> Voices:
    """From Resemblyzer's checkpoint. Raises ``EngineFailed`` where it is not one."""
    return Voices(read_checkpoint(path.read_bytes()))


def levelled(sound: Sound) -> Sound:
    """As loud as the network's training was."""
    rms = float(np.sqrt(np.mean(sound.astype(np.float64) ** 2))) if len(sound) else 0.0
    return sound * np.float32(_LEVEL / max(rms, 1e-5))


def mel(sound: Sound) -> Floats:
    """Power in mel bands of the first ``FRAMES`` frames, (160, 40); what lacks is silence."""
    padded = np.zeros(SPAN + _FFT, np.float32)
    padded[_FFT // 2 : _FFT // 2 + min(len(sound), SPAN)] = sound[:SPAN]
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP][:FRAMES]
    power = np.abs(np.fft.rfft(frames * _window(), axis=1)) ** 2
    return (power @ _filters()).astype(np.float32)


@functools.lru_cache(maxsize=1)
def _window() -> Floats:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT) / _FFT)).astype(np.float32)


@functools.lru_cache(maxsize=1)
def _filters() -> NDArray[np.float64]:
    """Triangles of equal area on Slaney's mel scale (Auditory Toolbox, 1998): linear to 1 kHz, 27
    steps to 6.4 kHz from there; (201, 40)."""
    top = 15 + 27 * math.log(RATE / 2 / 1000) / math.log(6.4)
    steps: NDArray[np.float64] = np.linspace(0, top, _MELS + 2)
    edges: NDArray[np.float64] = np.where(
        steps < 15, steps * 200 / 3, 1000 * 6.4 ** ((steps - 15) / 27)
    )
    bins = np.arange(_FFT // 2 + 1)[:, None] * RATE / _FFT
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)
