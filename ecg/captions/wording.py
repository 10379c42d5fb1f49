"""How words are written: their case, their punctuation, and which of them are masked.

A word keeps its times and its measurements whatever is made of its text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ecg.captions.languages import (
    CLAUSE_ENDS,
    CLOSING,
    DOTTED_I,
    OPENING,
    PARTICLES,
    SENTENCE_ENDS,
    TITLES,
)
from ecg.captions.scenario import Cue, CueWord, WordStyle
from ecg.captions.text import between, ends_sentence
from ecg.captions.transcript import Text, Word

Case = Literal["upper", "lower", "sentence"]
Punctuation = Literal["keep", "soft", "none"]

BLEEP = "[bleep]"

SHOUTED = 0.7
"""The part of all letters from which on a text counts as written in capitals."""

MAX_MASKED = 1_000

_APOSTROPHES = "'’"
_SOFT = re.compile(r"(?<![.,;:。，；：،؛।])[.,;:。，；：،؛।、](?=[" + re.escape(CLOSING) + r"]*$)")
"""One full stop, comma, colon or semicolon at the end of a word; dots that trail off are more."""
_MARKS = "".join((SENTENCE_ENDS | CLAUSE_ENDS | set(OPENING + CLOSING)) - set(_APOSTROPHES)) + "-"
_POINTED = re.compile(r"\w\.\w")


class Mask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``words`` that are not to be read: a word or phrase each, however it is written; one that
    ends with ``*`` stands for all that begin so. ``form``: ``first-last`` leaves the first and the
    last letter ("f**k"), ``all`` none, ``bleep`` writes "[bleep]"."""

    words: Annotated[tuple[Text, ...], Meta(max_length=MAX_MASKED)]
    form: Literal["first-last", "all", "bleep"] = "first-last"


def mask_words(words: Sequence[Word], mask: Mask, language: str) -> list[Word]:
    """The words, those of ``mask`` made unreadable. Marks around them stay, and so does what
    ``language`` hangs on to a word ("'s" in English, particles in Korean)."""
    wanted = {_bare(entry): entry.strip().endswith("*") for entry in mask.words}
    wanted.pop("", None)
    first = {entry[0] for entry in wanted}
    longest = max(map(len, wanted), default=0)
    shown = list(words)
    bare = [_bare(word.text) for word in words]
    for start, text in enumerate(bare):
        if text[:1] not in first:
            continue
        phrase = ""
        for end in range(start, len(words)):
            phrase += (between(words[end - 1].text, words[end].text) if phrase else "") + bare[end]
            found = _found(phrase, len(bare[end]), wanted, language)
            if found:
                for at in range(start, end + 1):
                    kept = len(phrase) - found if at == end else 0
                    shown[at] = _masked(words[at], bare[at], kept, mask)
            if len(phrase) > longest:
                break
    return shown


def write_cues(
    cues: Sequence[Cue], language: str, case: Case | None, punctuation: Punctuation
) -> list[Cue]:
    """The cues in ``case`` and with so much ``punctuation``; sounds and music as they are.

    ``sentence``: every sentence begins with a capital; where the whole is written in capitals the
    rest becomes small, names too. ``soft`` leaves out a full stop, comma, colon or semicolon after
    a word, ``none`` all marks but apostrophes and what stands inside a word or an abbreviation. A
    word of marks alone is hidden then.
    """
    spoken = [word.text for cue in cues if cue.kind == "speech" for word in cue.words]
    shouted = case == "sentence" and _is_shouted(spoken)
    begins: dict[str | None, bool] = {}
    done: list[Cue] = []
    for cue in cues:
        if cue.kind != "speech":
            done.append(cue)
            continue
        words: list[CueWord] = []
        for word in cue.words:
            text = _small(word.text, language) if shouted else word.text
            begin = begins.get(cue.speaker, True)
            if any(map(str.isalnum, text)):
                begins[cue.speaker] = ends_sentence(text)
            text = _cased(text, case, language, begin=begin)
            words.append(_punctuated(word, text, punctuation))
        done.append(msgspec.structs.replace(cue, words=tuple(words)))
    return done


