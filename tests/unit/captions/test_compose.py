from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecg.captions.compose import LINGER, PALETTE, Rules, compose, page_of
from ecg.captions.document import encode
from ecg.captions.lines import lines_of
from ecg.captions.lint import lint
from ecg.captions.paging import LONGEST, PAUSE, SHORTEST
from ecg.captions.scenario import MAX_WORDS, Scenario, check_scenario, read_scenario
from ecg.captions.styles import load_style
from ecg.captions.text import joined, width
from ecg.captions.transcript import TOLERANCE, Segment, Sound, Transcript, Word, check_transcript
from tests.unit.captions.documents import spoken, transcript

INTENTION = load_style("intention")


def pages(scenario: Scenario) -> list[str]:
    return [" ".join(word.text for word in cue.words) for cue in scenario.cues]


def test_cues_end_with_sentences_and_clauses() -> None:
    said = spoken(
        "We went out early. Nobody had slept that night, and the road was longer than "
        "anyone remembered it."
    )
    assert pages(compose(transcript(said), INTENTION)) == [
        "We went out early.",
        "Nobody had slept that night,",
        "and the road was longer than anyone remembered it.",
    ]


def test_a_pause_and_a_speaker_end_a_cue() -> None:
    said = spoken("one two three four", pauses={2: PAUSE})
    other = spoken("five six", start=4, speaker="s2")
    assert pages(compose(transcript(said, other), INTENTION)) == [
        "one two",
        "three four",
        "five six",
    ]


def test_no_cut_after_an_article_or_inside_a_name() -> None:
    said = spoken(
        "yesterday evening somebody quietly left a box beside the old door of Robert Louis "
        "Stevenson who lives somewhere up in the hills above our little town with a dog"
    )
    for page in pages(compose(transcript(said), INTENTION))[:-1]:
        assert page.split()[-1] not in {"a", "the", "of", "in", "our", "with", "Robert", "Louis"}


def test_korean_lines_are_counted_in_full_width() -> None:
    said = spoken(
        "우리는 오늘 아침에 강가를 따라 아주 오래 걸었고 그다음에는 집으로 돌아와서 잠을 잤습니다."
    )
    scenario = compose(transcript(said, language="ko"), INTENTION)
    assert len(scenario.cues) > 1
    for page in pages(scenario):
        lines = lines_of(page.split(), "ko", 16)
        assert len(lines) <= 2
        assert all(width(line, "ko") <= 16 for line in lines)


def test_upright_pictures_get_one_short_line() -> None:
    said = spoken("every word of this has to fit on one short line of an upright picture")
    for page in pages(compose(transcript(said), INTENTION, size=(1080, 1920))):
        assert len(page) <= 22


def test_upright_korean_takes_the_room_of_two_latin_letters_each() -> None:
    said = spoken("정말 그게 가능하다고 생각했어요 우리는 결국 해냈습니다")
    shown = pages(compose(transcript(said, language="ko"), INTENTION, size=(1080, 1920)))
    assert all(width(page, "ko") <= 11 for page in shown)
    assert max(len(page.split()) for page in shown) >= 2


def test_exactly_so_many_words() -> None:
    scenario = compose(transcript(spoken("a b c d e f g")), INTENTION, rules=Rules(words=3))
    assert pages(scenario) == ["a b c", "d e f", "g"]


def test_rules_of_lines_characters_and_duration() -> None:
    said = transcript(spoken("one two three four five six seven eight nine ten", each=0.5))
    for page in pages(compose(said, INTENTION, rules=Rules(lines=1, characters=12))):
        assert len(page) <= 12
    for cue in compose(said, INTENTION, rules=Rules(duration=2.0)).cues:
        assert cue.words[-1].end - cue.start <= 2.0


