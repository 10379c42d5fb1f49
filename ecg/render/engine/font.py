"""Reading a stranger's font file: a child process of its own, ``python -m ecg.render.engine.font``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import chain
from typing import Any, cast

import msgspec
from fontTools.ttLib import TTFont

from ecg.captions.fonts import FontFace, is_family
from ecg.kernel.errors import MediaRefused
from ecg.media.served import Context, serve
from ecg.render.interfaces import FontCall

_SIGNATURES = (b"\0\1\0\0", b"true", b"OTTO", b"wOF2")
_NEEDED = ("cmap", "head", "hhea", "hmtx", "maxp", "name", "OS/2")
_DRAWN = ("glyf", "CFF ", "CFF2")
"""Tables of which a font must have all, and one."""

_RESTRICTED = 0x2
_BITMAPS_ONLY = 0x200
_USAGE = 0xF
"""Of ``fsType`` in the table OS/2 (OpenType 1.9): of the bits of usage only that of a restricted
licence is set; no outline may be embedded."""

MOST_RANGES = 20_000
LONGEST_NAME = 80

_SAMPLES = {
    "Latn": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "Cyrl": "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя",
    "Grek": "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρστυφχψω",
    "Hang": "가나다라마바사아자차카타파하것는을했왜뭐꿈빛밖읽없",
    "Hira": "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん",
    "Kana": "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン",
    "Hani": "一二三人大小中上下日月水火山川田本文字年時分生行見出入手目口心力気国家天地名前後外何子女男",
    "Arab": "ءابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "Hebr": "אבגדהוזחטיכךלמםנןסעפףצץקרשת",
    "Thai": "กขคงจชซญดตถทธนบปผฝพฟมยรลวศสหอฮ",
    "Deva": "अआइईउऊएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह",
}
"""Letters of a script (ISO 15924) that whoever writes in it needs."""


def read_font(data: bytes) -> FontFace:
    """What a font file says of itself.

    Raises ``MediaRefused`` for what is no font, is damaged, or may not be embedded.
    """
    if data[:4] == b"ttcf":
        raise MediaRefused("this is a collection of fonts; give one of them as a file of its own")
    if data[:4] not in _SIGNATURES:
        raise MediaRefused("this is not a font; give a TrueType, OpenType or WOFF2 file")
    try:
        return _read(TTFont(BytesIO(data), lazy=True))
    except MediaRefused:
        raise
    except MemoryError:
        raise MediaRefused("this font unpacks to more than any font needs; it is damaged") from None
    except Exception as error:  # noqa: BLE001 - the library raises whatever a damaged table leads to
        what = f"{type(error).__name__}: {error}".splitlines()[0][:120]
        raise MediaRefused(f"this font is damaged and cannot be read ({what})") from None


def _read(font: Any) -> FontFace:
    tables = set(font.keys())
    lacks = [name for name in _NEEDED if name not in tables]
    if lacks:
        raise MediaRefused(f"this font is damaged: it has no table {', '.join(lacks)}")
    if not tables.intersection(_DRAWN):
        raise MediaRefused("this font has no outlines; give one whose letters scale")
    unpacked = getattr(font.reader, "transformBuffer", font.reader.file)
    for entry in font.reader.tables.values():
        entry.loadData(unpacked)  # all of it is there
    _check_rights(font["OS/2"].fsType)
    codes = cast("dict[int, str]", font.getBestCmap() or {})
    if not codes:
        raise MediaRefused("this font has no Unicode characters, so no text can be set in it")
    ranges = list(_ranges(codes))
    if len(ranges) > MOST_RANGES:
        raise MediaRefused("this font is damaged: its characters lie in too many pieces")
    lightest, heaviest = _weights(font, tables)
    axes = [axis.axisTag for axis in font["fvar"].axes] if "fvar" in tables else []
    return FontFace(
        family=_family(font["name"]),
        lightest=lightest,
        heaviest=heaviest,
        italic=bool(font["OS/2"].fsSelection & 1 or font["head"].macStyle & 2),
        axes=tuple(str(axis) for axis in axes),
        scripts=tuple(
            script for script, letters in _SAMPLES.items() if codes.keys() >= set(map(ord, letters))
        ),
        unicode_range=", ".join(ranges),
    )


def _check_rights(rights: int) -> None:
    """Raises ``MediaRefused`` where the font's maker allows no use like ours."""
    if rights & _USAGE == _RESTRICTED or rights & _BITMAPS_ONLY:
        raise MediaRefused(
            "this font's maker forbids embedding it (fsType "
            f"{rights:#06x}); ask them for a version whose licence covers video"
        )


def _family(names: Any) -> str:
    """The typographic family, else the plain one."""
    given = names.getBestFamilyName() or ""
    plain = "".join(one for one in given if one == " " or is_family(one))
    family = " ".join(plain.split())[:LONGEST_NAME].strip()
    if not is_family(family):
        raise MediaRefused("this font has no name that can be written; give one that has")
    return family


def _weights(font: Any, tables: set[str]) -> tuple[int, int]:
    for axis in font["fvar"].axes if "fvar" in tables else ():
        if axis.axisTag == "wght":
            return _weight(axis.minValue), _weight(axis.maxValue)
    weight = _weight(font["OS/2"].usWeightClass)
    return weight, weight


def _weight(value: float) -> int:
    return round(min(max(value, 1), 1000))


def _ranges(codes: Iterable[int]) -> Iterator[str]:
    """Runs of code points as CSS writes them."""
    ordered = sorted(codes)
    first = last = ordered[0]
    for code in chain(ordered[1:], (-1,)):
        if code != last + 1:
            yield f"U+{first:X}" if first == last else f"U+{first:X}-{last:X}"
            first = code
        last = code


def _handle(payload: msgspec.Raw, context: Context) -> msgspec.Struct:
    del context  # a font takes no time
    return read_font(msgspec.msgpack.decode(payload, type=FontCall).data)


if __name__ == "__main__":
    serve({"read": _handle})
