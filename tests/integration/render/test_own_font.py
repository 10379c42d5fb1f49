"""Captions in a font that a person brought."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

from ecg.captions.document import encode
from ecg.render.engine.font import read_font
from ecg.render.interfaces import OwnFont
from tests.integration.own_fonts import block_font
from tests.integration.render.videos import cue, scenario, shown_frame

OWN = {"font": "own:Blocks Sans"}
SAID = [cue(1, 0.1, 0.9, ["quick", "안녕", "jumps"])]


@pytest.fixture
def own(tmp_path):
    """A font file, as it is handed to the engine."""

    def own(data=None, name="blocks.woff2", **options):
        made = block_font("Blocks Sans", flavor="woff2", **options)
        path = tmp_path / name
        path.write_bytes(made if data is None else data)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return OwnFont(read_font(made), str(path), path.stat().st_size, digest)

    return own


def captions(path):
    return shown_frame(path, 0.8)[90:].astype(int)


def far(one, other):
    return np.abs(captions(one) - captions(other)).mean()


def test_the_result_is_in_it_and_says_what_it_lacks(make_video, draw, own, tmp_path):
    source = make_video(rate=10, size=(640, 360))
    kept = tmp_path / "kept"
    kept.mkdir()
    usual, plain = draw(source, scenario(*SAID), "plain.mp4", kept=kept)
    result, blocks = draw(
        source, scenario(*SAID, overrides=OWN), "own.mp4", kept=kept, fonts=(own(),)
    )
    assert (usual.notes, result.kept, result.capture) == ((), 0, "canvas")
    (note,) = result.notes
    assert note == 'Its font "Blocks Sans" lacks 안 녕; these are drawn in a bundled one.'
    assert far(plain, blocks) > 3
    # a file of other bytes is another font, though it calls itself the same
    wide = own(name="wide.woff2", letters="quickjmps", weight=300)
    again, _ = draw(source, scenario(*SAID, overrides=OWN), "wide.mp4", kept=kept, fonts=(wide,))
    assert again.kept == 0


@pytest.mark.parametrize("gone", ["deleted", "refused by the browser"])
def test_without_it_the_styles_own_is_taken(gone, make_video, draw, own):
    source = make_video(rate=10, size=(640, 360))
    fonts = () if gone == "deleted" else (own(b"OTTO" + bytes(400)),)
    _, plain = draw(source, scenario(*SAID), "plain.mp4")
    result, output = draw(source, scenario(*SAID, overrides=OWN), fonts=fonts)
    said = "is not there" if gone == "deleted" else "cannot be drawn"
    assert f'Its font "Blocks Sans" {said}; the style\'s own is taken instead.' in result.notes
    assert far(plain, output) == 0


def test_the_command_line_takes_its_files(make_video, tmp_path, monkeypatch):
    monkeypatch.setenv("ECG_SEGMENTS_DIR", str(tmp_path / "segments"))
    document, font, other = (tmp_path / name for name in ("s.json", "own.ttf", "other.ttf"))
    document.write_bytes(encode(scenario(*SAID)))
    font.write_bytes(block_font("Blocks Sans"))
    other.write_bytes(block_font("Others"))

    def ecg(*fonts):
        given = [part for path in fonts for part in ("--font", path)]
        command = [sys.executable, "-m", "ecg", "render", make_video(rate=10), document]
        command += ["-o", tmp_path / "out.mp4", "--quality", "draft", "--json", *given]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)

    done = ecg(font)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"]["notes"] == [
        'Its font "Blocks Sans" lacks 안 녕; these are drawn in a bundled one.'
    ]
    refused = ecg(font, other)
    assert (refused.returncode, "Blocks Sans and Others" in refused.stderr) == (1, True)
