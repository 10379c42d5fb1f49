"""Compose: transcript → scenario. What was said is paged into cues; nothing is dropped."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from ecg.captions.scenario import Cue, CueWord, Scenario, SpeakerLook, StyleChoice
from ecg.captions.styles import Paging, Style
from ecg.captions.text import (
    CJK,
    CJK_RATIO,
    ends_clause,
    ends_sentence,
    joined,
    lines_of,
    reading_speed,
    width,
)
from ecg.captions.transcript import Sound, Transcript, Word

SHORTEST = 5 / 6
LONGEST = 7.0
"""Seconds that a cue stands at least, where speech allows, and at most (Netflix)."""

PAUSE = 0.5
"""Seconds of silence that end a cue; a shorter gap between cues is closed."""

UPRIGHT = Paging(words=None, characters=22, lines=1)
"""Paging of pictures taller than wide, whatever the style."""

PALETTE = ("#f5b14b", "#56b4e9", "#7bd88f", "#e58fc0", "#f0e442", "#ff8f6b")
"""Speaker colours after Okabe and Ito (2008), lightened where they must be so that each has a
contrast of at least 7:1 on black, in an order whose neighbours stay apart for colour-blind eyes."""

_LEANS_ON_NEXT = frozenset(
    [
        "a",
        "an",
        "the",
        "my",
        "your",
        "his",
        "her",
        "its",
        "our",
        "their",
        "this",
        "that",
        "these",
        "those",
        "of",
        "to",
        "in",
        "on",
        "at",
        "by",
        "for",
        "from",
        "with",
        "into",
        "and",
        "or",
        "but",
        "nor",
        "as",
        "if",
        "than",
        "is",
        "are",
        "was",
        "were",
        "be",
        "no",
        "not",
        "so",
        "very",
        "i",
        "we",
        "you",
        "he",
        "she",
        "they",
        "it",
        "le",
        "la",
        "les",
        "un",
        "une",
        "des",
        "du",
        "de",
        "der",
        "die",
        "das",
        "ein",
        "eine",
        "den",
        "dem",
        "el",
        "los",
        "las",
        "una",
        "del",
    ]
)
"""Short words that read on into the next: articles, determiners, prepositions, conjunctions."""

_NEW_CUE = 2.0
_BREAK_IN_CLAUSE = 4.0
_BREAK_AFTER_CLAUSE = 1.0
_BREAK_LEANING = 8.0
_BREAK_IN_NAME = 14.0
_SENTENCE_INSIDE = 5.0
_CLAUSE_INSIDE = 4.0
_SECOND_LINE = 1.0
_TOO_SHORT = 6.0
_UNEVEN = 3.0


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user's paging; what is ``None`` is the style's. ``words``: exactly so many per cue
    while a speaker goes on. ``characters`` per line, as Latin letters. ``duration``: seconds a
    cue may stand at most."""

    words: int | None = None
    characters: int | None = None
    lines: int | None = None
    duration: float | None = None


class _Page(msgspec.Struct, frozen=True):
    """The room of one cue, in the language's own characters."""

    language: str
    characters: float
    lines: int
    words: int | None
    exact: bool
    duration: float


class _Draft(msgspec.Struct, frozen=True):
    speaker: str
    words: Sequence[Word]


def compose(
    transcript: Transcript,
    style: Style,
    *,
    strength: float = 1.0,
    rules: Rules | None = None,
    size: tuple[int, int] = (1920, 1080),
) -> Scenario:
    """Pages ``transcript`` for a picture of ``size`` (shown width, height).

    Every word comes out once, in order, with its times and measurements. Cues begin with
    their first word, break at speaker changes, pauses and, where they can, at the ends of
    sentences and clauses.
    """
    page = _page(transcript.language, style.paging, rules or Rules(), upright=size[0] < size[1])
    drafts = [draft for run in _runs(transcript) for draft in _paged(run, page)]
    drafts.sort(key=lambda draft: draft.words[0].start)
    cues = _timed(drafts, transcript)
    cues += [_sound_cue(sound) for sound in transcript.sounds]
    cues.sort(key=lambda cue: cue.start)
    return Scenario(
        version=1,
        style=StyleChoice(style.name, strength),
        speakers=_looks(transcript),
        cues=tuple(
            msgspec.structs.replace(cue, id=f"c{number}") for number, cue in enumerate(cues, 1)
        ),
    )


def _page(language: str, paging: Paging, rules: Rules, *, upright: bool) -> _Page:
    if upright:
        paging = msgspec.structs.replace(UPRIGHT, words=paging.words)
    characters = rules.characters or paging.characters
    scale = CJK_RATIO if language in CJK else 1.0
    return _Page(
        language=language,
        characters=round(characters * scale),
        lines=rules.lines or paging.lines,
        words=rules.words or paging.words,
        exact=rules.words is not None,
        duration=rules.duration or LONGEST,
    )


def _runs(transcript: Transcript) -> list[_Draft]:
    """Words of one speaker without a pause between them."""
    runs: list[_Draft] = []
    words: list[Word] = []
    speaker = ""
    for segment in transcript.segments:
        for word in segment.words:
            paused = bool(words) and word.start - words[-1].end >= PAUSE
            if words and (paused or segment.speaker != speaker):
                runs.append(_Draft(speaker, words))
                words = []
            speaker = segment.speaker
            words.append(word)
    return [*runs, _Draft(speaker, words)] if words else runs


