"""The fixed scenario: three words a second, seven to a cue, each word a state change or more."""

from __future__ import annotations

import itertools

from ecg.captions.scenario import Cue, CueWord, Scenario, SpeakerLook, StyleChoice

TEXT = (
    *("And", "so", "my", "fellow", "Americans", "ask", "not", "what", "your", "country"),
    *("can", "do", "for", "you", "ask", "what", "you", "can", "do", "for", "your", "country"),
)
RATE = 3
"""Words per second."""
WORDS_IN_CUE = 7
_LOUDNESS = (-4.0, 0.0, 6.0)


def scenario(style: str, seconds: int, changed: int | None = None) -> Scenario:
    """Words for the whole of ``seconds``; the text of word number ``changed`` is another."""
    text = itertools.cycle(TEXT)
    words = [
        CueWord(
            text="country" if number == changed else said,
            start=number / RATE,
            end=number / RATE + 0.3,
            loudness=_LOUDNESS[number % len(_LOUDNESS)],
            pitch=0.0,
        )
        for number, said in zip(range(seconds * RATE), text, strict=False)
    ]
    cues = tuple(
        Cue(
            id=f"c{number}",
            kind="speech",
            start=part[0].start,
            end=part[0].start + len(part) / RATE,
            speaker="s1",
            region=None,
            words=tuple(part),
        )
        for number, part in enumerate(
            words[first : first + WORDS_IN_CUE] for first in range(0, len(words), WORDS_IN_CUE)
        )
    )
    look = SpeakerLook(label="Speaker", color="#ffd23f", pitch_hz=120.0)
    return Scenario(1, StyleChoice(style), {"s1": look}, cues)
