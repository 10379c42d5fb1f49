"""Captions as Advanced SubStation Alpha, which players draw nearly as the style does."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import pysubs2

from ecg.captions.ass_look import (
    BOLD,
    DARK,
    WHITE,
    Look,
    alpha_tag,
    color_tag,
    look_of,
    margin_of,
    place_of,
    points,
    ratio_of,
    style_of,
)
from ecg.captions.languages import CJK
from ecg.captions.legible import speaker_colors
from ecg.captions.lines import break_lines
from ecg.captions.place import LETTER, safe_area
from ecg.captions.scenario import BOUND, Cue, CueWord, Scenario, WordStyle
from ecg.captions.styles import check_choice
from ecg.captions.text import between, language_of, width

_MARKS = {"speech": ("", ""), "sound": ("[", "]"), "music": ("♫ ", " ♫")}
_ORDERED = "{\\fe-1}"
"""Has libass order the words of a line by their scripts; else each tag begins a run of its own, and
those stand from left to right."""


def ass_text(scenario: Scenario, size: tuple[int, int]) -> str:
    r"""The text of an ASS file for a picture of ``size`` (shown width, height).

    Font, sizes, colours, outline, box and place are the style's, each speaker has an ASS style, and
    words fill (``\kf``) while they are said. Raises ``DocumentInvalid`` where the style or its
    parameters are not known.
    """
    look = look_of(scenario, check_choice(scenario.style), size)
    colors = {name: color for name, (color, _) in speaker_colors(scenario).items()}
    styles = {name: f"Speaker {number}" for number, name in enumerate(colors, 1)}
    file = pysubs2.SSAFile()
    shape = {"PlayResX": str(size[0]), "PlayResY": str(size[1])}
    file.info.update(shape | {"ScaledBorderAndShadow": "yes", "WrapStyle": "0"})
    file.styles = {"Default": style_of(look, WHITE), "Sound": style_of(look, WHITE, italic=True)}
    file.styles |= {styles[name]: style_of(look, color) for name, color in colors.items()}
    labels = _labels(scenario)
    taken = 0
    for cue in scenario.cues:
        color = colors.get(cue.speaker or "", WHITE) if cue.kind == "speech" else WHITE
        if text := _text(cue, look, color, labels.get(cue.id, "")):
            start = _hundredths(cue.start)
            # players drop a cue that stands for no time at all
            event = pysubs2.SSAEvent(10 * start, 10 * max(_hundredths(cue.end), start + 1))
            region = cue.region or look.region
            event.marginv = margin_of(region, look)
            # players stack words without a box's edge, which would cover what stands there
            beside = "{\\yshad0}" if look.box and event.marginv and start < taken else ""
            taken = max(taken, event.end // 10)
            event.text = place_of(region, look) + beside + text
            event.style = (
                "Sound" if cue.kind != "speech" else styles.get(cue.speaker or "", "Default")
            )
            event.name = _name(scenario, cue)
            file.append(event)
    return file.to_string("ass")


def _labels(scenario: Scenario) -> dict[str, str]:
    """The speaker's name by the id of each cue over which the stage shows it: where they change."""
    speech = [cue for cue in scenario.cues if cue.kind == "speech"]
    if len({cue.speaker for cue in speech}) < 2:
        return {}
    earlier = [None, *(cue.speaker for cue in speech)]
    return {
        cue.id: _name(scenario, cue)
        for cue, before in zip(speech, earlier, strict=False)
        if cue.speaker is not None and cue.speaker != before
    }


def _name(scenario: Scenario, cue: Cue) -> str:
    """The speaker's name, without the comma that would end it in the file."""
    if cue.speaker is None:
        return ""
    return " ".join(_escaped(scenario.speakers[cue.speaker].label).replace(",", " ").split())


def _text(cue: Cue, look: Look, color: str, label: str) -> str:
    """The words with their times; "" where none is shown. Players break lines by width as a browser
    does, but only at spaces."""
    words = [
        word for word in cue.words if word.text.strip() and not (word.style and word.style.hidden)
    ]
    texts = [_escaped(word.text) for word in words]
    breaks = _breaks(words, look)
    text = (_ORDERED if any(map(_leftwards, texts)) else "") + (
        _label(label, look, color) if label else ""
    )
    before, after = _MARKS[cue.kind]
    tags = _tags(cue, words, look, color)
    for index, word in enumerate(texts):
        if index in breaks:
            text += "\\N"
        elif index:
            space = between(texts[index - 1], word)
            text += "\\h" if space and BOUND in words[index - 1].tags else space
        text += tags[index] + (before if index == 0 else "") + word
    return text + after if words else ""