def _paged(run: _Draft, page: _Page) -> list[_Draft]:
    """The cheapest way to cut a run into cues: shortest path over the places to cut."""
    words = run.words
    if page.exact and page.words:
        cuts = [*range(0, len(words), page.words), len(words)]
    else:
        cuts = _cheapest_cuts(words, page)
    return [_Draft(run.speaker, words[a:b]) for a, b in pairwise(cuts)]


def _cheapest_cuts(words: Sequence[Word], page: _Page) -> list[int]:
    cost = [0.0] + [float("inf")] * len(words)
    back = [0] * (len(words) + 1)
    for end in range(1, len(words) + 1):
        for start in range(end - 1, -1, -1):
            if end - start > 1 and not _fits(words[start:end], page):
                break
            total = cost[start] + _cue_cost(words, start, end, page)
            if total < cost[end]:
                cost[end], back[end] = total, start
    cuts = [len(words)]
    while cuts[-1]:
        cuts.append(back[cuts[-1]])
    return cuts[::-1]


def _fits(words: Sequence[Word], page: _Page) -> bool:
    if page.words and len(words) > page.words:
        return False
    if words[-1].end - words[0].start > page.duration:
        return False
    texts = [word.text for word in words]
    lines = lines_of(texts, page.language, page.characters)
    return len(lines) <= page.lines and all(
        width(line, page.language) <= page.characters for line in lines
    )


def _cue_cost(words: Sequence[Word], start: int, end: int, page: _Page) -> float:
    """Cost of one cue of ``words[start:end]`` and of the cut after it.

    Each cue costs something, so that few are made; a cut inside a clause costs more than one
    after it, and most inside a name; the end of a sentence or clause inside a cue, a second
    line, a cue too short to read, and one much emptier than the run would allow cost too.
    """
    cue = words[start:end]
    cost = _NEW_CUE + sum(_inside_cost(word.text) for word in cue[:-1])
    texts = [word.text for word in cue]
    cost += _SECOND_LINE * (len(lines_of(texts, page.language, page.characters)) - 1)
    seconds = (words[end].start if end < len(words) else cue[-1].end + PAUSE) - cue[0].start
    cost += _TOO_SHORT * max(0.0, 1 - seconds / SHORTEST)
    room = page.characters * page.lines
    whole = width(joined([word.text for word in words], page.language), page.language)
    share = min(whole, room) / room
    filled = width(joined(texts, page.language), page.language) / room
    cost += _UNEVEN * max(0.0, share * 0.6 - filled) ** 2
    return cost if end == len(words) else cost + _cut_cost(cue[-1].text, words[end].text)


def _inside_cost(text: str) -> float:
    if ends_sentence(text):
        return _SENTENCE_INSIDE
    return _CLAUSE_INSIDE if ends_clause(text) else 0.0


def _cut_cost(before: str, after: str) -> float:
    if ends_sentence(before):
        return 0.0
    if ends_clause(before):
        return _BREAK_AFTER_CLAUSE
    if before[:1].isupper() and after[:1].isupper() and before.lower() not in _LEANS_ON_NEXT:
        return _BREAK_IN_NAME
    return _BREAK_LEANING if before.lower() in _LEANS_ON_NEXT else _BREAK_IN_CLAUSE


def _timed(drafts: Sequence[_Draft], transcript: Transcript) -> list[Cue]:
    return [
        Cue(
            id="c",
            kind="speech",
            start=draft.words[0].start,
            end=_ending(draft, drafts, transcript),
            speaker=draft.speaker,
            region=None,
            words=tuple(_shown(word) for word in draft.words),
        )
        for draft in drafts
    ]


def _shown(word: Word) -> CueWord:
    return CueWord(
        text=word.text,
        start=word.start,
        end=word.end,
        loudness=word.loudness,
        pitch=word.pitch,
    )


def _ending(draft: _Draft, drafts: Sequence[_Draft], transcript: Transcript) -> float:
    """When a cue leaves: with its last word, or later where it could not be read by then, or
    with the next cue where the gap would be short. So a gap is 0 or at least ``PAUSE``."""
    language = transcript.language
    start, spoken = draft.words[0].start, draft.words[-1].end
    text = joined([word.text for word in draft.words], language)
    readable = min(max(SHORTEST, width(text, language) / reading_speed(language)), LONGEST)
    following = min(
        (other.words[0].start for other in drafts if other.words[0].start >= spoken),
        default=None,
    )
    latest = max(transcript.duration, spoken) if following is None else following
    end = min(max(spoken, start + readable), latest)
    return following if following is not None and following - end < PAUSE else end


def _sound_cue(sound: Sound) -> Cue:
    music = sound.label in {"music", "singing"}
    word = CueWord(text=sound.label, start=sound.start, end=sound.end, loudness=None, pitch=None)
    return Cue(
        id="c", kind="music" if music else "sound", start=sound.start, end=sound.end,
        speaker=None, region=None, words=(word,),
    )  # fmt: skip


def _looks(transcript: Transcript) -> dict[str, SpeakerLook]:
    return {
        speaker.id: SpeakerLook(
            label=f"Speaker {number}",
            color=PALETTE[(number - 1) % len(PALETTE)],
            pitch_hz=speaker.pitch_hz,
        )
        for number, speaker in enumerate(transcript.speakers, 1)
    }
