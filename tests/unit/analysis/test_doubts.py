from __future__ import annotations

import zlib

import msgspec
import numpy as np
import pytest

from ecg.analysis.engine.doubts import believed, compression, is_spoken, without_loops
from ecg.analysis.engine.regions import Window
from ecg.analysis.engine.transcribe import Heard


def heard(text: str) -> list[Heard]:
    return [Heard(word, i * 0.3, i * 0.3 + 0.3, 0.9, 0) for i, word in enumerate(text.split())]


def replaced(word: Heard, phrase: int) -> Heard:
    return msgspec.structs.replace(word, phrase=phrase)


def said(words: list[Heard]) -> str:
    return " ".join(word.text for word in words)


@pytest.mark.parametrize(
    ("text", "kept", "dropped"),
    [
        ("one o'clock " * 5, "one o'clock", 8),
        ("I said no no no no to that", "I said no no no no to that", 0),
        ("we go " + "la " * 9 + "home", "we go la home", 8),
        ("that is it, that is it. That is it", "that is it, that is it. That is it", 0),
        ("so Thank you. " + "thank you! " * 4 + "bye", "so Thank you. bye", 8),
        ("", "", 0),
    ],
)
def test_loops_are_said_once(text: str, kept: str, dropped: int) -> None:
    left, out = without_loops(heard(text))
    assert said(left) == kept
    assert len(out) == dropped


RAVING = (
    "the man in the red hat and the man in the blue hat and the man in the green hat and the man in "
    "the black hat and the man in the red hat and the man in the blue hat and the man in the red hat"
)
"""No phrase of up to eight words follows itself four times."""
DICKENS = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age "
    "of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season "
    "of Light, it was the season of Darkness, it was the spring of hope"
)
HINDI = (
    "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। उन्हें बुद्धि और "
    "अन्तरात्मा की देन प्राप्त है और परस्पर उन्हें भाईचारे के भाव से बर्ताव करना चाहिए।"
)
THAI = (
    "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม "
    "และควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ"
)


@pytest.mark.parametrize("text", [RAVING, "ha" * 40, "ฮ่า" * 40])
def test_a_phrase_that_compresses_as_no_speech_does_is_dropped(text: str) -> None:
    words = [*heard("And so it goes."), *[replaced(word, 1) for word in heard(text)]]
    words += [replaced(word, 2) for word in heard("That was all.")]
    kept, dropped = believed(words)
    assert said(kept) == "And so it goes. That was all."
    assert said(dropped) == text


@pytest.mark.parametrize("text", ["", "no", "ha ha ha ha ha ha ha", DICKENS, HINDI, THAI])
def test_what_people_say_is_believed_in_any_script(text: str) -> None:
    kept, dropped = believed(heard(text))
    assert (said(kept), dropped) == (text, [])


def test_compression_is_whispers_where_a_letter_is_a_byte() -> None:
    assert compression(RAVING) == pytest.approx(
        len(RAVING) / len(zlib.compress(RAVING.encode())), rel=0.1
    )


def test_text_in_silence_is_not_spoken() -> None:
    window = Window(16_000, np.zeros(80_000, np.float32), [(16_000, 32_000)])
    assert is_spoken(0.9, 1.1, window)
    assert is_spoken(0.5, 3.0, window)
    assert is_spoken(0.3, 0.75, window)
    assert not is_spoken(0.0, 0.6, window)
    assert is_spoken(2.25, 2.6, window)
    assert not is_spoken(2.4, 2.6, window)
