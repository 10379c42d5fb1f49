"""Scenario v1: what is shown. scenario > cue > word (lines are the browser's to break)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ecg.captions.document import check_number, check_span, decode
from ecg.captions.transcript import TOLERANCE, Text, Unit
from ecg.kernel.errors import DocumentInvalid

MAX_BYTES = 2_000_000
MAX_CUES = 5_000
"""Of a scenario that a client brings: bytes of its JSON, and cues. One that ECG composes of
hours of speech may be larger."""

MAX_WORDS = 200
MAX_SPEAKERS = 200
MAX_PARAMETERS = 50
"""Of any: words of one cue, speakers, and parameters of its style."""

INTERPOLATED = "interpolated"
"""The tag of a word whose times were not measured but spread over its cue."""

BOUND = "bound"
"""The tag of a word that stands on one line with the next, as an article with its noun."""

Color = Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}$(?!\n)")]
CueId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}$(?!\n)")]
Tag = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}$(?!\n)")]
Seconds = Annotated[float, Meta(ge=0)]
Anchor = Literal[
    "top-left", "top", "top-right", "left", "center", "right",
    "bottom-left", "bottom", "bottom-right",
]  # fmt: skip


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place on the stage, 0..1 from the left and the top; ``anchor`` is the point of the
    cue's box that is put there."""

    x: Unit
    y: Unit
    anchor: Anchor = "center"


Region = Literal["bottom", "middle", "top"] | Point


class Overrides(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a person changes of any style: font family (a bundled one, or ``own:`` and the name
    of one's own), size ratio, box opacity, speaker palette, position."""

    font: Text | None = None
    size: Annotated[float, Meta(ge=0.5, le=2)] | None = None
    box: Unit | None = None
    palette: Annotated[tuple[Color, ...], Meta(min_length=1, max_length=12)] | None = None
    position: Region | None = None


class StyleChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which style, how strongly (0 plain, 1 full), and what differs from its defaults."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,32}$(?!\n)")]
    strength: Unit = 1.0
    parameters: Annotated[dict[str, float | bool | Text], Meta(max_length=MAX_PARAMETERS)] = {}
    overrides: Overrides = Overrides()


class SpeakerLook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a speaker is named and coloured. ``pitch_hz``: the voice's median F0, or unknown."""

    label: Text
    color: Color
    pitch_hz: Annotated[float, Meta(gt=0)] | None = None


class WordStyle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A hand-made exception for one word. ``weight`` is on the font's own axis."""

    color: Color | None = None
    scale: Annotated[float, Meta(ge=0.25, le=4)] | None = None
    weight: Annotated[float, Meta(ge=1, le=1000)] | None = None
    italic: bool | None = None
    hidden: bool | None = None


class CueWord(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """One shown word. Measurements as in the transcript's word, required though they may be
    null, so that a misspelt name is refused and never lost; the style decides their look.
    ``emphasis`` 0..1 is computed by compose or set by hand."""

    text: Text
    start: Seconds
    end: Seconds
    loudness: float | None
    pitch: float | None
    emphasis: Unit | None = None
    tags: Annotated[tuple[Tag, ...], Meta(max_length=8)] = ()
    style: WordStyle | None = None


class Secondary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A second line under the cue: a translation, ``language`` ISO 639-1."""

    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}$(?!\n)")]
    text: Text


class Cue(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """What stands on the stage from ``start`` to ``end`` (seconds). ``speaker`` is a key of
    the scenario's speakers, ``None`` for sounds. ``region`` wins over the style's position."""

    id: CueId
    kind: Literal["speech", "sound", "music"]
    start: Seconds
    end: Seconds
    speaker: str | None
    region: Region | None
    secondary: Secondary | None = None
    words: Annotated[tuple[CueWord, ...], Meta(min_length=1, max_length=MAX_WORDS)]


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that clients send to render; data only, nothing in it is executed or
    fetched."""

    version: Literal[1]
    style: StyleChoice
    speakers: Annotated[dict[str, SpeakerLook], Meta(max_length=MAX_SPEAKERS)]
    cues: tuple[Cue, ...]


DECODER = msgspec.json.Decoder(Scenario)


def read_scenario(data: bytes | str) -> Scenario:
    """Decodes and checks. Raises ``DocumentInvalid`` naming the JSON path."""
    scenario = decode(data, DECODER)
    check_scenario(scenario)
    return scenario


def check_scenario(scenario: Scenario) -> None:
    """Refuses a scenario that breaks an invariant, naming the path.

    Cues are ordered by start with ids of their own; words are ordered, do not overlap and
    lie inside their cue; speakers are listed; numbers are finite.
    """
    seen: set[str] = set()
    last_start = 0.0
    for index, cue in enumerate(scenario.cues):
        path = f"$.cues[{index}]"
        check_span(cue.start, cue.end, path)
        if cue.id in seen:
            raise DocumentInvalid(f'the id "{cue.id}" is used twice', f"{path}.id")
        seen.add(cue.id)
        if cue.start < last_start:
            raise DocumentInvalid(
                f"starts at {cue.start:g}, before the cue before it at {last_start:g}",
                f"{path}.start",
            )
        last_start = cue.start
        if cue.speaker is not None and cue.speaker not in scenario.speakers:
            raise DocumentInvalid(f'"{cue.speaker}" is not in speakers', f"{path}.speaker")
        _check_words(cue, path)


def check_size(scenario: Scenario, size: int) -> None:
    """Refuses what a client brings that is over the limits. ``size``: bytes of its JSON. Raises
    ``DocumentInvalid``."""
    if size > MAX_BYTES:
        raise DocumentInvalid(f"{size:,} bytes; a scenario may have at most {MAX_BYTES:,}")
    if len(scenario.cues) > MAX_CUES:
        found = f"{len(scenario.cues):,} cues; a scenario may have at most {MAX_CUES:,}"
        raise DocumentInvalid(found, "$.cues")


def check_within(scenario: Scenario, duration: float, frame: float) -> None:
    """Refuses a scenario that reaches beyond the video's end by more than one frame.

    ``duration`` of the video and ``frame`` in seconds. Raises ``DocumentInvalid``.
    """
    for index, cue in enumerate(scenario.cues):
        if cue.end > duration + frame:
            raise DocumentInvalid(
                f"ends at {cue.end:g} s, but the video ends at {duration:.3f} s; "
                "render with the video that the scenario was made from",
                f"$.cues[{index}].end",
            )


def _check_words(cue: Cue, path: str) -> None:
    last_end = cue.start
    for index, word in enumerate(cue.words):
        at = f"{path}.words[{index}]"
        check_span(word.start, word.end, at)
        check_number(word.loudness, f"{at}.loudness")
        check_number(word.pitch, f"{at}.pitch")
        if word.start < last_end - TOLERANCE:
            what = "its cue starts" if index == 0 else "the word before it ends"
            raise DocumentInvalid(
                f"starts at {word.start:g}, before {what} at {last_end:g}", f"{at}.start"
            )
        if word.end > cue.end + TOLERANCE:
            raise DocumentInvalid(
                f"ends at {word.end:g}, after its cue ends at {cue.end:g}", f"{at}.end"
            )
        last_end = word.end
