"""The bundled font files are those of the manifest, licensed, and whole."""

import hashlib
import json
import re

import pytest
from fontTools.ttLib import TTFont

from tests.integration.stage.pages import CAPTIONS

FONTS = CAPTIONS / "fonts"
MANIFEST = json.loads((FONTS / "manifest.json").read_text())


def test_every_file_is_the_one_of_the_manifest():
    files = {path.relative_to(FONTS).as_posix() for path in FONTS.rglob("*.woff2")}
    assert files == {face["file"] for face in MANIFEST}
    for face in MANIFEST:
        assert hashlib.sha256((FONTS / face["file"]).read_bytes()).hexdigest() == face["sha256"]
    assert sum((FONTS / file).stat().st_size for file in files) < 17e6


def test_every_face_is_declared_and_every_family_has_its_licence():
    css = (FONTS / "fonts.css").read_text()
    assert re.findall(r'url\("(.*?)"\)', css) == [face["file"] for face in MANIFEST]
    for face in MANIFEST:
        assert face["licence"] in {"OFL-1.1", "Apache-2.0"}
        if face["licence"] == "OFL-1.1":
            slug = face["file"].split("/")[0].removesuffix(".woff2")
            assert "SIL OPEN FONT LICENSE" in (FONTS / f"{slug}.OFL.txt").read_text().upper()


def characters(family):
    return {
        code
        for face in MANIFEST
        if face["family"] == family
        for code in TTFont(FONTS / face["file"]).getBestCmap()
    }


EUROPE = (
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿĀāĂăĄąĆćĊċČčĎďĐđĒēĖėĘęĚěĞğĠġĢģĦħĪīĮįİı"
    "ĶķĹĺĻļĽľŁłŃńŅņŇňŌōŐőŒœŔŕŘřŚśŞşŠšŤťŪūŮůŰűŲųŴŵŶŷŸŹźŻżŽžȘșȚț¡¿«»“”‘’„…–—€£"
)
DISPLAY = ("Anton", "Nunito Variable", "Shantell Sans Variable", "Source Serif 4 Variable")


@pytest.mark.parametrize(
    ("family", "needed"),
    [
        ("Pretendard Variable", [*range(0x20, 0x7F), *range(0xAC00, 0xD7A4), *range(0x400, 0x460)]),
        ("Noto Sans JP Variable", [*range(0x3041, 0x3097), *range(0x30A1, 0x30FB), 0x266B]),
        ("Noto Sans JP Variable", [ord(c) for c in "日本語漢字鬱辻亜唖々〆"]),
        ("Noto Sans Arabic Variable", [*range(0x621, 0x63B), *range(0x641, 0x653)]),
        *((family, [*range(0x20, 0x7F), *map(ord, EUROPE)]) for family in DISPLAY),
        ("Noto Color Emoji", [*range(0x1F600, 0x1F650), *range(0x1F1E6, 0x1F200), 0x2764]),
    ],
)
def test_no_script_has_holes(family, needed):
    assert set(needed) <= characters(family)


def test_pretendard_varies_in_weight():
    axis = TTFont(FONTS / "pretendard.woff2")["fvar"].axes[0]
    assert (axis.axisTag, axis.minValue <= 45, axis.maxValue >= 920) == ("wght", True, True)
