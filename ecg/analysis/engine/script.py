"""A script's own words, timed by what was heard.

The recogniser's words say roughly where each written word is: where it wrote the same word, or,
between two such, one that sounds like it. What only one of the two has goes to the aligner as a
choice, which the sound itself then makes.
"""

from __future__ import annotations

import statistics
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

import msgspec

from ecg.analysis.engine.align import ASTRAY, LONE, MOST, Timed
from ecg.analysis.engine.decode import RATE, Sound
from ecg.analysis.engine.doubts import is_spoken
from ecg.analysis.engine.likeness import likeness
from ecg.analysis.engine.matching import matching
from ecg.analysis.engine.pronounce import plain
from ecg.analysis.engine.regions import Span, Window
from ecg.analysis.engine.search import Step, entry, search
from ecg.analysis.engine.transcribe import Heard
from ecg.analysis.script import Written
from ecg.captions.transcript import MAX_TEXT, Note, Timing, Transcript
from ecg.kernel.errors import InputRefused

ALIKE = 0.5
"""Share of a word's sounds from which it is taken for one that the recogniser wrote otherwise."""
CERTAIN = 0.7
FITS = 0.35
"""Least share of the letters written, or of those heard, in words alike from ``CERTAIN`` on; of texts that
have nothing to do with the fixtures' speech it was 0.26 at most, mostly under 0.1."""
QUICK = 0.1
"""Seconds that a word takes at least: what would have to be quicker was not said."""
SLACK = 1.0
"""Seconds by which the recogniser's own times may be off."""
MOST_UNSAID = 8
"""Words in a row that nobody says and that are shown all the same."""
UNSURE = 0.5
"""Confidence in a word that the recogniser did not hear and the aligner found."""


class Passage(NamedTuple):
    """A window as it was heard: samples of the file from ``start`` to ``end``, its ``regions`` of speech
    and its words from ``start``."""

    start: int
    end: int
    regions: list[Span]
    heard: list[Heard]
    language: str


class Placed(msgspec.Struct):
    """A written word on the file's clock, in seconds. ``passage``: the number of the one that it is said
    in; ``None`` where nobody says it. ``confidence``: the share of its sounds that was heard."""

    word: Written
    start: float
    end: float
    timing: Timing
    confidence: float
    phrase: int
    passage: int | None
    phones: int = 0


class _Said(NamedTuple):
    """What the recogniser heard, on the file's clock."""

    text: str
    start: float
    end: float
    phrase: int
    passage: int


class _Match(NamedTuple):
    """The number of the heard word where a written one is said, and the share of its sounds there."""

    heard: int
    share: float


class _Part(NamedTuple):
    """Written words (by number) that follow each other, and what was heard in their place. Of
    ``sure`` ones it is known that they are said."""

    written: list[int]
    heard: list[_Said]
    sure: bool = False


def key(text: str) -> str:
    """What counts in comparing words; empty for marks alone."""
    word = plain(unicodedata.normalize("NFKC", text)).casefold()
    return word if any(map(str.isalnum, word)) else ""


def passage_of(window: Window, heard: Sequence[Heard], language: str) -> Passage:
    """Without the words where nobody speaks, and without the sound, of which hours would not fit."""
    words = [word for word in heard if is_spoken(word.start, word.end, window)]
    end = window.start + len(window.sound)
    return Passage(window.start, end, window.regions, words, language)


def speakers_named(labels: Sequence[str | None]) -> list[str]:
    """The labels in order of appearance; none where words stand under none, as nobody can say then
    who speaks but the voices."""
    return [] if None in labels else [label for label in dict.fromkeys(labels) if label]


def named(transcript: Transcript, names: Sequence[str]) -> Transcript:
    """The transcript with names for its speakers, in order of appearance."""
    speakers = (
        msgspec.structs.replace(speaker, name=name)
        for speaker, name in zip(transcript.speakers, names, strict=False)
    )
    return msgspec.structs.replace(transcript, speakers=tuple(speakers)) if names else transcript


def follow(
    script: Sequence[Written], passages: Sequence[Passage], sounds: Iterable[Sound]
) -> tuple[list[Placed], list[Note]]:
    """The script's words in order, and what only the script or only the sound has.

    ``sounds``: of each passage, in order. A word that nobody says is ``interpolated`` between its
    neighbours (note "not_said"); more than ``MOST_UNSAID`` in a row are left out (note
    "left_out"), unless the script is a caption file, whose times then stand. What is said and not
    written is in notes "not_written". Raises ``InputRefused`` where the script is not what is said.
    """
    said = list(_said(passages))
    spoken = [number for number, word in enumerate(script) if key(word.text)]
    found, used = _matched(script, spoken, said, passages)
    _check(script, spoken, said, found)
    parts: list[list[_Part]] = [[] for _ in passages]
    for passage, part in _parts(script, spoken, said, found, used, passages):
        parts[passage].append(part)
    placed: dict[int, Placed] = {}
    notes: list[Note] = []
    phrase = 0
    for number, (passage, sound) in enumerate(zip(passages, sounds, strict=True)):
        times, unwritten = _timed(script, passage, sound, parts[number])
        notes += unwritten
        for index, (start, end, timing, phones) in times.items():
            match = found.get(index)
            phrase = said[match.heard].phrase if match else phrase
            share = match.share if match else UNSURE
            placed[index] = Placed(script[index], start, end, timing, share, phrase, number, phones)
    words, unsaid = _filled(script, placed, found, passages[-1].end / RATE)
    return words, sorted([*notes, *unsaid], key=lambda note: note.start)


