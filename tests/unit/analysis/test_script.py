"""Reading scripts and terms, and telling texts apart."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from ecg.analysis.engine.likeness import likeness
from ecg.analysis.engine.matching import matching
from ecg.analysis.engine.rewrite import hotwords, rewritten
from ecg.analysis.engine.transcribe import Heard
from ecg.analysis.script import read_script
from ecg.analysis.terms import read_terms
from ecg.captions.brought import MAX_SCRIPT
from ecg.kernel.errors import InputRefused


def test_a_script_gives_its_words_as_they_are_written() -> None:
    script = read_script(
        "\ufeffANNA: Well — $43,000,\r\n  don't you\tthink?\n\n[applause]\n(laughs)\n♪ la la ♪\n"
        "DR. BO 2: At 10:30: yes.\nNote: no label"
    )
    assert [word.text for word in script] == [
        "Well", "—", "$43,000,", "don't", "you", "think?", "At", "10:30:", "yes.",
        "Note:", "no", "label",
    ]  # fmt: skip
    assert [word.speaker for word in script] == ["ANNA"] * 6 + ["DR. BO 2"] * 6


def test_a_caption_file_gives_words_with_the_times_of_their_cues() -> None:
    srt = "1\n00:00:01,000 --> 00:00:02,500\n- ANNA: Hello <i>there</i>\n\n2\n00:00:03,000 --> 00:00:04,000\n[MUSIC]\n"
    vtt = "WEBVTT\n\n00:01.000 --> 00:02.500\nHello there\n"
    for text, speaker in ((srt, "ANNA"), (vtt, None)):
        assert [(w.text, w.speaker, w.start, w.end) for w in read_script(text)] == [
            ("Hello", speaker, 1.0, 2.5), ("there", speaker, 1.0, 2.5),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" \n[music]\n", "the script has no words"),
        ("x" * (MAX_SCRIPT + 1), "500,001 characters; at most 500,000"),
        ("a " + "b" * 501, 'a word of 501 characters, "bbbb'),
        ("\n".join(f"{chr(65 + n)}: yes" for n in range(21)), "names 21 speakers; at most 20"),
        ("WEBVTT\n\nnothing", "no captions were found"),
    ],
)
def test_a_script_that_cannot_be_used_is_refused_in_words(text: str, message: str) -> None:
    with pytest.raises(InputRefused, match=message):
        read_script(text)


def test_terms_are_written_as_they_are_given() -> None:
    terms = read_terms(["Kubernetes", "", "cooper netties -> Kubernetes", "is → are not", "iPhone"])
    said = ['"Cooper', 'netties,"', "is", "kubernetes.", "iphone?"]
    words = rewritten([Heard(text, n, n + 1, 0.9, 0) for n, text in enumerate(said)], terms)
    assert [word.text for word in words] == [
        '"Kubernetes,"',
        "are",
        "not",
        "Kubernetes.",
        "iPhone?",
    ]
    assert (words[0].start, words[0].end, words[1].start, words[2].end) == (0, 2, 2, 3)
    assert hotwords(terms) == "Kubernetes, are not, iPhone"
    assert hotwords(()) is None


@pytest.mark.parametrize("line", ["->", "a -> b -> c", "a ->", "…", "x" * 101])
def test_a_line_that_is_no_term_is_refused(line: str) -> None:
    with pytest.raises(InputRefused, match=r"is no term; write|101 characters; at most 100"):
        read_terms([line])


def test_long_texts_are_matched_in_order_without_a_table_of_their_square() -> None:
    chance = random.Random(1)
    words = [f"w{min(int(chance.paretovariate(0.7)), 4000)}" for _ in range(30_000)]
    said = [word for word in words if chance.random() > 0.1]
    pairs = matching(words, said)
    assert len(pairs) > 0.97 * len(said)
    assert all(words[i] == said[j] for i, j in pairs)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))
    assert matching(["la"] * 30_000, ["la"] * 20_000) == []  # a table of 2.4 GB


@pytest.mark.parametrize(
    ("written", "heard", "english"),
    [
        ("$43,000", "43 thousand dollars", True),
        ("2014", "twenty fourteen", True),
        ("Kubernetes", "cooper netties", True),
        ("well-known", "well known", True),
        ("Москве", "Moskwe", False),
        ("東京", "東京", False),
    ],
)
def test_what_sounds_alike_is_alike_however_it_is_spelt(
    written: str, heard: str, english: bool
) -> None:
    assert min(likeness(written.split(), heard.split(), english).one) >= 0.6
    assert max(likeness(written.split(), ["umbrella", "of"], english).one) < 0.5
