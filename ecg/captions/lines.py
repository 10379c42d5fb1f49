"""Breaking words into lines, where neither the browser nor a player does it."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from ecg.captions.text import between, joined, width


def lines_of(
    words: Sequence[str], language: str, characters: float, bound: AbstractSet[int] = frozenset()
) -> list[str]:
    """The text of ``break_lines``."""
    broken = break_lines(words, language, characters, bound)
    return [joined(words[i] for i in line) for line in broken]


def break_lines(
    words: Sequence[str], language: str, characters: float, bound: AbstractSet[int] = frozenset()
) -> list[list[int]]:
    """Words broken into as few lines as fit ``characters``, the lines as even as they go.

    Each line is the indices of its words; a word of ``bound`` stands on one line with the next. A
    word wider than a line stands alone on one.
    """
    chains = _chains(words, bound)
    widths = [width(joined(words[i] for i in chain), language) for chain in chains]
    gaps = [width(_gap(words, chain), language) for chain in chains]
    lines = _filled(widths, gaps, characters)
    if len(lines) > 1:
        low, high = min(max(widths), characters), characters
        for _ in range(12):
            middle = (low + high) / 2
            if len(_filled(widths, gaps, middle)) > len(lines):
                low = middle
            else:
                high = middle
        lines = _filled(widths, gaps, high)
    return [[index for at in line for index in chains[at]] for line in lines]


def _chains(words: Sequence[str], bound: AbstractSet[int]) -> list[list[int]]:
    chains: list[list[int]] = []
    for index in range(len(words)):
        if chains and index - 1 in bound:
            chains[-1].append(index)
        else:
            chains.append([index])
    return chains


def _gap(words: Sequence[str], chain: Sequence[int]) -> str:
    return between(words[chain[0] - 1], words[chain[0]]) if chain[0] else ""


def _filled(widths: Sequence[float], gaps: Sequence[float], characters: float) -> list[list[int]]:
    lines: list[list[int]] = []
    filled = 0.0
    for index, wide in enumerate(widths):
        if lines and filled + gaps[index] + wide <= characters:
            lines[-1].append(index)
            filled += gaps[index] + wide
        else:
            lines.append([index])
            filled = wide
    return lines