def _bare(text: str) -> str:
    """Letters alone, as words of a list are compared."""
    return unicodedata.normalize("NFC", text).strip(f"*{_MARKS}{_APOSTROPHES} \t").casefold()


def _found(phrase: str, last: int, wanted: dict[str, bool], language: str) -> int:
    """How many characters of ``phrase``, whose last word has ``last``, are to be masked: a whole
    entry, what begins with one that ends in ``*``, or an entry and what is hung on to it."""
    begun = (entry for entry, begins in wanted.items() if begins and phrase.startswith(entry))
    if phrase in wanted or any(len(entry) > len(phrase) - last for entry in begun):
        return len(phrase)
    if language == "en" and phrase[-2:] in {"'s", "’s"}:
        return len(phrase) - 2 if phrase[:-2] in wanted else 0
    for particle in PARTICLES.get(language, ()):
        if phrase.endswith(particle) and phrase.removesuffix(particle) in wanted:
            return len(phrase) - len(particle)
    return 0


def _masked(word: Word, bare: str, kept: int, mask: Mask) -> Word:
    """``kept``: letters at the end that are hung on and stay."""
    text = unicodedata.normalize("NFC", word.text)
    start = len(text) - len(text.lstrip(_MARKS + _APOSTROPHES))
    end = len(text.rstrip(_MARKS + _APOSTROPHES)) - kept if bare else start
    core = text[start:end]
    letters = [index for index, char in enumerate(core) if char.isalnum()]
    if mask.form == "bleep":
        core = BLEEP if letters else core
    else:
        left = (
            {letters[0], letters[-1]}
            if mask.form == "first-last" and len(letters) > 2
            else set[int]()
        )
        core = "".join(
            "*" if char.isalnum() and index not in left else char
            for index, char in enumerate(core)
            if not unicodedata.combining(char) or index - 1 in left
        )
    return msgspec.structs.replace(word, text=text[:start] + core + text[end:])


def _is_shouted(texts: Sequence[str]) -> bool:
    letters = [char for text in texts for char in text if char.isupper() or char.islower()]
    return sum(map(str.isupper, letters)) > SHOUTED * max(len(letters), 1)


def _small(text: str, language: str) -> str:
    if language in DOTTED_I:
        text = text.replace("I", "ı").replace("İ", "i")
    small = text.lower()
    alone = small.strip(_MARKS)
    is_i = language == "en" and (alone == "i" or alone[:2] in {"i'", "i’"})
    return small.replace("i", "I", 1) if is_i else small


def _large(text: str, language: str) -> str:
    return (text.replace("i", "İ") if language in DOTTED_I else text).replace("ß", "ẞ").upper()


def _cased(text: str, case: Case | None, language: str, *, begin: bool) -> str:
    if case == "upper":
        return _large(text, language)
    if case == "lower":
        return _small(text, language) if language in DOTTED_I else text.lower()
    if case == "sentence" and begin:
        at = next((index for index, char in enumerate(text) if char.isalnum()), len(text))
        return text[:at] + _large(text[at : at + 1], language) + text[at + 1 :]
    return text


def _punctuated(word: CueWord, text: str, punctuation: Punctuation) -> CueWord:
    bare = text.strip(OPENING + CLOSING)
    short = bare.rstrip(".").lower() in TITLES or _POINTED.search(bare)
    if punctuation == "soft" and not (short and bare.endswith(".")):
        text = _SOFT.sub("", text)
    elif punctuation == "none":
        text = _without_marks(text, pointed=bool(short))
    if text:
        return msgspec.structs.replace(word, text=text)
    style = msgspec.structs.replace(word.style or WordStyle(), hidden=True)
    return msgspec.structs.replace(word, style=style)


def _without_marks(text: str, *, pointed: bool) -> str:
    """A sign before a figure ("-5") and the point of an abbreviation belong to the word."""
    bare = text.lstrip(_MARKS)
    signed = text[: len(text) - len(bare)].endswith(("-", "−")) and bare[:1].isdigit()
    stripped = bare.rstrip(_MARKS)
    dot = "." if pointed and bare[len(stripped) :].startswith(".") else ""
    return ("-" if signed else "") + stripped + dot
