"""Long short-term memory (Hochreiter and Schmidhuber 1997) in numpy, with weights as PyTorch has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_STEPS = 16
"""Steps whose inputs are weighed at once: one product of matrices that are large, while what it
gives is still in the processor's cache when it is used."""
_ROWS = 4
"""Rows that products of matrices take at once: 11 of them need longer than 12."""


class Layer(NamedTuple):
    """One layer that goes one way or two: what its inputs and its own last state bring to the gates
    (ways, width, 4 size) and (ways, size, 4 size), and their bias (ways, 1, 4 size)."""

    inputs: Floats
    hidden: Floats
    bias: Floats


def layer(weights: Mapping[str, Floats], names: Sequence[str]) -> Layer:
    """From the tensors of a checkpoint; ``names`` as "l0" and "l0_reverse", one for each way."""
    inputs, hidden = (
        np.stack([_gates(weights[f"lstm.weight_{which}_{name}"].T) for name in names])
        for which in ("ih", "hh")
    )
    biases = (weights[f"lstm.bias_ih_{name}"] + weights[f"lstm.bias_hh_{name}"] for name in names)
    return Layer(inputs, hidden, np.stack([_gates(bias[None]) for bias in biases]))


def _gates(columns: Floats) -> Floats:
    """In, forget, new and out → in, forget, out and new; those that let through are halved, as they
    are sigmoids and sigmoid(x) = (1 + tanh(x / 2)) / 2."""
    let_in, keep, new, let_out = np.split(columns, 4, axis=-1)
    half = np.float32(0.5)
    return np.concatenate((let_in * half, keep * half, let_out * half, new), axis=-1)


def states(values: Floats, layer: Layer) -> Floats:
    """Hidden states (ways, time, n, size) for ``values`` (ways, time, n, width), each way in the
    order in which it hears them."""
    real = values.shape[2]
    if real % _ROWS:
        values = np.pad(values, ((0, 0), (0, 0), (0, -real % _ROWS), (0, 0)))
    ways, time, count, width = values.shape
    size = layer.hidden.shape[1]
    found = np.empty((ways, time, count, size), np.float32)
    state = np.zeros((ways, count, size), np.float32)
    cell = np.zeros_like(state)
    gate = np.empty((ways, count, 4 * size), np.float32)
    lets, half = gate[..., : 3 * size], np.float32(0.5)
    let_in, keep, let_out, new = (gate[..., n * size : (n + 1) * size] for n in range(4))
    for begin in range(0, time, _STEPS):
        part = values[:, begin : begin + _STEPS].reshape(ways, -1, width)
        brought = (part @ layer.inputs + layer.bias).reshape(ways, -1, count, 4 * size)
        for step in range(brought.shape[1]):
            np.matmul(state, layer.hidden, out=gate)
            gate += brought[:, step]
            np.tanh(gate, out=gate)
            lets *= half
            lets += half
            cell *= keep
            new *= let_in
            cell += new
            state = found[:, begin + step]
            np.tanh(cell, out=state)
            state *= let_out
    return found[:, :, :real]
