from __future__ import annotations

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES

from ecg.analysis.languages import LANGUAGES, language_code
from ecg.kernel.errors import InputRefused


def test_every_language_the_model_knows_can_be_named() -> None:
    assert {code.replace("jv", "jw") for code in LANGUAGES} == set(_LANGUAGE_CODES)


@pytest.mark.parametrize("given", ["en", "EN", " English ", "english", "en-GB", "en_US"])
def test_people_name_languages_in_many_ways(given: str) -> None:
    assert language_code(given) == "en"


@pytest.mark.parametrize("given", ["klingon", "", "e", "xx-YY"])
def test_an_unknown_language_is_refused_with_the_known_ones(given: str) -> None:
    with pytest.raises(InputRefused, match="ISO 639-1 code or an English name: af, am"):
        language_code(given)
