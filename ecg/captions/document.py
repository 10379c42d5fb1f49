"""Reading and writing the two documents; refusals name the JSON path."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Callable
from typing import Any, TypeVar, cast

import msgspec

from ecg.kernel.errors import DocumentInvalid

T = TypeVar("T", bound=msgspec.Struct)

_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>.*)`)?$", re.DOTALL)
_LENGTH = re.compile(r"Expected `(?P<kind>\w+)` of length <= (?P<most>\d+)")


def decode(data: bytes | str, decoder: msgspec.json.Decoder[T]) -> T:
    """JSON text → document, shape only (each document's ``check`` holds its invariants).

    ``decoder`` must have been made while its module was loaded: two threads that read the first
    document of a kind by ``msgspec.json.decode`` end the process, as each finds the other's
    half-made notes on the type. Raises ``DocumentInvalid`` with the path of the first value that
    does not fit.
    """
    if isinstance(data, bytes):
        data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return _read(data, decoder)
    except msgspec.ValidationError as error:
        found = _AT.match(str(error))
        what, path = (found["what"], found["path"]) if found else (str(error), None)
        what = _LENGTH.sub(_too_long, what)
        raise DocumentInvalid(what, _exact(data, decoder, path or "$", str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_json(data, error) from None


def _too_long(found: re.Match[str]) -> str:
    unit = "characters" if found["kind"] == "str" else "entries"
    return f"is too long; at most {int(found['most']):,} {unit} are allowed"


def _read(data: bytes | str, decoder: msgspec.json.Decoder[T]) -> T:
    return decoder.decode(data)


def _exact(data: bytes | str, decoder: msgspec.json.Decoder[Any], path: str, refusal: str) -> str:
    """``path`` with the places in lists and tables that msgspec leaves out as ``[...]``: each
    such collection is halved until the one element is left that brings the same refusal, which
    reads it about twice in all."""
    *parts, rest = path.removeprefix("$").split("[...]")
    try:
        node: Any = msgspec.json.decode(data) if parts else None
    except (msgspec.DecodeError, RecursionError):
        return path
    document, exact = node, "$"
    for part in parts:
        for key in part.split(".")[1:]:
            node = node[key]
        place = _narrowed(node, lambda: _refusal(document, decoder) == refusal)
        if place is None:
            return path
        exact += f"{part}[{json.dumps(place)}]"
        node = node[0] if isinstance(place, int) else node[place]
    return exact + rest


def _narrowed(node: list[Any] | dict[str, Any], refused: Callable[[], bool]) -> int | str | None:
    """Leaves in ``node`` the first element with which the document is still ``refused``, and
    says where it was; ``None`` where there is no such one."""
    every: list[tuple[Any, Any]] = list(enumerate(node) if isinstance(node, list) else node.items())

    def leave(some: list[tuple[Any, Any]]) -> None:
        if isinstance(node, list):
            node[:] = [element for _, element in some]
        else:
            node.clear()
            node.update(some)

    left = every
    while len(left) > 1:
        half = left[: len(left) // 2]
        leave(half)
        left = half if refused() else left[len(half) :]
    leave(left)
    return left[0][0] if left and refused() else None


def _refusal(document: Any, decoder: msgspec.json.Decoder[Any]) -> str | None:
    try:
        _read(msgspec.json.encode(document), decoder)
    except msgspec.ValidationError as error:
        return str(error)
    return None


def _not_json(data: bytes | str, error: Exception) -> DocumentInvalid:
    """Why ``data`` is refused, with the place: Python's own reader knows line and column, and
    reads the NaN and Infinity that some programs write."""
    try:
        path = _no_number(json.loads(data), "$")
    except json.JSONDecodeError as fault:
        where = f"line {fault.lineno}, column {fault.colno}"
        return DocumentInvalid(f"this is not JSON: {fault.msg} at {where}")
    except UnicodeDecodeError:
        return DocumentInvalid("this is not JSON: it is not text in UTF-8")
    except RecursionError:
        return DocumentInvalid("this is not a document of ours: it is nested too deeply")
    if path:
        return DocumentInvalid("NaN and Infinity are no JSON numbers; use null for unknown", path)
    return DocumentInvalid(f"this is not JSON: {error}")


def _no_number(value: Any, path: str) -> str | None:
    """The path of the first number that is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return path
    inside: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        inside = [(f"{path}.{key}", part) for key, part in table.items()]
    elif isinstance(value, list):
        parts = cast("list[Any]", value)
        inside = [(f"{path}[{index}]", part) for index, part in enumerate(parts)]
    return next((found for at, part in inside if (found := _no_number(part, at))), None)


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
