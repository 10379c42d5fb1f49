"""What was heard, written as somebody wants it written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ecg.analysis.engine.pronounce import plain
from ecg.analysis.engine.transcribe import Heard
from ecg.analysis.terms import Term

_AROUND = re.compile(r"^(\W*).*?(\W*)$", re.DOTALL)


def hotwords(terms: Sequence[Term]) -> str | None:
    """What the recogniser is told to expect, the first terms first, as it takes about 200 tokens.

    With commas between it got 25 of 30 names in synthetic speech right, without commas 23, told nothing
    7; the same as by its first prompt, which would hold for the first 30 s of a sound alone.
    """
    return ", ".join(dict.fromkeys(term.write for term in terms)) or None


def rewritten(words: Sequence[Heard], terms: Sequence[Term]) -> list[Heard]:
    """The words with each term as it is written, longer ones first. Capitals and the marks around do
    not count in finding it; the marks stay. Its words share the time of those they replace."""
    wanted = sorted(
        ((tuple(map(plain, term.heard.split())), term.write.split()) for term in terms),
        key=lambda pair: -len(pair[0]),
    )
    said = [plain(word.text) for word in words]
    done: list[Heard] = []
    at = 0
    while at < len(words):
        fits = (pair for pair in wanted if tuple(said[at : at + len(pair[0])]) == pair[0])
        heard, write = next(fits, ((), [""]))
        size = len(heard)
        done += _written(words[at : at + size], write) if size else [words[at]]
        at += size or 1
    return done


def _written(heard: Sequence[Heard], write: list[str]) -> list[Heard]:
    before, after = _marks(heard[0].text)[0], _marks(heard[-1].text)[1]
    start, end = heard[0].start, heard[-1].end
    total, done = sum(map(len, write)), 0
    words: list[Heard] = []
    for number, text in enumerate(write):
        begins = start + (end - start) * done / total
        done += len(text)
        words.append(
            Heard(
                text=before * (number == 0) + text + after * (number == len(write) - 1),
                start=begins,
                end=start + (end - start) * done / total,
                confidence=min(word.confidence for word in heard),
                phrase=heard[0].phrase,
                timing=heard[0].timing,
            )
        )
    return words


def _marks(text: str) -> tuple[str, str]:
    found = _AROUND.match(text)
    return (found[1], found[2]) if found else ("", "")