def _said(passages: Sequence[Passage]) -> Iterator[_Said]:
    phrases = 0
    for number, passage in enumerate(passages):
        begin = passage.start / RATE
        for word in passage.heard:
            if key(word.text):
                start, end = begin + word.start, begin + word.end
                yield _Said(word.text, start, end, phrases + word.phrase, number)
        phrases += 1 + max((word.phrase for word in passage.heard), default=0)


def _matched(
    script: Sequence[Written],
    spoken: Sequence[int],
    said: Sequence[_Said],
    passages: Sequence[Passage],
) -> tuple[dict[int, _Match], set[int]]:
    """Where each written word was heard, and the numbers of the heard words that are written."""
    pairs = matching([key(script[n].text) for n in spoken], [key(word.text) for word in said])
    found = {spoken[i]: _Match(j, 1.0) for i, j in pairs}
    used = {j for _, j in pairs}
    for (a, c), (b, d) in pairwise([(-1, -1), *pairs, (len(spoken), len(said))]):
        written, heard = spoken[a + 1 : b], said[c + 1 : d]
        if not written or not heard:
            continue
        english = passages[heard[0].passage].language == "en"
        like = likeness([script[n].text for n in written], [w.text for w in heard], english)
        for n, share, at in zip(written, like.one, like.at, strict=True):
            if share >= ALIKE:
                found[n] = _Match(c + 1 + at, share)
                used.add(c + 1 + at)
        used |= {c + 1 + at for at, share in enumerate(like.other) if share >= ALIKE}
    return found, used


def _check(
    script: Sequence[Written],
    spoken: Sequence[int],
    said: Sequence[_Said],
    found: Mapping[int, _Match],
) -> None:
    """Raises ``InputRefused`` where what is alike may be so by chance: mostly small words."""
    if not said:
        raise InputRefused("no words were heard, so there is nothing to time the script by")
    sure = {n: match.heard for n, match in found.items() if match.share >= CERTAIN}
    letters = sum(len(key(script[n].text)) for n in sure)
    heard = sum(len(key(said[j].text)) for j in set(sure.values()))
    written = letters / max(1, sum(len(key(script[n].text)) for n in spoken))
    if max(written, heard / sum(len(key(word.text)) for word in said)) < FITS:
        raise InputRefused(
            f"the script is not what is said: of its {len(spoken):,} words only {len(sure):,} were "
            f"heard among {len(said):,}; check that it belongs to this video and that the language "
            "is right, or leave the script out"
        )


def _parts(  # noqa: PLR0913, PLR0917 - both texts, what joins them, and where they are
    script: Sequence[Written],
    spoken: Sequence[int],
    said: Sequence[_Said],
    found: Mapping[int, _Match],
    used: set[int],
    passages: Sequence[Passage],
) -> Iterator[tuple[int, _Part]]:
    """Both texts as one, in order: each part with the passage that it is to be sought in."""
    last, run = -1, list[int]()
    for n in [*spoken, None]:
        if n is not None and n not in found:
            run.append(n)
            continue
        here = len(said) if n is None else found[n].heard
        others = [said[k] for k in range(last + 1, here) if k not in used]
        begin = said[last].end if last >= 0 else 0.0
        end = said[here].start if here < len(said) else passages[-1].end / RATE
        if len(run) * QUICK > end - begin + SLACK:
            run = []
        for passage, group in groupby(others, key=lambda word: word.passage):
            yield passage, _Part(run, list(group))
            run = []
        if run:
            first = said[last].passage if last >= 0 else 0
            final = said[here].passage if here < len(said) else len(passages) - 1
            near = range(first, final + 1)
            yield _roomiest(passages, near, begin, end, script[run[0]].start), _Part(run, [])
            run = []
        if n is not None:
            yield said[here].passage, _Part([n], [said[here]], sure=True)
            last = max(last, here)


def _roomiest(
    passages: Sequence[Passage], near: range, begin: float, end: float, hint: float | None
) -> int:
    """Of the passages that unheard words may be said in: where their cue is, else where most is
    said between ``begin`` and ``end`` (seconds) that was not heard."""

    def room(number: int) -> float:
        passage = passages[number]
        if hint is not None:
            return -abs((passage.start + passage.end) / 2 / RATE - hint)
        spans = (
            (max(passage.start + first, begin * RATE), min(passage.start + last, end * RATE))
            for first, last in passage.regions
        )
        return sum(max(0.0, last - first) for first, last in spans)

    return max(near, key=room)


