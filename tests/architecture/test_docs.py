"""What the documents say of commands is held against the commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from ecg.cli import cli

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ["README.md", "docs/user-guide.md", "docs/operator-guide.md"]


def commands(document: str) -> list[str]:
    text = (ROOT / document).read_text()
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("ecg ")]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_shown_is_one_there_is(document: str) -> None:
    shown = commands(document)
    assert shown, "the document shows no command"
    for line in shown:
        words = shlex.split(line, comments=True)[1:]
        group: click.Command = cli
        while isinstance(group, click.Group):
            group = group.commands[words.pop(0)]
        group.make_context(group.name, words, resilient_parsing=False)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_named_is_one_there_is(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / document).read_text()))
    assert named <= targets


def test_every_file_the_documents_link_to_is_there() -> None:
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_command_is_in_the_user_guide() -> None:
    guide = (ROOT / "docs/user-guide.md").read_text()
    for name in cli.commands:
        assert f"ecg {name}" in guide, name
    caption = cli.commands["caption"]
    for parameter in caption.params:
        if isinstance(parameter, click.Option) and parameter.opts[-1] not in {"-o", "--output"}:
            assert any(option in guide for option in parameter.opts), parameter.name


def test_every_decision_is_in_their_list() -> None:
    folder = ROOT / "docs/decisions"
    listed = re.findall(r"\]\((\d{4}-[^)]+)\)", (folder / "README.md").read_text())
    assert listed == sorted(path.name for path in folder.glob("0*.md"))
