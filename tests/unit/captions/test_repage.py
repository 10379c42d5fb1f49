from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from ecg.captions.compose import compose
from ecg.captions.repage import repage
from ecg.captions.scenario import CueWord, Scenario, check_scenario
from ecg.captions.styles import list_styles, load_style
from ecg.captions.transcript import TOLERANCE, Word
from tests.unit.captions.documents import spoken, transcript

SAID = transcript(
    spoken(
        "We went out early. Nobody had slept that night, and the road was longer than anyone "
        "remembered it.",
        pauses={4: 0.9},
    ),
    spoken("And then we slept for a day.", start=14, speaker="s2"),
)
NAMES = [style.name for style in list_styles()]


def words(scenario: Scenario) -> list[CueWord]:
    return [word for cue in scenario.cues for word in cue.words]


def untagged(word: CueWord) -> CueWord:
    """Without what says which words stay on one line, as that hangs on the cue."""
    return msgspec.structs.replace(word, tags=())


def in_style(scenario: Scenario, name: str) -> Scenario:
    style = msgspec.structs.replace(scenario.style, name=name)
    return msgspec.structs.replace(scenario, style=style)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920)])
def test_it_cuts_as_compose_does(name: str, size: tuple[int, int]) -> None:
    wanted = compose(SAID, load_style(name), size=size)
    made = repage(in_style(compose(SAID, load_style("broadcast"), size=size), name), size=size)
    check_scenario(made)
    assert [[word.text for word in cue.words] for cue in made.cues] == [
        [word.text for word in cue.words] for cue in wanted.cues
    ]
    assert words(made) == words(wanted)


def test_edited_words_speakers_and_sounds_stay() -> None:
    first = compose(SAID, load_style("intention"))
    cue = first.cues[1]
    edited = msgspec.structs.replace(cue.words[0], text="Everybody")
    changed = msgspec.structs.replace(cue, words=(edited, *cue.words[1:]))
    sound = msgspec.structs.replace(
        cue, id="x", kind="sound", speaker=None, start=13.0, end=13.5,
        words=(msgspec.structs.replace(edited, text="laughter", start=13.0, end=13.5),),
    )  # fmt: skip
    cues = sorted((first.cues[0], changed, *first.cues[2:], sound), key=lambda one: one.start)
    scenario = in_style(msgspec.structs.replace(first, cues=tuple(cues)), "pop")
    made = repage(scenario)
    check_scenario(made)
    assert [untagged(word) for word in words(made)] == [untagged(word) for word in words(scenario)]
    assert [cue.kind for cue in made.cues].count("sound") == 1
    assert {cue.speaker for cue in made.cues} == {"s1", "s2", None}
    assert max(len(cue.words) for cue in made.cues) <= 3
    assert repage(made) == made


@pytest.mark.parametrize("name", ["pop", "bounce"])
@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920)])
def test_a_word_that_nobody_says_makes_no_cue_longer_than_the_style_wants(
    name: str, size: tuple[int, int]
) -> None:
    """As a script's are: between its neighbours, in however little time there is."""
    style = load_style(name)
    said = spoken("We went out early and nobody had slept that night", pauses={4: 0.3, 7: 0.9})
    for at in range(len(said.words) + 1):
        begin = said.words[at - 1].end if at else 0.0
        end = said.words[at].start if at < len(said.words) else begin + 0.02
        unsaid = Word("Well", begin, end, 0.0, "interpolated", None, None, None)
        whole = msgspec.structs.replace(
            said, end=max(said.end, end), words=(*said.words[:at], unsaid, *said.words[at:])
        )
        scenario = compose(transcript(whole), style, size=size)
        other = compose(transcript(whole), load_style("intention"), size=size)
        for made in (scenario, repage(in_style(other, name), size=size)):
            assert max(len(cue.words) for cue in made.cues) <= (style.paging.words or 0)
            assert [word.text for word in words(made)] == [word.text for word in whole.words]
            assert all(a.end <= b.start + TOLERANCE for a, b in pairwise(made.cues))