def _timed(
    script: Sequence[Written], passage: Passage, sound: Sound, parts: Sequence[_Part]
) -> tuple[dict[int, Timed], list[Note]]:
    """When the passage's written words are said, and notes of what is not written."""
    english = passage.language == "en"
    begin = passage.start / RATE

    def names(part: _Part) -> tuple[tuple[str, ...], tuple[str, ...]]:
        written = (entry(script[n].text, english) for n in part.written)
        heard = () if part.sure else (entry(word.text, english) for word in part.heard)
        return tuple(filter(None, written)), tuple(filter(None, heard))

    given = [(part, *names(part)) for part in parts]
    able = [each for each in given if each[1] or each[2]]
    found = search(sound, [_step(part, *each) for part, *each in able])
    times: dict[int, Timed] = {}
    notes: list[Note] = []
    off: list[float] = []
    for (part, written, _), one in zip(able, found, strict=False):
        if one.instead or not written:
            notes += _unwritten(part.heard, [(begin + a, begin + b) for a, b in one.spans])
            continue
        voiced = [n for n in part.written if entry(script[n].text, english)]
        for n, (start, end), phones in zip(voiced, one.spans, one.phones, strict=True):
            times[n] = Timed(begin + start, begin + end, "aligned", phones)
        if part.sure and one.spans:
            off.append(abs(begin + one.spans[0][0] - part.heard[0].start))
    sure = sum(part.sure for part in parts)
    if found and len(off) >= MOST * sure and (not off or statistics.median(off) <= ASTRAY):
        return times, notes
    return _estimated(parts)


def _step(part: _Part, written: tuple[str, ...], heard: tuple[str, ...]) -> Step:
    if part.sure or not written:
        return Step(written or heard)
    return Step(written, heard)


def _estimated(parts: Sequence[_Part]) -> tuple[dict[int, Timed], list[Note]]:
    """As ``_timed``, by the recogniser's own times."""
    times: dict[int, Timed] = {}
    notes: list[Note] = []
    for part in parts:
        spans = [(word.start, word.end) for word in part.heard]
        if part.sure:
            times[part.written[0]] = Timed(*spans[0], "estimated")
        else:
            notes += _unwritten(part.heard, spans)
    return times, notes


def _unwritten(heard: Sequence[_Said], spans: Sequence[tuple[float, float]]) -> list[Note]:
    if not heard or not spans:
        return []
    return [_note("not_written", spans[0][0], spans[-1][1], [word.text for word in heard])]


def _note(code: str, start: float, end: float, words: Sequence[str]) -> Note:
    text = " ".join(words)
    short = text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
    return Note(code, round(start, 3), round(max(start, end), 3), short)


def _filled(
    script: Sequence[Written],
    placed: Mapping[int, Placed],
    found: Mapping[int, _Match],
    last: float,
) -> tuple[list[Placed], list[Note]]:
    """All words in order, those without a time between their neighbours, and notes of those that
    nobody says. ``last``: seconds at which there is no more sound."""
    words: list[Placed] = []
    notes: list[Note] = []
    for timed, group in groupby(range(len(script)), key=placed.__contains__):
        numbers = list(group)
        if timed:
            words += [placed[n] for n in numbers]
            continue
        after = placed.get(numbers[-1] + 1)
        begin = words[-1].end if words else 0.0
        end = after.start if after else min(last, begin + LONE * len(numbers))
        end = max(begin, end)
        begin = begin if words else max(0.0, end - LONE * len(numbers))
        unsaid = [n for n in numbers if n not in found and key(script[n].text)]
        left_out = len(unsaid) > MOST_UNSAID and script[unsaid[0]].start is None
        if unsaid:
            code = "left_out" if left_out else "not_said"
            notes.append(_note(code, begin, end, [script[n].text for n in unsaid]))
        kept = [n for n in numbers if n in found] if left_out else numbers
        nearest = words[-1] if words else after
        for n, (start, stop) in zip(kept, _spread(script, kept, begin, end), strict=True):
            sure = 0.0 if n in unsaid else found[n].share if n in found else 1.0
            phrase = nearest.phrase if nearest else 0
            words.append(Placed(script[n], start, stop, "interpolated", sure, phrase, None))
    return words, notes


def _spread(
    script: Sequence[Written], numbers: Sequence[int], begin: float, end: float
) -> Iterator[tuple[float, float]]:
    """Times for words between ``begin`` and ``end``, within their cues where they have any."""
    for _, group in groupby(numbers, key=lambda n: script[n].start):
        cue = list(group)
        word = script[cue[0]]
        first = begin if word.start is None else min(max(begin, word.start), end)
        last = end if word.end is None else min(max(first, word.end), end)
        share = min((last - first) / len(cue), LONE)
        for at in range(len(cue)):
            yield first + share * at, first + share * (at + 1)
        begin = first + share * len(cue)
