"""How an English word that the dictionary may not hold is likely spoken, in ARPAbet phones.

Alignment only needs to know roughly which sounds to look for, so a guess places a name or a
number nearly as well as the dictionary's own entry does (bench/speech.py measures it).
"""

from __future__ import annotations

import re
from collections.abc import Callable

Lookup = Callable[[str], str | None]
"""Dictionary word → its phones, separated by spaces."""

_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d\u2013\u2014", "''\"\"--")
_signs = {"%": "percent", "&": "and", "+": "plus", "@": "at", "=": "equals", "#": "number"}
_signs |= {"$": "dollars", "€": "euros", "£": "pounds", "°": "degrees"}
_PIECE = re.compile(r"\d[\d,]*(?:\.\d+)?|[a-z]+(?:'[a-z]+)*|[%&+@$=€£#°]")
_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS = {"st", "nd", "rd", "th"}
_SPELLINGS = """
tch CH, sch SH, igh AY, eau OW, ough AO, augh AO, tion SH AH N, sion ZH AH N, ck K, ch CH,
sh SH, th TH, ph F, wh W, gh G, ng NG, qu K W, kn N, wr R, dg JH, ee IY, ea IY, oo UW, ou AW,
ow OW, oi OY, oy OY, ai EY, ay EY, ei AY, ey IY, ie IY, au AO, aw AO, oa OW, ue UW, ui UW,
ew UW, eu UW, ar AA R, er ER, ir ER, or AO R, ur ER, yr ER, sz SH, cz CH, zh ZH, kh K, ts T S,
bb B, cc K, dd D, ff F, gg G, ll L, mm M, nn N, pp P, rr R, ss S, tt T, zz Z, ce S, ci S IH,
cy S IY, ge JH, gi JH IH, a AE, b B, c K, d D, e EH, f F, g G, h HH, i IH, j JH, k K, l L, m M,
n N, o AA, p P, q K, r R, s S, t T, u AH, v V, w W, x K S, y IY, z Z
"""
_SOUNDS: dict[str, str] = {
    item.split()[0]: " ".join(item.split()[1:]) for item in _SPELLINGS.split(",")
}
_LONGEST = re.compile("|".join(sorted(_SOUNDS, key=len, reverse=True)))


def plain(text: str) -> str:
    """The word as a dictionary spells it: lower case, no punctuation around."""
    return text.translate(_QUOTES).lower().strip(' .,!?;:"()[]{}-…¿¡*_/\\').strip("'") or ""


def pronunciations(text: str, lookup: Lookup) -> list[str]:
    """Likely pronunciations of ``text``, best first; empty where nothing in it is spoken."""
    pieces: list[str] = _PIECE.findall(text.translate(_QUOTES).lower())
    if not pieces:
        return []
    readings = [_read(pieces, year) for year in (False, True)]
    spoken = [" ".join(_phones(word, lookup) for word in reading) for reading in readings]
    return list(dict.fromkeys(phones for phones in spoken if phones))


def _read(pieces: list[str], year: bool) -> list[str]:
    words: list[str] = []
    money = pieces[0] in "$€£#" and len(pieces) > 1
    for piece in pieces[1:] + pieces[:1] if money else pieces:
        if piece[0].isdigit():
            words += _number(piece, year)
        elif piece in _ORDINALS and words:
            continue
        else:
            words.append(_signs.get(piece, piece))
    return words


def _number(digits: str, year: bool) -> list[str]:
    whole, _, part = digits.replace(",", "").partition(".")
    spoken = _year(int(whole)) if year and len(whole) == 4 else _cardinal(int(whole))
    return spoken + (["point", *(_UNITS[int(digit)] for digit in part)] if part else [])


def _year(value: int) -> list[str]:
    hundreds, rest = divmod(value, 100)
    if hundreds % 10 == 0 and rest < 10:
        return _cardinal(value)
    tail = ["hundred"] if rest == 0 else ["oh"] * (rest < 10) + _cardinal(rest)
    return _cardinal(hundreds) + tail


def _cardinal(value: int) -> list[str]:
    for size, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand")):
        if value >= size:
            rest = _cardinal(value % size) if value % size else []
            return [*_cardinal(value // size), name, *rest]
    if value >= 100:
        return [_UNITS[value // 100], "hundred", *(_cardinal(value % 100) if value % 100 else [])]
    if value >= 20:
        return [_TENS[value // 10 - 2], *([_UNITS[value % 10]] if value % 10 else [])]
    return [_UNITS[value]]


def _phones(word: str, lookup: Lookup) -> str:
    known = lookup(word)
    if known:
        return known
    if word.endswith("'s"):
        return f"{_phones(word[:-2], lookup)} Z"
    if len(word) <= 4 and not re.search("[aeiouy]", word):
        return " ".join(lookup(f"{letter}.") or "" for letter in word)
    return _guessed(word.replace("'", ""))


def _guessed(word: str) -> str:
    if len(word) > 3 and word.endswith("e") and word[-2] not in "aeiouy":
        word = word[:-1]
    return " ".join(_SOUNDS[found] for found in _LONGEST.findall(word))
