from __future__ import annotations

import re
from typing import Literal

import msgspec
import pysubs2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.captions.compose import PALETTE, compose
from ecg.captions.formats import export_captions
from ecg.captions.imported import import_captions
from ecg.captions.scenario import (
    INTERPOLATED,
    Overrides,
    Point,
    Scenario,
    StyleChoice,
    WordStyle,
    check_scenario,
)
from ecg.captions.styles import list_styles, load_style
from ecg.captions.transcript import Sound
from ecg.kernel.errors import DocumentInvalid, InputRefused
from tests.unit.captions.documents import spoken, transcript

STYLE = load_style("intention")
SAID = transcript(
    spoken("We went {out} th\\nree. Nobody had slept.", start=1.004, each=0.2517, pauses={3: 0.2}),
    spoken("No wait", start=5.0, speaker="s2"),
    spoken("今日は とても いい 天気です ね", start=8.0, speaker="s2", pauses={2: 0.3}),
    sounds=(Sound(20, 25, "music", 0.9), Sound(30, 31, "door slams", 0.9)),
)


def styled(name: str = "intention", **overrides: object) -> Scenario:
    scenario = compose(SAID, load_style(name))
    made = msgspec.convert(overrides, Overrides)
    return msgspec.structs.replace(scenario, style=StyleChoice(name, overrides=made))


def read(scenario: Scenario, size: tuple[int, int] = (1920, 1080)) -> pysubs2.SSAFile:
    return pysubs2.SSAFile.from_string(export_captions(scenario, "ass", size=size))


def test_each_word_fills_while_it_is_spoken() -> None:
    said = transcript(spoken("one {two} th\\nree", start=1, pauses={1: 0.2}))
    (cue,) = read(compose(said, STYLE)).events
    assert cue.start == 1000
    filled = re.findall(r"\{\\kf(\d+)[^}]*\}([^{]*)", cue.text)
    assert [(int(length), word.strip()) for length, word in filled] == [
        (30, "one"), (20, ""), (30, "｛two｝"), (30, "th⧵nree"),
    ]  # fmt: skip


def test_the_look_is_the_styles_at_the_size_of_the_picture() -> None:
    file = read(styled(palette=["#102030", "#405060"], size=1.5, box=0.5), (1080, 1920))
    assert (file.info["PlayResX"], file.info["PlayResY"]) == ("1080", "1920")
    one, two = file.styles["Speaker 1"], file.styles["Speaker 2"]
    assert (one.fontname, one.bold) == ("Pretendard Variable", True)
    # 5 % of 1.08 × 1080, half as large again, by the height of a line of this font
    assert one.fontsize == round(0.05 * 1.08 * 1080 * 1.5 * 1.193)
    assert (one.primarycolor, two.primarycolor) == (
        pysubs2.Color(0x10, 0x20, 0x30), pysubs2.Color(0x40, 0x50, 0x60),
    )  # fmt: skip
    assert one.secondarycolor == pysubs2.Color(230, 230, 230)
    assert (one.borderstyle, one.backcolor.a) == (4, 128)
    assert one.marginv >= 0.35 * 1920
    bare = read(styled("karaoke")).styles["Speaker 1"]
    assert (bare.borderstyle, bare.secondarycolor) == (1, pysubs2.Color(255, 255, 255))
    assert bare.outline == pytest.approx(0.07 * 0.06 * 1080, abs=0.1)


def test_loud_words_are_larger_and_hand_made_looks_are_kept() -> None:
    scenario = compose(transcript(spoken("a b c d")), STYLE)
    words = list(scenario.cues[0].words)
    for index, change in enumerate((
        {"loudness": 12.0}, {"loudness": -12.0}, {"loudness": None},
        {"loudness": 0.0, "style": WordStyle(color="#102030", italic=True, weight=800)},
    )):  # fmt: skip
        words[index] = msgspec.structs.replace(words[index], **change)
    cue = msgspec.structs.replace(scenario.cues[0], words=tuple(words))
    file = read(msgspec.structs.replace(scenario, cues=(cue,)))
    line = 0.05 * 1080 * 1.193
    tags = re.findall(r"\{\\kf\d+([^}]*)\}", file.events[0].text)
    sizes = [int(re.findall(r"\\fs(\d+)", tag)[0]) for tag in tags[:3]]
    assert sizes == [round(line * 2.4), round(line * 0.7), round(line)]
    assert tags[3] == "\\1c&H302010&\\i1\\b800"


