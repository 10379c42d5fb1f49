from __future__ import annotations

import pytest

from ecg.analysis.engine.letters import letter_phones
from ecg.analysis.engine.pronounce import plain, pronunciations

KNOWN = {
    "two": "T UW", "thousand": "TH AW Z AH N D", "fourteen": "F AO R T IY N",
    "twenty": "T W EH N T IY", "dollars": "D AA L ER Z", "forty": "F AO R T IY",
    "three": "TH R IY", "f.": "EH F", "b.": "B IY", "x.": "EH K S", "well": "W EH L",
    "known": "N OW N", "point": "P OY N T", "five": "F AY V", "percent": "P ER S EH N T",
    "hundred": "HH AH N D R AH D", "oh": "OW", "nineteen": "N AY N T IY N", "ten": "T EH N",
}  # fmt: skip


def spoken(text: str) -> list[str]:
    return pronunciations(text, KNOWN.get)


def joined(words: str) -> str:
    return " ".join(KNOWN[word] for word in words.split())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2014", ["two thousand fourteen", "twenty fourteen"]),
        ("$43,000", ["forty three thousand dollars"]),
        ("3.5%", ["three point five percent"]),
        ("1905.", ["{} thousand", "nineteen oh five"]),
        ("well-known,", ["well known"]),
        ("210", ["two hundred ten"]),
        ("FBX", ["f. b. x."]),
    ],
)
def test_numbers_and_letters_are_read_out(text: str, words: list[str]) -> None:
    found = spoken(text)
    assert len(found) == len(words)
    assert found[-1] == joined(words[-1])


def test_a_name_is_guessed_from_its_letters() -> None:
    assert spoken("Newberg's") == ["N UW B ER G Z"]
    assert spoken("shopboy") == ["SH AA P B OY"]


@pytest.mark.parametrize("text", ["—", "...", "♪", "안녕하세요", ""])
def test_what_cannot_be_sounded_has_no_pronunciation(text: str) -> None:
    assert spoken(text) == []


def test_every_guess_uses_the_aligners_phones() -> None:
    phones = "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH"
    known = {*phones.split(), *["UH", "UW", "V", "W", "Y", "Z", "ZH"]}
    for word in ("Schwarzenegger", "Wojciechowski", "xylophone", "qi", "Nguyen", "Tchaikovsky"):
        assert set(spoken(word)[0].split()) <= known


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Don\u2019t,", "don't"),
        ('"Hello!"', "hello"),
        ("(yes)", "yes"),
        ("…", ""),
        ("rock'", "rock"),
    ],
)
def test_plain(text: str, word: str) -> None:
    assert plain(text) == word


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("Wetter", "V EH T EH R"),
        ("niños", "N IY N OW S"),
        ("Łódź", "L OW D Z"),
        ("погоде", "P OW G OW D IY"),
        ("안녕", "AA N IY AH NG"),
        ("コーヒー", "K OW HH IY"),
        ("नमस्ते", "N AA M AA S AA T EH"),
        ("مرحبا", "M R HH B AA"),
        ("γειά", "G AY OW AA"),
        ("qu'il", "K IY L"),
    ],
)
def test_letters_of_many_scripts_have_a_rough_sound(word: str, phones: str) -> None:
    assert letter_phones(word) == phones


@pytest.mark.parametrize("word", ["你好", "—", "2014", ""])
def test_a_script_that_does_not_tell_its_sound_has_none(word: str) -> None:
    assert letter_phones(word) == ""
