"""How closely two neighbouring words belong together: where a cue or a line may end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from ecg.captions.languages import (
    BINDING,
    CAPITAL_NOUNS,
    CLOSING,
    DEPENDENT,
    DEPENDENT_STEMS,
    LEANING,
    NAME_LINKS,
    NUMBERS,
    OPENING,
    POSTPOSITIONS,
    TITLES,
)
from ecg.captions.lines import break_lines
from ecg.captions.text import ends_clause, ends_sentence, joined, width

Bond = Literal["sentence", "clause", "before", "open", "leaning", "binding", "close", "name"]
"""What a cut between two words would cut: the end of a sentence or of a clause; what stands
*before* a conjunction, preposition or article; an *open* place; what *leans* on the next word,
as a pronoun or a conjunction does; an article, determiner or preposition and its noun (*binding*);
a number and what it counts, a noun and its particle (*close*); a *name*."""

LONGEST_BOUND: dict[Bond, float] = {"name": 0.7, "close": 0.7, "binding": 0.5}
"""The part of a line that words which belong together may fill and still be kept on one."""

_AROUND = OPENING + CLOSING + "."
_NUMERAL = re.compile(r"[^\w\s]?\d[\d.,:/]*%?")
_INITIAL = re.compile(r"(?:[^\W\d_]\.)+")


def bonds(texts: Sequence[str], language: str) -> list[Bond]:
    """The bond before each of ``texts`` but the first."""
    return [_bond(texts, index, language) for index in range(1, len(texts))]


def bound_words(
    texts: Sequence[str],
    language: str,
    characters: float,
    *,
    kinds: Sequence[Bond] = tuple(LONGEST_BOUND),
    lines: int | None = None,
) -> frozenset[int]:
    """Indices of the words that belong to the next by a bond of ``kinds`` and shall stand on one
    line of ``characters`` with it; where ``lines`` are given, only what leaves them enough."""
    bound: set[int] = set()
    found = bonds(texts, language)
    for kind in kinds:
        wanted = {at for at, bond in enumerate(found) if bond == kind}
        # from the noun to its article: bound to an article alone, a word has nothing from it
        for index in sorted(wanted, reverse=True):
            first, last = index, index + 1
            while first - 1 in bound:
                first -= 1
            while last in bound:
                last += 1
            wide = width(joined(texts[first : last + 1]), language)
            loose = index + 1 in wanted and index + 1 not in bound
            if loose or wide > LONGEST_BOUND[kind] * characters:
                continue
            more = bound | {index}
            if lines is None or len(break_lines(texts, language, characters, more)) <= lines:
                bound = more
    return frozenset(bound)


def _bond(texts: Sequence[str], index: int, language: str) -> Bond:
    before, after = texts[index - 1], texts[index]
    leaning = LEANING.get(language, LEANING["en"])
    bare, following = before.strip(_AROUND).lower(), after.strip(_AROUND).lower()
    counts = (_NUMERAL.fullmatch(before) or bare in NUMBERS) and following not in leaning
    abbreviated = before.endswith(".") and after[:1].islower()
    kinds: tuple[tuple[Bond, bool], ...] = (
        ("name", _in_name(texts, index, language)),
        ("sentence", ends_sentence(before) and not abbreviated),
        ("clause", ends_clause(before)),
        ("close", bool(counts) or _hung_on(after, language)),
        ("binding", bare in BINDING.get(language, BINDING["en"])),
        ("leaning", bare in leaning),
        ("before", following in leaning),
    )
    for kind, holds in kinds:
        if holds:
            return kind
    return "open"


def _in_name(texts: Sequence[str], index: int, language: str) -> bool:
    """A title and a name, capitals in a row, small links between them. Where every noun has a
    capital only titles and initials tell."""
    before, after = texts[index - 1], texts[index]
    bare = before.strip(OPENING + CLOSING)
    if bare.rstrip(".").lower() in TITLES:
        return bare.endswith(".") or _capital(after, language)
    if _INITIAL.fullmatch(bare):
        alone = len(bare) == 2 or after.strip(_AROUND).lower() not in LEANING.get(language, ())
        return bare[0].isupper() and _capital(after, language) and alone
    if language in CAPITAL_NOUNS or ends_sentence(before) or ends_clause(before):
        return False
    if after in NAME_LINKS:
        beyond = texts[index + 1] if index + 1 < len(texts) else ""
        return _capital(before, language) and _capital(beyond, language)
    if before in NAME_LINKS:
        return index > 1 and _capital(texts[index - 2], language) and _capital(after, language)
    return _capital(before, language) and (_capital(after, language) or after[:1].isdigit())


def _capital(text: str, language: str) -> bool:
    """Whether a word may be part of a name; capitals alone tell nothing where all is in them."""
    bare = text.strip(_AROUND)
    lower = bare.lower()
    if language == "en" and (lower == "i" or lower[:2] in {"i'", "i’"}):
        return False
    return bare[:1].isupper() and lower not in LEANING.get(language, LEANING["en"])


def _hung_on(after: str, language: str) -> bool:
    stem = after.strip(_AROUND)
    hung_on = DEPENDENT.get(language, frozenset()) | POSTPOSITIONS.get(language, frozenset())
    return stem in hung_on or stem.startswith(DEPENDENT_STEMS.get(language, ()))
