"""Repairs of cues: time where there is some, else their words paged anew. No word is dropped."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from ecg.captions.findings import Finding, Patch, replacing
from ecg.captions.paging import LONGEST, PAUSE, SHORTEST, page_cuts
from ecg.captions.readable import (
    MILLISECOND,
    Room,
    check_cue,
    following_start,
    wide,
)
from ecg.captions.scenario import INTERPOLATED, Cue, CueWord
from ecg.captions.text import reading_speed

_AROUND = 4
"""Cues on either side that a repair is seen not to harm."""

_WEIGHTS = {"line_count": 25, "error": 10, "warning": 1}

_DIVIDED = frozenset({"line_count", "too_long", "overlap"})

SEEN = 0.2
"""Seconds under which a cue is as good as dropped."""

Change = tuple[int, int, list[Cue]]
"""Cues from an index to before another, and those that take their place."""


def repair(cues: Sequence[Cue], index: int, finding: Finding, room: Room) -> Patch | None:
    """A patch that removes ``finding`` of a cue and brings nothing worse; none where none does."""
    used = {cue.id for cue in cues}
    for first, last, made in _candidates(cues, index, finding, room):
        new = _named(made, cues[first:last], used)
        if _better(cues, (first, last, new), finding, room):
            return replacing(first, tuple(cues[first:last]), tuple(new))
    return None


def _candidates(cues: Sequence[Cue], index: int, finding: Finding, room: Room) -> Iterator[Change]:
    code = finding.code
    if code in {"reading_speed", "too_short"}:
        yield from _given_time(cues, index, room)
    elif code == "too_long":
        end = math.floor((cues[index].start + LONGEST) * 1000) / 1000
        yield _ending(cues, index, end)
        yield from _repaged(cues, index, index + 1, room)
        spread = _spread(cues[index], cues[index].start, end)
        if spread:
            yield index, index + 1, [spread]
    elif code == "line_count":
        yield from _repaged(cues, index, index + 1, room)
    elif code == "gap":
        following = following_start(cues, index)
        assert following is not None
        yield _ending(cues, index, following)
        yield _ending(cues, index, math.floor((following - room.least) * 1000) / 1000)
    elif code == "overlap":
        yield from _apart(cues, index, room)
    for first, last in ((index, index + 2), (index - 1, index + 1), (index - 1, index + 2),
                        (index, index + 3), (index, index + 5)):  # fmt: skip
        if first >= 0 and last <= len(cues) and code != "gap":
            yield from _repaged(cues, first, last, room)


def _ending(cues: Sequence[Cue], index: int, end: float) -> Change:
    return index, index + 1, [msgspec.structs.replace(cues[index], end=end)]


def _given_time(cues: Sequence[Cue], index: int, room: Room) -> Iterator[Change]:
    """The cue standing longer: on until it can be read, or to the next one where the gap would
    then be short; earlier, where nothing stands before it."""
    cue, following = cues[index], following_start(cues, index)
    needed = max(SHORTEST, wide(cue, room.page) / reading_speed(room.page.language))
    end = min(math.ceil((cue.start + needed) * 1000) / 1000, max(room.end, cue.end))
    if following is not None and end > following - max(room.least, PAUSE):
        end = min(end, following) if end > following + MILLISECOND else following
    yield _ending(cues, index, max(end, cue.end))
    end = max(cue.end, end if following is None else min(end, following))
    before = max((other.end for other in cues[:index]), default=0.0)
    start = max(before, math.floor((end - needed) * 1000) / 1000)
    if start - before < room.least:
        start = before
    if start < cue.start:
        yield index, index + 1, [msgspec.structs.replace(cue, start=start, end=end)]


def _apart(cues: Sequence[Cue], index: int, room: Room) -> Iterator[Change]:
    cue = cues[index]
    others = (at for at in range(index + 1, len(cues)) if cues[at].speaker == cue.speaker)
    at = next(others, None)
    if at is None:
        return
    start = cues[at].start
    yield _ending(cues, index, max(start, cue.words[-1].end))
    spread = _spread(cue, cue.start, start)
    if spread and start > cue.start + SHORTEST:
        yield index, index + 1, [spread]
    yield from _repaged(cues, index, at + 1, room)


def _repaged(cues: Sequence[Cue], first: int, last: int, room: Room) -> Iterator[Change]:
    """The words of cues of one speaker paged anew."""
    run = cues[first:last]
    alike = {(cue.kind, cue.speaker, cue.region, cue.secondary) for cue in run}
    words = _pooled(run)
    if len(alike) > 1 or run[0].kind != "speech" or not words:
        return
    end = max(cue.end for cue in run)
    cuts = page_cuts(words, room.page)
    starts = [run[0].start, *(words[at].start for at in cuts[1:-1]), end]
    new: list[Cue] = []
    for (a, b), (start, left) in zip(pairwise(cuts), pairwise(starts), strict=True):
        said = words[b - 1].end
        # a pause between the old cues stays one
        stays = left - said >= PAUSE and left < end
        leaves = max(said, min(left, start + SHORTEST)) if stays else left
        new.append(msgspec.structs.replace(run[0], start=start, end=leaves, words=words[a:b]))
    yield first, last, new


def _pooled(run: Sequence[Cue]) -> tuple[CueWord, ...]:
    """The words in order; those whose times were never measured spread anew where cues stand
    over one another. None where they cannot be put in an order."""
    words = tuple(word for cue in run for word in cue.words)
    if any(word.style and word.style.hidden for word in words):
        return ()
    if all(one.end <= other.start + MILLISECOND for one, other in pairwise(words)):
        return words
    pooled = _spread(
        msgspec.structs.replace(run[0], words=words),
        run[0].start,
        max(cue.end for cue in run),
    )
    return pooled.words if pooled else ()


def _spread(cue: Cue, start: float, end: float) -> Cue | None:
    """The cue with its words' times spread by their length, if all were spread before."""
    if not all(INTERPOLATED in word.tags for word in cue.words) or end <= start:
        return None
    total = sum(len(word.text) for word in cue.words)
    times = [start]
    for word in cue.words:
        times.append(times[-1] + (end - start) * len(word.text) / total)
    spread = tuple(
        msgspec.structs.replace(word, start=round(a, 3), end=round(b, 3))
        for word, (a, b) in zip(cue.words, pairwise(times), strict=True)
    )
    return msgspec.structs.replace(cue, start=start, end=round(end, 3), words=spread)


