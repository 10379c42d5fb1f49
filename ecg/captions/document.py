"""Reading and writing the two documents; refusals name the JSON path."""

from __future__ import annotations

import math
import re
from typing import TypeVar

import msgspec

from ecg.kernel.errors import DocumentInvalid

T = TypeVar("T", bound=msgspec.Struct)

_NO_NUMBER = re.compile(r"[:,\[]\s*-?(NaN|Infinity)\b")
_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>\$.*)`)?$", re.DOTALL)


def decode(data: bytes | str, kind: type[T]) -> T:
    """JSON text → document, shape only (each document's ``check`` holds its invariants).

    Raises ``DocumentInvalid`` with the path of the first value that does not fit.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        found = _AT.match(str(error))
        what, path = (found["what"], found["path"]) if found else (str(error), None)
        raise DocumentInvalid(what, path or "$") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        text = data if isinstance(data, str) else data.decode(errors="replace")
        if _NO_NUMBER.search(text):
            raise DocumentInvalid("NaN and Infinity are no JSON numbers; use null") from None
        raise DocumentInvalid(f"this is not JSON: {error}") from None


def encode(document: msgspec.Struct) -> bytes:
    """Document → indented JSON text in UTF-8, ending in a newline."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def check_span(start: float, end: float, path: str) -> None:
    """Refuses a span that is not finite, begins before 0 or ends before it begins."""
    if not (math.isfinite(start) and math.isfinite(end)):
        raise DocumentInvalid("times must be finite numbers of seconds", path)
    if start < 0:
        raise DocumentInvalid(f"start is {start:g}, it must be 0 or later", f"{path}.start")
    if end < start:
        raise DocumentInvalid(f"ends at {end:g}, before its start at {start:g}", f"{path}.end")


def check_number(value: float | None, path: str) -> None:
    """Refuses infinities and NaN; ``None`` (unknown) passes."""
    if value is not None and not math.isfinite(value):
        raise DocumentInvalid("must be a finite number or null", path)
