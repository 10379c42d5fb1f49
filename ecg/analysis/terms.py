"""Names and brands as they are written, and what the recogniser makes of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from ecg.captions.brought import MAX_TERM, MAX_TERMS
from ecg.kernel.errors import InputRefused

_ARROW = re.compile(r"\s*(?:->|\u2192)\s*")


class Term(msgspec.Struct, frozen=True):
    """``write`` is put where ``heard`` was heard; both are words with single spaces between."""

    heard: str
    write: str


def read_terms(lines: Sequence[str]) -> tuple[Term, ...]:
    """A term a line; empty lines do not count. Raises ``InputRefused``."""
    given = [line for line in lines if line.strip()]
    if len(given) > MAX_TERMS:
        raise InputRefused(f"{len(given)} terms; at most {MAX_TERMS} are allowed")
    return tuple(map(read_term, given))


def read_term(line: str) -> Term:
    """``Kubernetes``, or ``cooper netties -> Kubernetes``. Raises ``InputRefused``."""
    if len(line) > MAX_TERM:
        raise InputRefused(
            f'the term "{line.strip()[:20]}…" has {len(line)} characters; at most '
            f"{MAX_TERM} are allowed, and one term a line"
        )
    sides = [" ".join(side.split()) for side in _ARROW.split(line.strip())]
    if len(sides) > 2 or not all(any(map(str.isalnum, side)) for side in sides):
        raise InputRefused(
            f'"{line.strip()}" is no term; write "Kubernetes", or what is heard and what to write: '
            '"cooper netties -> Kubernetes"'
        )
    return Term(sides[0], sides[-1])
