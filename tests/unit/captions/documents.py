"""Making transcripts for the tests of the captions language."""

from __future__ import annotations

from ecg.captions.transcript import Model, Segment, Sound, Speaker, Transcript, Word


def spoken(
    text: str,
    *,
    start: float = 0.0,
    each: float = 0.3,
    speaker: str = "s1",
    pauses: dict[int, float] | None = None,
) -> Segment:
    """``text`` said word by word, ``each`` seconds long, with pauses before some words."""
    words: list[Word] = []
    time = start
    for index, word in enumerate(text.split()):
        time += (pauses or {}).get(index, 0.0)
        words.append(
            Word(word, round(time, 3), round(time + each, 3), 0.9, "aligned", 1.5, None, None)
        )
        time += each
    return Segment(
        id=f"{speaker}-{start:g}", start=words[0].start, end=words[-1].end,
        speaker=speaker, text=text, words=tuple(words),
    )  # fmt: skip


def transcript(
    *segments: Segment, language: str = "en", duration: float = 60.0, sounds: tuple[Sound, ...] = ()
) -> Transcript:
    speakers = sorted({segment.speaker for segment in segments})
    return Transcript(
        version=1, language=language, duration=duration, model=Model("test", "test"),
        speakers=tuple(Speaker(name, None, None, None) for name in speakers),
        segments=segments, sounds=sounds,
    )  # fmt: skip
