"""Compose: transcript → scenario. What was said is paged into cues; nothing is dropped."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from fractions import Fraction
from itertools import pairwise
from typing import Annotated

import msgspec
from msgspec import Meta

from ecg.captions.bonds import bound_words
from ecg.captions.emphasis import Emphasis, emphases
from ecg.captions.languages import CJK, UNSPACED
from ecg.captions.paging import LONGEST, PAUSE, SHORTEST, Page, page_cuts
from ecg.captions.scenario import (
    BOUND,
    MAX_WORDS,
    Cue,
    CueWord,
    Scenario,
    SpeakerLook,
    StyleChoice,
)
from ecg.captions.styles import Paging, Style
from ecg.captions.text import joined, line_room, reading_speed, width
from ecg.captions.transcript import TOLERANCE, Sound, Transcript, Word
from ecg.captions.wording import Case, Mask, Punctuation, mask_words, write_cues

GAP_FRAMES = 2
"""Frames between two cues that do not touch: a shorter gap flickers (Netflix)."""

LINGER = 0.5
"""Seconds that a cue stays after its last word where there is room, so that the eye can finish."""

UPRIGHT = Paging(words=None, characters=22, lines=1)
"""The most that fits a picture taller than wide, whatever the style."""

UPRIGHT_CJK = 11
"""As above in full-width characters, each of which takes the room of two Latin letters: 8, in
the proportion that wide pictures read by (16 to 42), would leave one word on the screen."""

SQUARE = 0.75
"""The part of a wide picture's line that fits a picture narrower than 4:3. Lines of full-width
characters are short enough as they are."""

PALETTE = ("#f5b14b", "#56b4e9", "#7bd88f", "#e58fc0", "#f0e442", "#ff8f6b")
"""Speaker colours after Okabe and Ito (2008), lightened where they must be so that each has a
contrast of at least 7:1 on black, in an order whose neighbours stay apart for colour-blind eyes."""

BREAKABLE = 0.6
"""The part of a line from which on a cue may be broken, as loud words are larger."""

_MUSIC = frozenset({"music", "singing"})


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user's paging and writing; what is ``None`` is the style's, else the language's.
    ``words``: exactly so many per cue while a speaker goes on, whatever their width.
    ``characters`` per line, as the language counts them (a Hangul syllable is 1, a Latin letter
    beside it 0.5). ``duration``: seconds a cue may stand at most. ``case`` and ``punctuation``
    as ``write_cues`` has them; ``mask``: words that are not to be read (the sound is left as it
    is)."""

    words: Annotated[int, Meta(ge=1, le=MAX_WORDS)] | None = None
    characters: Annotated[int, Meta(ge=1)] | None = None
    lines: Annotated[int, Meta(ge=1)] | None = None
    duration: Annotated[float, Meta(gt=0)] | None = None
    case: Case | None = None
    punctuation: Punctuation = "keep"
    mask: Mask | None = None


def compose(  # noqa: PLR0913 - each is a choice of its own
    transcript: Transcript,
    style: Style,
    *,
    strength: float = 1.0,
    rules: Rules | None = None,
    size: tuple[int, int] = (1920, 1080),
    fps: Fraction = Fraction(30),
) -> Scenario:
    """Pages ``transcript`` for a picture of ``size`` (shown width, height) and ``fps``.

    Every word comes out once, in order, with its times and measurements. Cues begin with
    their first word, break at speaker changes, pauses and, where they can, at the ends of
    sentences and clauses. Words that stand out are given their ``emphasis``. Cues of people who speak at once overlap; the stage puts the later
    one above. Colours follow the order of the transcript's speakers.
    """
    rules = rules or Rules()
    page = page_of(transcript.language, style.paging, rules, size)
    emphasis = emphases(transcript)
    cues = [
        _speech_cue(words[a:b], speaker, page, emphasis)
        for speaker, words in _runs(transcript, rules.mask)
        for a, b in pairwise(_cuts(words, page, rules))
    ]
    cues += [_sound_cue(sound, page.duration) for sound in transcript.sounds]
    cues.sort(key=lambda cue: (cue.start, cue.end))
    if rules.case or rules.punctuation != "keep":
        cues = write_cues(cues, transcript.language, rules.case, rules.punctuation)
    return Scenario(
        version=1,
        style=StyleChoice(style.name, strength),
        speakers=_looks(transcript),
        cues=tuple(timed(cues, page, transcript.duration, fps)),
    )