def _named(made: Sequence[Cue], old: Sequence[Cue], used: set[str]) -> list[Cue]:
    """The cues with the ids of those whose place they take, and new ones for the others."""
    taken = used - {cue.id for cue in old}
    named: list[Cue] = []
    for cue, wanted in zip(made, [*(one.id for one in old), *[""] * len(made)], strict=False):
        number, name = 2, wanted
        while not name or name in taken:
            name, number = f"{old[0].id[:27]}-{number}", number + 1
        taken.add(name)
        named.append(msgspec.structs.replace(cue, id=name))
    return named


def _better(cues: Sequence[Cue], change: Change, finding: Finding, room: Room) -> bool:
    """Whether a change removes the finding and brings no other: but for cues too short or too quick
    to read, where those that were one, and too much of it, become several."""
    first, last, new = change
    before = cues[max(0, first - _AROUND) : first]
    after = cues[last : last + _AROUND]
    changed = [*before, *new, *after]
    latest = max([room.end, *(cue.end for cue in cues[first:last])])
    if not _in_order(changed) or any(cue.end - cue.start < SEEN or cue.end > latest for cue in new):
        return False
    old_found = _found([*before, *cues[first:last], *after], room)
    new_found = _found(changed, room)
    gone = not any(f.code == finding.code and f.cue_id == finding.cue_id for f in new_found)
    counts, earlier = Counter(f.code for f in new_found), Counter(f.code for f in old_found)
    free = {"reading_speed", "too_short"} if finding.code in _DIVIDED else set[str]()
    harmless = all(counts[code] <= earlier[code] for code in counts if code not in free)
    return gone and harmless and _weight(new_found) < _weight(old_found)


def _in_order(cues: Sequence[Cue]) -> bool:
    starts = all(one.start <= other.start for one, other in pairwise(cues))
    held = all(
        cue.start - MILLISECOND <= cue.words[0].start and cue.words[-1].end <= cue.end + MILLISECOND
        for cue in cues
    )
    return starts and held and all(cue.start <= cue.end for cue in cues)


def _found(cues: Sequence[Cue], room: Room) -> list[Finding]:
    return [found for index in range(len(cues)) for found in check_cue(cues, index, room)]


def _weight(found: Sequence[Finding]) -> int:
    return sum(_WEIGHTS.get(one.code, _WEIGHTS[one.severity]) for one in found)