def _label(label: str, look: Look, color: str) -> str:
    """Over the words, smaller; or in their line, where they are not in the speaker's colour."""
    size = look.style.type.label
    if size == 1:
        return f"{{\\1c{color_tag(color)}}}{label}: {{\\1c{color_tag(WHITE)}}}"
    return f"{{\\fs{points(look, size)}}}{label}\\N{{\\fs{points(look)}}}"


def _tags(cue: Cue, words: Sequence[CueWord], look: Look, color: str) -> list[str]:
    """What is written before each word: its time, and its look where it differs from the one before.

    ASS counts each word's time, in hundredths, from the end of the one before: a pause is an empty
    piece. What is left over by rounding goes into the next.
    """
    kind = look.style.type
    has = _face(None, cue, look, color)
    first = cursor = _hundredths(cue.start)
    found: list[str] = []
    for index, word in enumerate(words):
        start, end = max(cursor, _hundredths(word.start)), _hundredths(word.end)
        wants = _face(word, cue, look, color)
        tags = "".join(f"\\{name}{value}" for name, value in wants.items() if has[name] != value)
        has = wants
        tags += _appearing(10 * (start - first), look) if kind.unseen else ""
        if kind.passing and cue.kind == "speech" and index + 1 < len(words):
            until = 10 * (_hundredths(words[index + 1].start) - first)
            tags += f"\\t({until},{until},\\1c{color_tag(WHITE)})"
            has["1c"] = color_tag(WHITE)
        pause = f"{{\\kf{start - cursor}}}" if start > cursor else ""
        cursor = max(start, end)
        # players fill from left to right alone: what runs the other way changes at once
        fill = "k" if _leftwards(word.text) else "kf"
        found.append(f"{pause}{{\\{fill}{cursor - start}{tags}}}")
    return found


def _face(word: CueWord | None, cue: Cue, look: Look, color: str) -> dict[str, object]:
    """The look of a word, by the names of ASS; without one, what the cue begins with."""
    own = (word and word.style) or WordStyle()
    usual = look.style.type
    face: dict[str, object] = {
        "fs": points(look, ratio_of(word, look) if word else 1.0),
        "1c": color_tag(own.color or (WHITE if usual.plain else color)),
        "i": int(cue.kind != "speech" or bool(own.italic)),
        "b": round(own.weight) if own.weight else int(usual.weight >= BOLD),
    }
    return face | ({"2c": face["1c"]} if usual.plain else {})


def _appearing(after: int, look: Look) -> str:
    """Not seen, or as faintly as the strength asks, until so many milliseconds ``after`` the cue's
    start. Where a box is drawn, what would be the shadow's is its own."""
    if after <= 0 or not look.strength:
        return ""
    seen = {"1a": 0.0, "2a": 0.0, "3a": 0.0} | ({} if look.box else {"4a": 1 - DARK})
    hidden = "".join(
        f"\\{part}{alpha_tag(max(look.strength, value))}" for part, value in seen.items()
    )
    shown = "".join(f"\\{part}{alpha_tag(value)}" for part, value in seen.items())
    return f"{hidden}\\t({after},{after},{shown})"


def _breaks(words: Sequence[CueWord], look: Look) -> set[int]:
    """The words that begin a line, in scripts without spaces, as far as it can be told without
    their letters; none where players can do it."""
    texts = [word.text for word in words]
    if all(between(*pair) for pair in pairwise(texts)):
        return set()
    language = language_of(texts)
    left, _, right, _ = safe_area(look.size)
    across = (right - left) * look.size[0] - 2 * look.padding
    room = characters = across / (look.em * (1.0 if language in CJK else LETTER))
    wide = [width(word.text, language) * ratio_of(word, look) for word in words]
    bound = frozenset(index for index, word in enumerate(words) if BOUND in word.tags)
    lines = break_lines(texts, language, characters, bound)
    while characters > 1 and max(sum(wide[i] for i in line) for line in lines) > room:
        characters *= 0.9
        lines = break_lines(texts, language, characters, bound)
    return {line[0] for line in lines[1:]}


def _leftwards(text: str) -> bool:
    """Whether some of it is written from right to left."""
    return any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text)


def _hundredths(seconds: float) -> int:
    """Half a hundredth counts up, as pysubs2 has it for the times of events."""
    return (round(seconds * 1000) + 5) // 10


def _escaped(text: str) -> str:
    """ASS has no escape: what would begin an instruction is changed, and a line break in a word,
    which would end the cue in the file, becomes a space."""
    text = text.replace("\\", "\u29f5").replace("{", "\uff5b").replace("}", "\uff5d")
    return " ".join(text.split())
