"""How measurements and choices become ink."""

import math

import numpy as np
import pytest

from tests.integration.stage.pages import STYLES, cue, ink_box, scenario, word


def style_size(decibels, strength=1.0):
    """Intention's rule: 12 dB louder is 2.4 times, 12 dB softer 0.7 times the size."""
    level = max(-1, min(1, decibels / 12)) * strength
    return 2.4 ** (level**1.4) if level > 0 else 0.7 ** (level**2)


def one_word(loudness, text="HHH", **style):
    look = {"style": style} if style else {}
    single = word(text, 0.0, 1.0, loudness=loudness, **look)
    return {**cue(text, 0, 1), "words": [single]}


def ink_height(stage, shown, t=0.9):
    top, _, bottom, _ = ink_box(stage.open(shown, width=1280, height=720).picture(t), "#5cc8e8")
    return bottom - top


@pytest.mark.parametrize("decibels", [-12, -6, 3, 6, 9, 12, 30])
def test_ink_is_as_tall_as_the_rule_says(stage, decibels):
    plain = ink_height(stage, scenario(one_word(0.0)))
    height = ink_height(stage, scenario(one_word(float(decibels))))
    assert height / plain == pytest.approx(style_size(decibels), abs=1.5 / plain)


def test_size_is_a_part_of_the_frame(stage):
    capital = 0.716  # of Pretendard's em
    for decibels, part in ((0, 0.05), (12, 0.12), (-12, 0.035)):
        height = ink_height(stage, scenario(one_word(float(decibels))))
        assert height == pytest.approx(part * 720 * capital, abs=1.5)


def test_strength_is_in_between(stage):
    plain = ink_height(stage, scenario(one_word(0.0)))
    half = ink_height(stage, scenario(one_word(9.0), strength=0.5))
    assert half / plain == pytest.approx(style_size(9, 0.5), abs=1.5 / plain)


@pytest.mark.parametrize("style", STYLES)
def test_no_strength_is_plain(stage, style):
    loud = cue("all of this is plain", 0, 1, loudness=(12, -12, 6), pitch=(6, -6, 3))
    flat = cue("all of this is plain", 0, 1, pitch=[0] * 5)
    stage.open(scenario(loud, style=style, strength=0))
    pictures = [stage.picture(t) for t in (0.05, 0.5)]
    changes = [round(0.2 * i + 0.01, 2) for i in range(5)]
    assert all(stage.next_change(t) > t + 0.15 for t in changes)
    stage.open(scenario(flat, style=style, strength=0))
    assert all(
        np.array_equal(stage.picture(t), p) for t, p in zip((0.05, 0.5), pictures, strict=True)
    )
    assert len({round(box[3], 2) for box in stage.boxes(".ink")}) == 1


def test_unknown_loudness_is_the_usual_size_and_marked(stage):
    assert ink_height(stage, scenario(one_word(None))) == ink_height(stage, scenario(one_word(0.0)))
    assert stage.page.evaluate("() => root.querySelector('.word').dataset.unknown") == "pitch"
    stage.open(scenario(one_word(None))).seek(0)
    assert (
        stage.page.evaluate("() => root.querySelector('.word').dataset.unknown") == "loudness pitch"
    )


def test_a_lower_voice_is_heavier(stage):
    def blackness(speaker):
        single = {**one_word(0.0, "mmmmm"), "speaker": speaker}
        picture = stage.open(scenario(single)).picture(0.9)[..., :3].astype(float)
        return picture.sum() / picture.max()

    assert blackness("daniel") > 1.15 * blackness("mina")


def test_a_word_takes_its_colour_when_it_is_said(stage):
    stage.open(scenario(cue("before after", 0, 2)))
    picture = stage.picture(0.5)
    (said, _) = stage.boxes(".ink")
    _, left, _, right = ink_box(picture, "#5cc8e8")
    assert said[0] - 1 <= left
    assert right <= said[0] + said[2] + 1
    _, left, _, _ = ink_box(picture, "#e6e6e6")
    assert left > said[0] + said[2]


def test_words_of_all_sizes_stand_on_one_line(stage):
    stage.open(scenario(cue("HH HH HH HH", 0, 1, loudness=(9, -9, 0, 12)), position="top"))
    picture = stage.picture(0.999)
    bottoms = set()
    for x, _, width, _ in stage.boxes(".ink"):
        inside = picture[:, int(x) : int(x + width)]
        bottoms.add(int(ink_box(inside, "#5cc8e8")[2]))
    assert max(bottoms) - min(bottoms) <= 1


