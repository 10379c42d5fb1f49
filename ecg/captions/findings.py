"""What lint finds, and how it is put right."""

from __future__ import annotations

from typing import Any, Literal, cast

import msgspec

from ecg.captions.scenario import Cue, Scenario, check_scenario
from ecg.kernel.errors import DocumentInvalid

Code = Literal[
    "reading_speed",
    "line_length",
    "line_count",
    "too_short",
    "too_long",
    "gap",
    "overlap",
    "flashes",
    "safe_area",
    "missing_letters",
    "speaker_unnamed",
    "color_distance",
    "contrast",
    "contrast_unknown",
]

Patch = list[dict[str, Any]]
"""A JSON Patch (RFC 6902) of ``add``, ``remove`` and ``replace``."""


class Finding(msgspec.Struct, frozen=True):
    """``value`` and ``limit`` are in the unit that ``message`` names. ``repair`` is a JSON Patch
    (RFC 6902) for the scenario as ``encode`` writes it that removes the finding, where there is
    a safe one."""

    code: Code
    severity: Literal["error", "warning"]
    cue_id: str
    value: float
    limit: float
    message: str
    repair: Patch | None = None


def patched(scenario: Scenario, patch: Patch) -> Scenario:
    """The scenario after ``patch``. Raises ``DocumentInvalid`` where it does not fit."""
    values: Any = msgspec.json.decode(msgspec.json.encode(scenario))
    for step in patch:
        *path, last = [part.replace("~1", "/").replace("~0", "~") for part in _parts(step["path"])]
        place: Any = values
        try:
            for key in path:
                place = place[_key(place, key)]
            _apply(place, last, step)
        except (LookupError, ValueError):
            raise DocumentInvalid(f"there is no {step['path']}", "$") from None
    made = msgspec.convert(values, Scenario)
    check_scenario(made)
    return made


def _parts(path: str) -> list[str]:
    return path.split("/")[1:]


def _key(place: Any, key: str) -> Any:
    return int(key) if isinstance(place, list) else key


def _apply(place: Any, last: str, step: dict[str, Any]) -> None:
    key = _key(place, last)
    if step["op"] == "remove":
        del place[key]
    elif step["op"] == "add" and isinstance(place, list):
        cast("list[Any]", place).insert(key, step["value"])
    else:
        place[key] = step["value"]


def pointer(*parts: str | int) -> str:
    """The JSON Pointer (RFC 6901) to a place."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def replacing(first: int, old: tuple[Cue, ...], new: tuple[Cue, ...]) -> Patch:
    """A patch that puts ``new`` cues where ``old`` ones stand, from index ``first`` on."""
    if len(old) == len(new) == 1 and old[0] == msgspec.structs.replace(
        new[0], start=old[0].start, end=old[0].end
    ):
        return [
            {"op": "replace", "path": pointer("cues", first, name), "value": getattr(new[0], name)}
            for name in ("start", "end")
            if getattr(new[0], name) != getattr(old[0], name)
        ]
    removed = [
        {"op": "remove", "path": pointer("cues", first + at)} for at in reversed(range(len(old)))
    ]
    added = [
        {"op": "add", "path": pointer("cues", first + at), "value": msgspec.to_builtins(cue)}
        for at, cue in enumerate(new)
    ]
    return [*removed, *added]
