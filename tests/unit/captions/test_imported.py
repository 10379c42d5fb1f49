from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecg.captions.formats import export_captions
from ecg.captions.imported import MAX_CHARACTERS, import_captions
from ecg.captions.pieces import split_words
from ecg.captions.scenario import INTERPOLATED, MAX_CUES, MAX_WORDS, check_scenario
from ecg.captions.styles import load_style
from ecg.kernel.errors import InputRefused

STYLE = load_style("intention")
SRT = """1
00:00:01,000 --> 00:00:03,000
<i>Hello</i> big
world

2
00:00:04,000 --> 00:00:05,500
[door slams]

3
00:00:06,000 --> 00:00:07,000
♪ la la ♪
"""
VTT = """WEBVTT

intro
00:01.000 --> 00:03.000 line:0
Hello <b>big</b> world
"""


def test_words_share_the_time_of_their_cue_by_length() -> None:
    scenario = import_captions(SRT, "srt", STYLE)
    check_scenario(scenario)
    first, sound, music = scenario.cues
    assert [(w.text, w.start, w.end) for w in first.words] == [
        ("Hello", 1.0, 1.769), ("big", 1.769, 2.231), ("world", 2.231, 3.0),
    ]  # fmt: skip
    assert all(w.tags == (INTERPOLATED,) and w.loudness is None for w in first.words)
    assert (sound.kind, sound.words[0].text) == ("sound", "door slams")
    assert (music.kind, music.words[0].text) == ("music", "la la")


def test_vtt_with_names_and_settings() -> None:
    (cue,) = import_captions(VTT, "vtt", STYLE).cues
    assert (cue.start, cue.end) == (1.0, 3.0)
    assert [word.text for word in cue.words] == ["Hello", "big", "world"]


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_there_and_back_keeps_every_word(kind: str) -> None:
    scenario = import_captions(SRT, "srt", STYLE)
    again = import_captions(export_captions(scenario, kind), kind, STYLE)  # pyright: ignore[reportArgumentType]
    assert [[w.text for w in cue.words] for cue in again.cues] == [
        [w.text for w in cue.words] for cue in scenario.cues
    ]
    assert [cue.kind for cue in again.cues] == [cue.kind for cue in scenario.cues]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("what a day", ["what", "a", "day"]),
        ("안녕 하세요", ["안녕", "하세요"]),
        ("今日は、いい。", ["今", "日", "は、", "い", "い。"]),
        ("「猫」と", ["「猫」", "と"]),
        ("I love 猫", ["I", "love", "猫"]),
        ("don't stop!", ["don't", "stop!"]),
        ("สวัสดีเพื่อน จำนำ", ["ส", "วั", "ส", "ดี", "เพื่", "อ", "น", "จำ", "นำ"]),
        ("ສະບາຍດີໂລກ", ["ສະ", "ບາ", "ຍ", "ດີ", "ໂລ", "ກ"]),
        ("မင်္ဂလာပါ ကမ္ဘာ", ["မ", "င်္ဂ", "လာ", "ပါ", "က", "မ္ဘာ"]),
        ("សួស្តី", ["សួ", "ស្តី"]),
    ],
)
def test_words_are_split_as_a_caption_lights_them(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@given(st.text(max_size=60))
def test_no_character_is_lost(text: str) -> None:
    assert "".join(split_words(text)) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("", "srt", "no captions"),
        ("just words", "srt", "no captions"),
        (SRT, "vtt", "WEBVTT"),
        ("WEBVTT\n\n", "vtt", "no captions"),
    ],
)
def test_what_is_no_caption_file_is_told(text: str, kind: str, says: str) -> None:
    with pytest.raises(InputRefused, match=says):
        import_captions(text, kind, STYLE)  # pyright: ignore[reportArgumentType]


def test_a_cue_of_very_many_words_becomes_several() -> None:
    long = "1\n00:00:00,000 --> 00:01:00,000\n" + "word " * (MAX_WORDS + 10) + "\n"
    scenario = import_captions(long, "srt", STYLE)
    check_scenario(scenario)
    assert [len(cue.words) for cue in scenario.cues] == [MAX_WORDS, 10]


def timed(text: str) -> str:
    return f"1\n00:00:01,000 --> 00:00:03,000\n{text}\n"


PIECE = MAX_CHARACTERS - 1


@pytest.mark.parametrize(
    "text",
    [
        "#x" + "#" * PIECE * 500 + "y",
        "{" * PIECE * 500,
        "<a" * PIECE * 250,
        "< " * PIECE * 250 + " " * PIECE,
        "[" * PIECE * 500,
        "x\n" + "\n" * PIECE * 500 + "y",
        "<" + "1" * PIECE * 500,
        "가" * PIECE * 500,
    ],
)
@pytest.mark.parametrize("repeated", [False, True])
@pytest.mark.timeout(60)
def test_no_text_takes_more_time_than_its_length(text: str, repeated: bool) -> None:
    """A million characters in one cue, and in a thousand: minutes and hours, where it is the
    square of them."""
    pieces = [text[:PIECE]] * 500 if repeated else [text]
    with suppress(InputRefused):
        import_captions("\n".join(map(timed, pieces)), "srt", STYLE)


def test_what_is_too_long_for_one_cue_names_it() -> None:
    for text, says in (
        ("word " * 500, "cue 2 has 2,499 characters; at most 2,000"),
        ("x" * 501, "cue 2 has a word of 501 characters; at most 500"),
    ):
        with pytest.raises(InputRefused, match=says):
            import_captions(timed("fine") + "\n" + timed(text), "srt", STYLE)
    too_many = "".join(timed("x") for _ in range(MAX_CUES + 1))
    with pytest.raises(InputRefused, match=f"{MAX_CUES + 1} cues"):
        import_captions(too_many, "srt", STYLE)


@pytest.mark.parametrize(
    ("text", "words", "kind"),
    [
        ("<i>so</i> {\\an8}it </ b >is", ["so", "it", "is"], "speech"),
        ("a < 3 > c { d", ["a", "<", "3", ">", "c", "{", "d"], "speech"),
        ("one\\Ntwo\\hthree", ["one", "two", "three"], "speech"),
        ("♪ # ♫", ["♪", "#", "♫"], "music"),
        ("#♪ la la", ["la la"], "music"),
        ("[ door ]", ["door"], "sound"),
        ("[" + "knock " * 100 + "]", ["[knock", *["knock"] * 99, "]"], "sound"),
    ],
)
def test_markup_is_left_out_and_labels_are_kept(text: str, words: list[str], kind: str) -> None:
    (cue,) = import_captions(timed(text), "srt", STYLE).cues
    assert ([word.text for word in cue.words], cue.kind) == (words, kind)