def test_speakers_are_told_as_on_the_stage() -> None:
    events = read(styled()).events
    assert [event.style for event in events][-3:] == ["Speaker 2", "Sound", "Sound"]
    labels = [re.match(r"\{\\fs36\}([^{\\]*)\\N", event.text) for event in events]
    assert [label[1] for label in labels if label] == ["Speaker 1", "Speaker 2"]
    assert "{\\1c&H4BB1F5&}Speaker 1: {\\1c&HFFFFFF&}" in read(styled("broadcast")).events[0].text
    assert "{\\fs36}" not in export_captions(compose(transcript(spoken("a")), STYLE), "ass")


def test_cues_stand_where_they_are_put() -> None:
    top, point = styled(position="top"), Point(0.25, 0.5, "left")
    first, *rest = top.cues
    put = msgspec.structs.replace(first, region=point)
    lower = msgspec.structs.replace(rest[0], region="bottom")
    moved = msgspec.structs.replace(top, cues=(put, lower, *rest[1:]))
    file = read(moved)
    assert file.styles["Default"].alignment == pysubs2.Alignment.TOP_CENTER
    assert file.events[0].text.startswith("{\\an4\\pos(502,540)}")
    assert file.events[1].text.startswith("{\\an2}")
    assert file.events[1].marginv > 0.07 * 1080
    assert "\\pos" not in file.events[2].text


def test_a_second_cue_leaves_the_first_its_words() -> None:
    said = transcript(spoken("one two three"), spoken("no wait", start=0.3, speaker="s2"))
    first, second = read(compose(said, STYLE)).events
    assert ("\\yshad0" in first.text, "\\yshad0" in second.text) == (False, True)


def test_arabic_runs_leftwards_and_chinese_characters_break() -> None:
    arabic = compose(transcript(spoken("مرحبا بكم ok"), language="ar"), STYLE)
    text = read(arabic).events[0].text
    assert text.startswith("{\\fe-1}{\\k30")
    assert "{\\kf30}ok" in text
    long = transcript(spoken(" ".join(["今日", "天気"] * 12), each=0.2), language="ja")
    cue = compose(long, STYLE).cues[0]
    loud = tuple(msgspec.structs.replace(word, loudness=12.0) for word in cue.words)
    scenario = styled()
    cue = msgspec.structs.replace(cue, words=loud, speaker=None)
    text = read(msgspec.structs.replace(scenario, speakers={}, cues=(cue,))).events[0].text
    lines = [re.sub(r"\{[^}]*\}", "", line) for line in text.split("\\N")]
    assert max(map(len, lines)) * 0.05 * 1080 * 2.4 <= 0.84 * 1920


def test_a_style_that_is_not_there_is_refused_by_name() -> None:
    scenario = msgspec.structs.replace(styled(), style=StyleChoice("nosuch"))
    with pytest.raises(DocumentInvalid, match="nosuch"):
        export_captions(scenario, "ass")


@pytest.mark.parametrize("kind", ["vtt", "ass"])
@pytest.mark.parametrize("name", [style.name for style in list_styles()])
def test_there_and_back_keeps_words_and_times(name: str, kind: str) -> None:
    scenario = compose(SAID, load_style(name))
    again = import_captions(export_captions(scenario, kind), kind, STYLE)  # pyright: ignore[reportArgumentType]
    check_scenario(again)
    exact, shown = (0.0006, vtt_shown) if kind == "vtt" else (0.0051, ass_shown)
    assert len(again.cues) == len(scenario.cues)
    for cue, back in zip(scenario.cues, again.cues, strict=True):
        assert [shown(w.text) for w in cue.words] == [w.text for w in back.words]
        times = [t for w in cue.words for t in (w.start, w.end)]
        assert [t for w in back.words for t in (w.start, w.end)] == pytest.approx(times, abs=exact)
        assert (back.start, back.end) == pytest.approx((cue.start, cue.end), abs=exact)
        assert (back.kind, back.region) == (cue.kind, None)
        if len(cue.words) > 1:
            assert all(INTERPOLATED not in word.tags for word in back.words)
    if kind == "ass":
        assert [cue.speaker for cue in again.cues] == [cue.speaker for cue in scenario.cues]
        assert [look.color for look in again.speakers.values()] == list(PALETTE[:2])


def vtt_shown(text: str) -> str:
    return text.replace("\\n", "⧵n")


def ass_shown(text: str) -> str:
    return text.replace("\\", "⧵").replace("{", "｛").replace("}", "｝")


