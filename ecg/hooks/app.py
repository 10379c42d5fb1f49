"""What the hooks room brings into the api."""

from __future__ import annotations

from functools import partial

from ecg.hooks.routes import HooksDesk, routes
from ecg.hooks.sender import send_for_ever
from ecg.kernel.web import Part


def api_part(desk: HooksDesk) -> Part:
    task = partial(send_for_ever, desk.database, allow_private=desk.allow_private)
    return Part(routes=[routes(desk)], tasks=[task])