def test_what_a_person_sets_for_a_word_and_for_all(stage):
    taller = ink_height(stage, scenario(one_word(0.0, scale=2)))
    assert taller / ink_height(stage, scenario(one_word(0.0))) == pytest.approx(2, rel=0.06)
    assert ink_height(stage, scenario(one_word(0.0), size=2)) == taller
    stage.open(scenario(one_word(0.0, color="#ff0000")))
    assert ink_box(stage.picture(0.9), "#ff0000")
    stage.open(scenario(one_word(0.0), palette=["#00ff00"]))
    assert ink_box(stage.picture(0.9), "#00ff00")
    stage.open(scenario(one_word(0.0), box=0.0))
    assert math.isclose((stage.picture(0.9)[..., 3] > 0).mean(), 0, abs_tol=0.01)
    words = [
        word("seen", 0, 0.5),
        word("secret", 0.5, 1, style={"hidden": True}, tags=["shy", "b"]),
    ]
    stage.open(scenario({**cue("x", 0, 1), "words": words})).seek(0)
    assert stage.page.evaluate("() => root.querySelector('.stage').textContent") == "seen"


def test_slanted_weighted_and_tagged_words(stage):
    plain = stage.open(scenario(one_word(0.0))).picture(0.9)
    for style in ({"italic": True}, {"weight": 900}):
        other = stage.open(scenario(one_word(0.0, **style))).picture(0.9)
        assert not np.array_equal(other, plain)
    tagged = {**cue("x", 0, 1), "words": [word("loud", 0, 1, tags=["shout", "angry"])]}
    red = ".word[data-tags~=angry] .ink { color: #ff0000 }"
    assert ink_box(stage.open(scenario(tagged), css=red).picture(0.9), "#ff0000")


def test_sounds_in_brackets_and_music_with_notes(stage):
    cues = [
        cue("loud laughter", 0, 1, kind="sound"),
        cue("[applause]", 1, 2, kind="sound"),
        cue("♪ la la ♪", 2, 3, kind="music"),
    ]
    for style in STYLES:
        stage.open(scenario(*cues, style=style))
        seen = [described(stage, t) for t in (0.5, 1.5, 2.5)]
        assert seen == ["[loud laughter]", "[applause]", "♫ la la ♫"]


def described(stage, t):
    stage.seek(t)
    return stage.page.evaluate(
        """() => [...root.querySelectorAll(".ink")].map((ink) =>
          ["::before", "::after"].map((which) => getComputedStyle(ink, which).content)
            .map((text) => (text === "none" ? "" : JSON.parse(text)))
            .toSpliced(1, 0, ink.textContent).join("")).join(" ")"""
    )


def test_a_name_stands_where_the_speaker_changes(stage):
    cues = [
        cue("one", 0, 1),
        cue("two", 1, 2),
        cue("bang", 2, 3, kind="sound"),
        cue("three", 3, 4),
        cue("four", 4, 5, speaker="daniel"),
    ]
    stage.open(scenario(*cues))
    names = []
    for t in (0.5, 1.5, 2.5, 3.5, 4.5):
        stage.seek(t)
        names.append(stage.page.evaluate("() => root.querySelector('.speaker')?.textContent"))
    assert names == ["Mina", None, None, None, "Daniel"]
    stage.open(scenario(*cues[:4])).seek(0.5)
    assert stage.page.evaluate("() => root.querySelector('.speaker')") is None


@pytest.mark.parametrize("style", STYLES)
def test_small_lines_have_whole_spaces(stage, style):
    below = {"language": "en", "text": "Speaker 2"}
    talk = scenario(
        cue("Hi", 0, 1, secondary=below), cue("Yes", 1, 2, speaker="daniel"), style=style
    )
    talk["speakers"]["mina"]["label"] = "Speaker 1"
    stage.open(talk).seek(0.5)
    spaces = stage.page.evaluate(
        """() => [...root.querySelectorAll(".speaker, .secondary")].map((line) => {
          const space = document.createRange();
          space.setStart(line.firstChild, 7);
          space.setEnd(line.firstChild, 8);
          return space.getBoundingClientRect().width / parseFloat(getComputedStyle(line).fontSize);
        })"""
    )
    assert len(spaces) == 2
    assert min(spaces) > 0.18


def test_a_translation_stands_below(stage):
    stage.open(
        scenario(cue("Hello there", 0, 1, secondary={"language": "ko", "text": "안녕하세요"}))
    )
    stage.seek(0.5)
    (_, below, _, _), words = stage.boxes(".secondary")[0], stage.boxes(".word")
    assert below >= max(y + h for _, y, _, h in words) - 2


def test_a_cue_of_hidden_or_blank_words_shows_nothing(stage):
    hidden = [word("a", 0, 0.5, style={"hidden": True}), word("  ", 0.5, 1)]
    stage.open(scenario({**cue("x", 0, 1), "words": hidden}, cue("  padded \n text ", 1, 2)))
    assert not stage.picture(0.5).any()
    assert stage.next_change(0) == pytest.approx(1, abs=1e-6)
    assert stage.picture(1.5).any()
