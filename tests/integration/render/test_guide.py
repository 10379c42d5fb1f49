"""The tables of docs/user-guide.md, "What it can read", are true: row by row, on real files."""

import re
from pathlib import Path

import av
import pytest
from av.stream import Disposition

from ecg.kernel.errors import MediaRefused
from tests.integration.render.sources import SOURCES
from tests.integration.render.videos import frame_times

GUIDE = Path("docs/user-guide.md").read_text().split("## What it can read")[1].split("\n## ")[0]
ROWS = {
    cells[0]: cells[1:]
    for line in re.findall(r"^\| (.*) \|$", GUIDE, re.MULTILINE)
    if len(cells := [cell.strip() for cell in line.split("|")]) == 3
    and cells[2] != "what you are told"
}
LATER = {
    "10 bits, 4:2:2", "10 bits, 4:4:4", "4:4:0", "RGB of more bits", "HDR, HLG", "H.264 in MP4",
    "H.264 in MKV", "HEVC in MOV", "VP8 in WebM", "ProRes in MOV", "Motion JPEG in AVI", "AAC",
    "AC-3", "E-AC-3", "ALAC", "FLAC", "Vorbis", "WebVTT captions", "cover art of MKV",
}  # fmt: skip
"""Rows whose ways other rows go too; ``--full`` runs them."""
UNTIMED = {"H.264 in AVI, with B-frames"}
"""Of these FFmpeg does not know the times of frames itself."""


def test_every_row_has_a_file_and_every_file_a_row():
    assert ROWS.keys() == SOURCES.keys()
    assert ROWS.keys() >= LATER | UNTIMED


def facts(path):
    """What a player finds in a result, in the words of the tables."""
    with av.open(str(path)) as file:
        pictures = [one for one in file.streams.video if not is_cover(one)]
        found = {stream.language for stream in file.streams} | {file.metadata.get("title")}
        found |= {f"{len(file.streams.audio)} sounds", f"{len(file.chapters())} chapters"}
        found |= {
            "cover" if is_cover(stream) else stream.codec_context.codec.canonical_name
            for stream in file.streams
            if stream.type != "data"
        }
        (picture,) = pictures
        aspect = picture.sample_aspect_ratio
        found.add(f"sar {aspect.numerator}:{aspect.denominator}")
        for frame in file.decode(picture):
            found |= {frame.format.name, f"{frame.width}x{frame.height}"}
            named = {
                "turned": frame.rotation,
                "interlaced": frame.interlaced_frame,
                "cea-608": frame.side_data.get("A53_CC"),
            }
            found |= {name for name, there in named.items() if there}
    return found


def is_cover(stream):
    return bool(stream.disposition & Disposition.attached_pic)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.full] * (name in LATER)) for name in SOURCES],
)
def test_what_the_guide_says_of_a_source_is_so(name, draw, short, tmp_path):
    becomes, told = ROWS[name]
    said = re.findall(r'"([^"]*)"', told)
    (tmp_path / "in").mkdir()
    source = SOURCES[name](tmp_path / "in")
    if becomes == "refused":
        with pytest.raises(MediaRefused) as caught:
            draw(source, short)
        assert caught.value.message.startswith(f"{source}: ")
        assert all(phrase in caught.value.message for phrase in said)
        assert said
        return
    result, output = draw(source, short)
    assert list(result.notes) == said
    wanted = set(re.findall(r"`([^`]*)`", becomes))
    assert wanted <= facts(output)
    assert wanted or said
    if name not in UNTIMED:
        assert frame_times(output) == frame_times(source)
