"""Caption colours, which a browser gives in sRGB, in the way that a picture codes its light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

HDR = {"smpte2084": "PQ", "arib-std-b67": "HLG"}
"""The transfer functions of high dynamic range, by FFmpeg's names (ITU-R BT.2100)."""

WHITE = 203.0
"""cd/m² of a white caption on an HDR picture: the reference white of ITU-R BT.2408."""

_PQ_PEAK = 10_000.0
_HLG_PEAK = 1_000.0
_HLG_GAMMA = 1.2
"""The system gamma at a peak of 1000 cd/m² (BT.2100, table 5)."""
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_BT2020_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)

_FROM_BT709 = {
    "bt2020": [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]],
    "smpte432": [[0.8225, 0.1775, 0.0], [0.0332, 0.9668, 0.0], [0.0171, 0.0724, 0.9105]],
}
"""Linear RGB in BT.709's primaries → in wider ones, by FFmpeg's name: ITU-R BT.2087, and the
same computed for Display P3. Other primaries differ too little to matter for a caption."""


def coded(colour: Floats, transfer: str, primaries: str) -> Floats:
    """Colours in sRGB, 0..1 (… × 3) → the picture's own non-linear RGB 0..1.

    White is 203 cd/m² in PQ and HLG, and 1 elsewhere.
    """
    if transfer not in HDR and primaries not in _FROM_BT709:
        return colour
    light = _linear(colour)
    if primaries in _FROM_BT709:
        light = np.clip(light @ np.array(_FROM_BT709[primaries], np.float32).T, 0, 1)
    if transfer == "smpte2084":
        return _pq(light * np.float32(WHITE / _PQ_PEAK))
    if transfer == "arib-std-b67":
        return _hlg(light * np.float32(WHITE / _HLG_PEAK))
    return _srgb(light)


def _linear(colour: Floats) -> Floats:
    """IEC 61966-2-1."""
    return np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)


def _srgb(light: Floats) -> Floats:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def _pq(light: Floats) -> Floats:
    """The inverse EOTF of BT.2100, table 4; 1 is 10 000 cd/m²."""
    powered = light ** (2610 / 16384)
    c1, c2, c3 = 3424 / 4096, 2413 / 128, 2392 / 128
    return ((c1 + c2 * powered) / (1 + c3 * powered)) ** (2523 / 32)


def _hlg(light: Floats) -> Floats:
    """Light on a screen (1 is 1000 cd/m²) back through the OOTF and then the OETF of BT.2100,
    table 5."""
    luminance = np.maximum(light @ _BT2020_LUMINANCE, 1e-9)[..., None]
    scene = light * luminance ** ((1 - _HLG_GAMMA) / _HLG_GAMMA)
    low = np.sqrt(3 * scene)
    high = _HLG_A * np.log(np.maximum(12 * scene - _HLG_B, 1e-9)) + _HLG_C
    return np.where(scene <= 1 / 12, low, high)