def test_a_short_gap_is_closed_and_a_short_cue_stays_until_it_is_seen() -> None:
    said = spoken("Yes. No. Maybe.", each=0.3, pauses={1: 0.6, 2: 3.0})
    first, second, third = compose(transcript(said), INTENTION).cues
    assert first.end == second.start
    assert second.end - second.start == pytest.approx(SHORTEST)
    assert third.end - third.start == pytest.approx(SHORTEST)


def test_a_cue_lingers_after_its_last_word_where_there_is_room() -> None:
    said = spoken("one two three four five six seven", pauses={5: 4.0})
    first, second = compose(transcript(said), INTENTION).cues
    assert first.end == pytest.approx(first.words[-1].end + LINGER)
    assert second.end == pytest.approx(second.start + 2 * 0.3 + LINGER)


def test_a_cue_never_outlives_the_file() -> None:
    said = transcript(spoken("Yes."), duration=0.4)
    assert compose(said, INTENTION).cues[0].end == 0.4


def test_two_at_once_both_stand() -> None:
    said = transcript(
        spoken("we should go home now", each=0.4), spoken("no wait", start=0.8, speaker="s2")
    )
    one, two = compose(said, INTENTION).cues
    assert {one.speaker, two.speaker} == {"s1", "s2"}
    assert two.start < one.end


def test_sounds_become_cues_of_their_own() -> None:
    said = transcript(
        spoken("hello there"), sounds=(Sound(2, 5, "music", 0.9), Sound(6, 8, "applause", 0.8))
    )
    kinds = [
        (cue.kind, cue.words[0].text, cue.start, cue.end) for cue in compose(said, INTENTION).cues
    ]
    assert kinds[1:] == [("music", "music", 2, 5), ("sound", "applause", 6, 8)]


def test_a_long_sound_is_named_and_does_not_stand_for_ever() -> None:
    said = transcript(spoken("hello"), sounds=(Sound(1, 50, "music", 0.9), Sound(55, 55.1, "x", 1)))
    _, music, short = compose(said, INTENTION).cues
    assert (music.start, music.end) == (1, 1 + LONGEST)
    assert music.words[0].end == music.end
    assert short.end - short.start == pytest.approx(SHORTEST)


def test_rules_win_over_the_style_and_count_as_the_language_does() -> None:
    for rules, language, size, wanted in (
        (Rules(), "en", (1920, 1080), (42, 2)),
        (Rules(), "ko", (1920, 1080), (16, 2)),
        (Rules(), "en", (1080, 1920), (22, 1)),
        (Rules(), "en", (1080, 1080), (31, 2)),
        (Rules(), "en", (1440, 1080), (42, 2)),
        (Rules(), "ko", (1080, 1080), (16, 2)),
        (Rules(characters=12, lines=3), "ko", (1080, 1920), (12, 3)),
    ):
        page = page_of(language, INTENTION.paging, rules, size)
        assert (page.characters, page.lines) == wanted


def test_a_style_of_few_words_counts_them_where_words_are_spaced() -> None:
    pop = load_style("pop").paging
    for language, words in (("en", 3), ("ko", 3), ("ja", MAX_WORDS), ("th", MAX_WORDS)):
        assert page_of(language, pop, Rules(), (1920, 1080)).words == words
    assert page_of("ja", pop, Rules(words=2), (1920, 1080)).words == 2


def test_a_title_ends_no_sentence_and_stays_with_its_name() -> None:
    said = spoken("They asked for Mr. Smith to come. He came at once, as Dr. Jones had said.")
    for page in pages(compose(transcript(said), INTENTION, rules=Rules(characters=18))):
        assert page.split()[-1] not in {"Mr.", "Dr."}


def test_a_word_is_not_left_alone_where_it_can_have_company() -> None:
    said = spoken("the committee decided yesterday that nothing more would happen here today")
    for characters in range(20, 40, 4):
        rules = Rules(characters=characters, lines=1)
        for page in pages(compose(transcript(said), INTENTION, rules=rules)):
            assert len(page.split()) > 1


