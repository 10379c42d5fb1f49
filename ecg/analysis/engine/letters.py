"""How a word of any alphabet roughly sounds, in the English aligner's phones.

The aligner knows English sounds only, but to find where a word begins it is enough to look
for sounds of the right kind in the right order: over German, Spanish, French, Italian and
Russian this is four times closer than the recogniser's own times (docs/decisions).
"""

from __future__ import annotations

import re
import unicodedata

_SPELLINGS = """
sch SH, tsch CH, ch K, sh SH, zh ZH, th T, ph F, kh K, gh G, gn N Y, ny N Y, ng NG, qu K, sz SH,
cz CH, ts T S, tz T S, dz D Z, ck K, ll L, rr R, ss S, tt T, nn N, mm M, pp P, bb B, dd D, gg G,
ff F, cc K, kk K, zz T S, aa AA, ee EY, ii IY, oo OW, uu UW, ou UW, au OW, eau OW, ei AY, ai EH,
ie IY, eu ER, oi W AA, ui W IY, ea EH AA, ae EH, oe ER, eo AH, a AA, b B, c K, d D, e EH, f F,
g G, h HH, i IY, j Y, k K, l L, m M, n N, o OW, p P, q K, r R, s S, t T, u UW, v V, w V, x K S,
y IY, z Z
"""
_SOUNDS: dict[str, str] = {
    item.split()[0]: " ".join(item.split()[1:]) for item in _SPELLINGS.split(",")
}
_LONGEST = re.compile("|".join(sorted(_SOUNDS, key=len, reverse=True)))
_NO_MARK = {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th"}
_CYRILLIC_LETTERS = """
а a, б b, в v, г g, д d, е ie, ё io, ж zh, з z, и i, й i, к k, л l, м m, н n, о o, п p, р r, с
s, т t, у u, ф f, х kh, ц ts, ч tsch, ш sh, щ sch, ы i, э e, ю iu, я ia, і i, ї i, є ie, ґ g, ў
u
"""
_CYRILLIC: dict[str, str] = {
    item.split()[0]: item.split()[1] for item in _CYRILLIC_LETTERS.split(",")
}
_NAMED = re.compile(
    r"(?P<script>[A-Z]+) (?:SMALL |FINAL )*(?:LETTER|SYLLABLE|VOWEL SIGN) (?:SMALL )?"
    r"(?P<name>[A-Z]+)"
)
_SYLLABLES = frozenset(
    (
        *("HANGUL", "HIRAGANA", "KATAKANA", "DEVANAGARI", "BENGALI", "TAMIL", "TELUGU"),
        *("KANNADA", "MALAYALAM", "GUJARATI", "GURMUKHI", "SINHALA"),
    )
)
"""Scripts whose letters are syllables, spelled out in full by their Unicode names."""
_ONSET = re.compile("SH|TH|KH|GH|CH|PH|TS|[BCDFGHJKLMNPQRSTVWXYZ]|[AEIOU]+")


def letter_phones(word: str) -> str:
    """Phones separated by spaces; empty where no letter says how it sounds (Chinese)."""
    latin = "".join(_latin(letter) for letter in unicodedata.normalize("NFC", word.lower()))
    return " ".join(_SOUNDS[found] for found in _LONGEST.findall(latin))


def _latin(letter: str) -> str:
    """The letter in a to z. A syllable's Unicode name spells it (HANGUL SYLLABLE GAG), a
    letter's name begins with its sound (ARABIC LETTER BEH)."""
    if letter in _NO_MARK or letter in _CYRILLIC:
        return _NO_MARK.get(letter) or _CYRILLIC[letter]
    bare = unicodedata.normalize("NFD", letter)[0]
    if bare.isascii():
        return bare if bare.isalpha() else ""
    named = _NAMED.match(unicodedata.name(letter, ""))
    if named is None or named["script"] == "CYRILLIC":
        return ""
    if named["script"] in _SYLLABLES:
        return named["name"].lower()
    onset = _ONSET.match(named["name"])
    return onset[0].lower() if onset else ""
