"""Which words belong together, so that neither a cue nor a line is cut between them."""

from __future__ import annotations

import pytest

from ecg.captions.bonds import bonds, bound_words
from ecg.captions.compose import Rules, compose
from ecg.captions.lines import lines_of
from ecg.captions.scenario import BOUND
from ecg.captions.styles import load_style
from tests.unit.captions.documents import spoken, transcript


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("en", "we met Robert Louis Stevenson here", "leaning open name name open"),
        ("en", "the Bank of England said", "binding name name open"),
        ("en", "ask Mr. Smith or J. R. Tolkien", "open name before leaning name name"),
        ("en", "in New York. Then I left", "binding name sentence before leaning"),
        ("en", "about 5 km and 20 percent", "open close before leaning close"),
        ("en", "he said, nobody knows, etc. and so on", "leaning clause open clause before leaning leaning"),
        ("en", "an Apollo 11 in May", "binding name before binding"),
        ("de", "Der Hund Ludwig van Beethoven", "binding open open open"),
        ("fr", "la maison de Victor Hugo", "binding before binding name"),
        ("ko", "그게 할 수 있는 것이라고 했어요", "open close close close open"),
        ("ko", "새 집 을 짓고 있어요.", "binding close open close"),
        ("ko", "사과 세 개 그리고 배", "before binding before leaning"),
    ],
)  # fmt: skip
def test_bonds(language: str, text: str, wanted: str) -> None:
    texts = text.split()
    assert bonds(texts, language) == wanted.split(), list(
        zip(texts[1:], bonds(texts, language), strict=True)
    )


@pytest.mark.parametrize(
    ("language", "text", "apart"),
    [
        ("en", "It was a long way from the house to New York City and then 300 miles to the sea",
         ("the house", "New York", "York City", "300 miles", "the sea")),
        ("ko", "우리는 그 아름다운 새 집에서 아무 것도 할 수 없다고 생각하고 있었습니다", ("할 수", "수 없다고", "새 집에서")),
    ],
)  # fmt: skip
def test_neither_cues_nor_lines_cut_what_belongs_together(language, text, apart) -> None:
    said = transcript(spoken(text), language=language)
    for characters in range(16 if language == "ko" else 20, 43, 3):
        rules = Rules(characters=characters, lines=2)
        shown: list[str] = []
        for cue in compose(said, load_style("intention"), rules=rules).cues:
            bound = frozenset(i for i, word in enumerate(cue.words) if BOUND in word.tags)
            texts = [word.text for word in cue.words]
            shown += lines_of(texts, language, characters, bound)
            assert len(lines_of(texts, language, characters, bound)) <= 2
        for pair in apart:
            assert any(pair in line for line in shown), (characters, shown)


def test_what_belongs_together_costs_no_further_line() -> None:
    texts = ["aaaaaaaa", "bbbbb", "of", "the", "sea", "ccccccc", "ddddd"]
    assert len(lines_of(texts, "en", 21, bound_words(texts, "en", 21))) == 3
    assert bound_words(texts, "en", 21, lines=3) == {2, 3}
    assert bound_words(texts, "en", 21, lines=2) == {3}