def test_japanese_is_joined_without_spaces_but_for_latin() -> None:
    assert joined(["今日", "は", "AI", "model", "の", "話。"]) == "今日は AI model の話。"
    assert joined(["한국어", "단어"]) == "한국어 단어"
    said = spoken("今日は とても いい 天気 ですね。 明日は 東京駅 まで 歩いて 行きましょう。")
    for cue in compose(transcript(said, language="ja"), INTENTION).cues:
        assert len(lines_of([word.text for word in cue.words], "ja", 16)) <= 2


def test_a_cue_is_not_held_past_the_longest_to_meet_the_next() -> None:
    said = transcript(
        spoken("la " * 23, each=0.3), spoken("hm", start=7.2, speaker="s2"), duration=9
    )
    first, second = compose(said, INTENTION).cues
    assert first.end == pytest.approx(LONGEST)
    assert second.start - first.end >= 2 / 30


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_palette_can_be_read_on_black() -> None:
    for color in PALETTE:
        assert (luminance(color) + 0.05) / 0.05 >= 7.0


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    """Any valid transcript: one or two speakers, words of any script, any gaps."""
    alphabet = "abcXYZ가나다あい中文ابج.,!?'-🙂"
    language = draw(st.sampled_from(["en", "ko", "ja", "de", "ar"]))
    segments: list[Segment] = []
    for speaker in draw(st.sampled_from([["s1"], ["s1", "s2"]])):
        time = 0.0
        for number in range(draw(st.integers(0, 3))):
            words: list[Word] = []
            for text in draw(
                st.lists(st.text(alphabet, min_size=1, max_size=60), min_size=1, max_size=20)
            ):
                time += draw(st.floats(0, 2, allow_nan=False))
                end = time + draw(st.floats(0, 3, allow_nan=False))
                loudness = draw(st.none() | st.floats(-40, 40))
                words.append(Word(text, time, end, 0.5, "estimated", loudness, None, None))
                time = end
            segments.append(
                Segment(id=f"{speaker}{number}", start=words[0].start, end=words[-1].end,
                        speaker=speaker, text="", words=tuple(words))
            )  # fmt: skip
    segments.sort(key=lambda segment: segment.start)
    longest = max((segment.end for segment in segments), default=0.0)
    return transcript(*segments, language=language, duration=longest + 0.1)


@given(transcripts(), st.sampled_from([(1920, 1080), (1080, 1920)]))
def test_nothing_is_lost_and_everything_is_valid(said: Transcript, size: tuple[int, int]) -> None:
    check_transcript(said)
    scenario = compose(said, INTENTION, size=size)
    check_scenario(scenario)
    assert read_scenario(encode(scenario)) == scenario
    assert [cue.id for cue in scenario.cues] == [f"c{n + 1}" for n in range(len(scenario.cues))]
    assert not {finding.code for finding in lint(scenario, size=size)} & {"gap", "overlap"}
    page = page_of(said.language, INTENTION.paging, Rules(), size)
    for speaker in ("s1", "s2"):
        heard = [w for part in said.segments if part.speaker == speaker for w in part.words]
        shown = [w for cue in scenario.cues if cue.speaker == speaker for w in cue.words]
        assert [(w.text, w.start, w.loudness, w.pitch) for w in shown] == [
            (w.text, w.start, w.loudness, w.pitch) for w in heard
        ]
        # a word that reaches less than a millisecond into the next cue is cut by that
        assert [w.end for w in shown] == pytest.approx([w.end for w in heard], abs=TOLERANCE)
    for cue in scenario.cues:
        lines = lines_of([word.text for word in cue.words], said.language, page.characters)
        assert len(lines) <= page.lines
        if len(cue.words) > 1:
            assert all(width(line, said.language) <= page.characters for line in lines)
            assert cue.words[-1].end - cue.start <= LONGEST
            for word, following in pairwise(cue.words):
                assert following.start - word.end < PAUSE
        assert math.isfinite(cue.end)
        assert cue.end <= said.duration + 1e-9
