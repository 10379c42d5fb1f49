"""What is read in a stranger's font file, and what is refused."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import ecg.captions
from ecg.captions.fonts import FontFace, lacking, notes_of, own_family, without_own
from ecg.captions.scenario import Cue, CueWord, Overrides, Scenario, StyleChoice
from ecg.captions.styles import check_choice
from ecg.kernel.errors import DocumentInvalid, MediaRefused
from ecg.render.engine.font import read_font
from tests.integration.own_fonts import block_font

BUNDLED = Path(ecg.captions.__file__).parent / "fonts"


def said(*words: str, font: str | None = "own:Blocks") -> Scenario:
    shown = tuple(
        CueWord(text=word, start=n, end=n + 1, loudness=None, pitch=None)
        for n, word in enumerate(words)
    )
    cue = Cue(
        id="c1", kind="speech", start=0, end=len(words), speaker=None, region=None, words=shown
    )
    style = StyleChoice("intention", overrides=Overrides(font=font))
    return Scenario(version=1, style=style, speakers={}, cues=(cue,))


def test_a_font_says_what_it_is_and_what_it_has() -> None:
    for flavor in (None, "woff2"):
        assert read_font(block_font(flavor=flavor)) == FontFace(
            family="Blocks", lightest=700, heaviest=700, italic=False, axes=(), scripts=("Latn",),
            unicode_range="U+20, U+41-5A, U+61-7A",
        )  # fmt: skip
    korean = read_font((BUNDLED / "pretendard.woff2").read_bytes())
    assert (korean.family, korean.lightest, korean.heaviest, korean.axes) == ("Pretendard Variable", 45, 930, ("wght",))  # fmt: skip
    assert {"Latn", "Hang", "Cyrl"} <= set(korean.scripts)
    assert "Hani" not in korean.scripts
    assert read_font(block_font('Br"and,\n {Sans}\u202e')).family == "Brand Sans"


def damaged() -> list[tuple[bytes, str]]:
    whole = block_font()
    return [
        (b"", "not a font"),
        (b"GIF89a" + whole, "not a font"),
        (b"ttcf" + whole[4:], "collection of fonts"),
        (whole[: len(whole) // 2], "damaged"),
        (whole[:12], "damaged"),
        (block_font(flavor="woff2")[:-40], "damaged"),
        (block_font(without="cmap"), "no table cmap"),
        (block_font(without="glyf"), "no outlines"),
        (block_font(letters="", family=" "), "no name"),
        (block_font(rights=0x2), "forbids embedding it (fsType 0x0002)"),
        (block_font(rights=0x200), "forbids embedding"),
    ]


@pytest.mark.parametrize(("data", "told"), damaged())
def test_what_cannot_be_used_is_refused_by_name(data: bytes, told: str) -> None:
    with pytest.raises(MediaRefused) as refused:
        read_font(data)
    assert told in refused.value.message


def test_a_font_that_may_be_previewed_or_edited_may_be_used() -> None:
    for rights in (0x4, 0x8, 0x108):
        assert read_font(block_font(rights=rights)).family == "Blocks"


def test_a_flipped_bit_is_refused_or_harmless() -> None:
    chance = random.Random(7)
    for flavor in (None, "woff2"):
        whole = block_font(flavor=flavor)
        for _ in range(60):
            data = bytearray(whole)
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            try:
                assert len(read_font(bytes(data)).family) <= 80
            except MediaRefused:
                continue


def test_what_a_font_lacks_is_named_and_a_font_that_is_gone_too() -> None:
    face = read_font(block_font())
    shown = said("Héllo", "안녕", "안", "ok ", "😀")
    assert lacking([face], shown) == ["é", "안", "녕"]
    accents = read_font(block_font(letters="é"))
    assert lacking([face, accents], shown) == ["안", "녕"]
    assert notes_of([face], shown) == (
        'Its font "Blocks" lacks é 안 녕; these are drawn in a bundled one.',
    )
    assert notes_of([face], said("Hello")) == ()
    assert notes_of([], said("Hello", font="Anton")) == ()
    (gone,) = notes_of([], shown)
    assert gone.startswith('Its font "Blocks" is not there')
    assert own_family(without_own(shown)) is None
    assert without_own(said("a", font="Anton")).style.overrides.font == "Anton"


def test_a_scenario_may_name_a_font_of_ones_own_that_can_be_one() -> None:
    assert check_choice(said("a").style).name == "intention"
    for name in ("own:", "own: x", 'own:x"; src: url(x)', "own:x\ny", "own:a,b", "own:" + "x" * 81):
        with pytest.raises(DocumentInvalid, match="no font is called"):
            check_choice(said("a", font=name).style)
