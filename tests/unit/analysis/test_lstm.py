from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecg.analysis.engine.lstm import layer, states

RANDOM = np.random.default_rng(3)
WIDTH, SIZE, TIME, COUNT = 5, 4, 37, 3


def spelled_out(values: NDArray, weights: dict[str, NDArray], name: str) -> NDArray:
    """As PyTorch's documentation defines it: gates in, forget, new and out."""

    def sigmoid(x: NDArray) -> NDArray:
        return 1 / (1 + np.exp(-x))

    found, state, cell = [], np.zeros((COUNT, SIZE)), np.zeros((COUNT, SIZE))
    for value in values:
        gates = value @ weights[f"lstm.weight_ih_{name}"].T + weights[f"lstm.bias_ih_{name}"]
        gates += state @ weights[f"lstm.weight_hh_{name}"].T + weights[f"lstm.bias_hh_{name}"]
        let_in, keep, new, let_out = np.split(gates, 4, axis=1)
        cell = sigmoid(keep) * cell + sigmoid(let_in) * np.tanh(new)
        state = sigmoid(let_out) * np.tanh(cell)
        found.append(state)
    return np.stack(found)


def test_a_layer_gives_what_its_formula_does_each_way() -> None:
    names = ["l0", "l0_reverse"]
    sizes = {"weight_ih": WIDTH, "weight_hh": SIZE, "bias_ih": 0, "bias_hh": 0}
    weights = {
        f"lstm.{what}_{name}": RANDOM.standard_normal(
            (4 * SIZE, width) if width else 4 * SIZE
        ).astype(np.float32)
        for name in names
        for what, width in sizes.items()
    }
    values = RANDOM.standard_normal((TIME, COUNT, WIDTH)).astype(np.float32)
    found = states(np.stack((values, values[::-1])), layer(weights, names))
    assert found.shape == (2, TIME, COUNT, SIZE)
    for way, said, name in zip(found, (values, values[::-1]), names, strict=True):
        np.testing.assert_allclose(way, spelled_out(said, weights, name), atol=2e-5)