HEAD = "[Script Info]\nScriptType: v4.00+\n\n[Events]\n"


def event(text: str, name: str = "", kind: str = "Dialogue") -> str:
    return f"{kind}: 0,0:00:01.00,0:00:03.00,Default,{name},0,0,0,,{text}\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"{\k20}Ka{\k30}ra{\k10}o{\k20}ke {\K40}song",
         [("Karaoke", 1.0, 1.8, ()), ("song", 1.8, 2.2, ())]),
        (r"{\an8}Anna:\N{\k50\i1}so {\i0}it {\k20}{\ko500}is",
         [("so", 1.0, 1.25, (INTERPOLATED,)), ("it", 1.25, 1.5, (INTERPOLATED,)), ("is", 1.7, 3.0, ())]),
        (r"- {\kf100}you", [("-", 1.0, 1.25, (INTERPOLATED,)), ("you", 1.25, 2.0, (INTERPOLATED,))]),
        (r"{\k50}今日{\k50}は{\k10}、{\p1}m 0 0 l 5 5{\p0}",
         [("今日", 1.0, 1.5, ()), ("は、", 1.5, 2.1, ())]),
        (r"{\k0}plain {\fad(9,9)}text", [("plain", 1.0, 2.111, (INTERPOLATED,)),
                                         ("text", 2.111, 3.0, (INTERPOLATED,))]),
        (r"♪ {\k50}la {\k50}li ♪", [("la", 1.0, 1.5, ()), ("li", 1.5, 2.0, ())]),
    ],
)  # fmt: skip
def test_times_of_karaoke_are_read(
    text: str, words: list[tuple[str, float, float, tuple[str, ...]]]
) -> None:
    file = HEAD + event("left out", kind="Comment") + event(r"{\p1}m 0 0") + event(text, "Anna")
    scenario = import_captions(file, "ass", STYLE)
    check_scenario(scenario)
    (cue,) = scenario.cues
    assert [(w.text, w.start, w.end, w.tags) for w in cue.words] == words
    assert (cue.start, cue.end) == (1.0, 3.0)
    assert [look.label for look in scenario.speakers.values()] == ["Anna"]


def test_times_inside_vtt_are_read() -> None:
    stamps = "<00:01.250> <00:01.500><c>there</c> you <00:01.100>are&lt;<00:02.750>"
    text = f"WEBVTT\n\n00:01.000 --> 00:03.000\n<v Ann>AT&amp;T{stamps}\n"
    (cue,) = import_captions(text, "vtt", STYLE).cues
    assert [(w.text, w.start, w.end, w.tags) for w in cue.words] == [
        ("AT&T", 1.0, 1.25, ()),
        ("there", 1.5, 2.021, (INTERPOLATED,)),
        ("you", 2.021, 2.333, (INTERPOLATED,)),
        ("are<", 2.333, 2.75, (INTERPOLATED,)),
    ]


@pytest.mark.parametrize("text", ["", "1\n00:00:01,000 --> 00:00:02,000\nx\n", HEAD, event("{x}")])
def test_what_is_no_ass_is_told(text: str) -> None:
    with pytest.raises(InputRefused, match="no captions"):
        import_captions(text, "ass", STYLE)


def test_times_that_cannot_be_read_are_told() -> None:
    with pytest.raises(InputRefused, match="as ASS"):
        import_captions("Dialogue: 0,one,two,Default,,0,0,0,,x\n", "ass", STYLE)


PARTS = ["{", "}", "\\k5", "\\kf", "\\p1", "\\p0", "\\N", "a", " ", "今", "♪", "[", "]", "<t 9>"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=30).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        scenario = import_captions(HEAD + event(text, "Ann"), "ass", STYLE)
    except InputRefused:
        return
    check_scenario(scenario)


@pytest.mark.parametrize(
    ("kind", "text"), [("ass", "{"), ("ass", "{\\k1}x"), ("vtt", "a<00:01.500>b<")]
)
@pytest.mark.timeout(60)
def test_no_cue_takes_more_time_than_its_length(kind: Literal["ass", "vtt"], text: str) -> None:
    """A million characters: minutes, where it is the square of them."""
    long = text * (1_000_000 // len(text))
    file = event(long) if kind == "ass" else f"WEBVTT\n\n00:01.000 --> 00:03.000\n{long}\n"
    with pytest.raises(InputRefused):
        import_captions(file, kind, STYLE)
