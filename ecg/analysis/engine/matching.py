"""Which elements of two sequences are the same, in order.

For texts of hours: first come runs that each sequence has once (as in patience sorting of
differences), then what lies between them by edit distance, so that neither memory nor time grows
with the square of the length.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Pair = tuple[int, int]
"""Index in the one sequence, and in the other."""

RUNS = (4, 2, 1)
"""Lengths of the runs that are looked for, one after the other."""
SMALL = 2_500
CELLS = 4_000_000
"""Cells of a table of edit distances: up to so many it is made at once, and never with more; what
is longer than that, without a run that is there once, is not matched."""


def matching(one: Sequence[Hashable], other: Sequence[Hashable]) -> list[Pair]:
    """Pairs of equal elements, both indices rising."""
    return _matched(one, other, 0)


def _matched(one: Sequence[Hashable], other: Sequence[Hashable], level: int) -> list[Pair]:
    if level == len(RUNS) or len(one) * len(other) <= SMALL:
        return edited(one, other)
    anchors = _anchors(one, other, RUNS[level])
    pairs: list[Pair] = []
    for (a, c), (b, d) in pairwise([(-1, -1), *anchors, (len(one), len(other))]):
        inside = _matched(one[a + 1 : b], other[c + 1 : d], level + 1)
        pairs += [(a + 1 + i, c + 1 + j) for i, j in inside]
        pairs.append((b, d))
    return pairs[:-1]


def _anchors(one: Sequence[Hashable], other: Sequence[Hashable], size: int) -> list[Pair]:
    """Where runs of ``size`` begin that both have once: the longest rising row of such pairs."""
    runs = [_runs(sequence, size) for sequence in (one, other)]
    counts = [Counter(each) for each in runs]
    at = {run: j for j, run in enumerate(runs[1]) if counts[1][run] == 1}
    pairs = [(i, at[run]) for i, run in enumerate(runs[0]) if counts[0][run] == 1 and run in at]
    ends: list[int] = []
    rows: list[int] = []
    before: list[int] = []
    for index, (_, j) in enumerate(pairs):
        place = bisect_left(ends, j)
        ends[place : place + 1] = [j]
        rows[place : place + 1] = [index]
        before.append(rows[place - 1] if place else -1)
    row: list[Pair] = []
    index = rows[-1] if rows else -1
    while index >= 0:
        row.append(pairs[index])
        index = before[index]
    return row[::-1]


def _runs(sequence: Sequence[Hashable], size: int) -> list[tuple[Hashable, ...]]:
    return [tuple(sequence[at : at + size]) for at in range(len(sequence) - size + 1)]


def edited(one: Sequence[Hashable], other: Sequence[Hashable], change: int = 3) -> list[Pair]:
    """Pairs of equal elements on the cheapest way from the one to the other: 2 for an element put
    in or left out, ``change`` for one that is changed."""
    if not one or not other or len(one) * len(other) > CELLS:
        return []
    table = _table(one, other, change)
    pairs: list[Pair] = []
    i, j = len(one), len(other)
    while i and j:
        same = one[i - 1] == other[j - 1]
        if table[i, j] == table[i - 1, j - 1] + (0 if same else change):
            i, j = i - 1, j - 1
            if same:
                pairs.append((i, j))
        elif table[i, j] == table[i - 1, j] + 2:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]


def _table(one: Sequence[Hashable], other: Sequence[Hashable], change: int) -> NDArray[np.int32]:
    """Edit distances of all beginnings (Levenshtein, with these costs), a row at a time."""
    numbers: dict[Hashable, int] = {}
    coded = [
        np.array([numbers.setdefault(element, len(numbers)) for element in sequence])
        for sequence in (one, other)
    ]
    along = 2 * np.arange(len(other) + 1, dtype=np.int32)
    table = np.empty((len(one) + 1, len(other) + 1), np.int32)
    table[0] = along
    for i, element in enumerate(coded[0], 1):
        row, last = table[i], table[i - 1]
        row[0] = 2 * i
        row[1:] = np.minimum(last[1:] + 2, last[:-1] + change * (coded[1] != element))
        row -= along
        np.minimum.accumulate(row, out=row)
        row += along
    return table