def page_of(language: str, paging: Paging, rules: Rules, size: tuple[int, int]) -> Page:
    """The room of a cue in a picture of ``size``: rules over style over language."""
    characters, lines = line_room(paging.characters, language), paging.lines
    if size[0] < size[1]:
        fitting = UPRIGHT_CJK if language in CJK else UPRIGHT.characters
        characters, lines = min(characters, fitting), min(lines, UPRIGHT.lines)
    elif 3 * size[0] < 4 * size[1] and language not in CJK:
        characters = int(characters * SQUARE)
    words = None if language in UNSPACED else paging.words
    return Page(
        language=language,
        characters=rules.characters or characters,
        lines=rules.lines or lines,
        words=min(rules.words or words or MAX_WORDS, MAX_WORDS),
        duration=rules.duration or LONGEST,
    )


def _runs(transcript: Transcript, mask: Mask | None) -> list[tuple[str, list[Word]]]:
    """Words of one speaker without a pause between them, those of ``mask`` made unreadable."""
    runs: list[tuple[str, list[Word]]] = []
    for segment in transcript.segments:
        words = mask_words(segment.words, mask, transcript.language) if mask else segment.words
        for word in words:
            goes_on = (
                runs and runs[-1][0] == segment.speaker and word.start - runs[-1][1][-1].end < PAUSE
            )
            if goes_on:
                runs[-1][1].append(word)
            else:
                runs.append((segment.speaker, [word]))
    return runs


def _cuts(words: Sequence[Word], page: Page, rules: Rules) -> list[int]:
    if rules.words:
        return [*range(0, len(words), rules.words), len(words)]
    return page_cuts(words, page)


def _speech_cue(words: Sequence[Word], speaker: str, page: Page, emphasis: Emphasis) -> Cue:
    bound = bound_in([word.text for word in words], page)
    shown = tuple(
        CueWord(
            text=word.text, start=word.start, end=word.end,
            loudness=word.loudness, pitch=word.pitch,
            emphasis=emphasis.get((speaker, word.start)), tags=(BOUND,) if index in bound else (),
        )
        for index, word in enumerate(words)
    )  # fmt: skip
    return Cue(
        id="c", kind="speech", start=words[0].start, end=words[-1].end,
        speaker=speaker, region=None, words=shown,
    )  # fmt: skip


def bound_in(texts: Sequence[str], page: Page) -> AbstractSet[int]:
    """Which words of a cue stay on one line with the next; none where the cue has room enough."""
    if width(joined(texts), page.language) <= BREAKABLE * page.characters:
        return frozenset()
    return bound_words(texts, page.language, page.characters, lines=page.lines)


def _sound_cue(sound: Sound, longest: float) -> Cue:
    """A long sound is named when it begins and does not stand for all its length."""
    end = min(sound.end, sound.start + longest)
    word = CueWord(text=sound.label, start=sound.start, end=end, loudness=None, pitch=None)
    return Cue(
        id="c", kind="music" if sound.label in _MUSIC else "sound", start=sound.start, end=end,
        speaker=None, region=None, words=(word,),
    )  # fmt: skip


def timed(cues: Sequence[Cue], page: Page, duration: float, fps: Fraction) -> list[Cue]:
    """The cues, in order of start, with ids and with the ends at which they leave."""
    starts = [cue.start for cue in cues]
    done: list[Cue] = []
    for index, cue in enumerate(cues):
        at = max(index + 1, bisect_left(starts, cue.end - TOLERANCE))
        following = starts[at] if at < len(cues) else None
        end = _ending(cue, following, page, duration, float(GAP_FRAMES / fps))
        last = cue.words[-1]
        words = cue.words
        if last.end > end:
            words = (*words[:-1], msgspec.structs.replace(last, end=max(last.start, end)))
        done.append(msgspec.structs.replace(cue, id=f"c{index + 1}", end=end, words=words))
    return done


def _ending(cue: Cue, following: float | None, page: Page, duration: float, least: float) -> float:
    """When a cue leaves: ``LINGER`` after its last word, later where it could not be read by
    then, or with the cue ``following`` where the gap would be shorter than ``PAUSE``: unless it
    would then stand too long, and the gap is at least ``least``."""
    wide = width(joined(word.text for word in cue.words), page.language)
    readable = max(SHORTEST, wide / reading_speed(page.language))
    wanted = max(cue.start + readable, cue.end + (LINGER if cue.kind == "speech" else 0.0))
    latest = duration if following is None else following
    end = max(cue.end, min(wanted, cue.start + page.duration, latest))
    if following is None or following - end >= PAUSE:
        return end
    too_long = following - cue.start > page.duration
    return end if too_long and following - end >= least else max(following, cue.start)


def _looks(transcript: Transcript) -> dict[str, SpeakerLook]:
    return {
        speaker.id: SpeakerLook(
            label=speaker.name or f"Speaker {number}",
            color=PALETTE[(number - 1) % len(PALETTE)],
            pitch_hz=speaker.pitch_hz,
        )
        for number, speaker in enumerate(transcript.speakers, 1)
    }
