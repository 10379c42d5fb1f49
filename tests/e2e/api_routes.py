"""Every route of the api role, and an account with one of everything that they name."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import msgspec

from ecg.kernel.embedded.stores import known_stores
from ecg.kernel.settings import DatabaseSettings, RedisSettings, Settings
from ecg.service.process import service
from tests.e2e.client import Client
from tests.e2e.service import Process

PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")

SHARED = {"name": "intention"}
"""Parameters that name what is everybody's."""

EMPTY = {"version": 1, "style": {"name": "intention"}, "speakers": {}, "cues": []}
LOOK = {"name": "Calm", "style": {"name": "intention", "strength": 0.5}}
FONT = {"filename": "a.ttf", "size": 1000, "licensed": True}
WINDOW = {"start": 0.5, "end": 1.5, "words": ["Hello"]}

BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/v1/uploads/{upload_id}/parts"): {"numbers": [1]},
    ("POST", "/api/v1/uploads/{upload_id}/complete"): {},
    ("POST", "/api/v1/videos/{video_id}/analysis"): {},
    ("POST", "/api/v1/videos/{video_id}/realign"): WINDOW,
    ("POST", "/api/v1/videos/{video_id}/scenario/compose"): {},
    ("POST", "/api/v1/videos/{video_id}/captions"): {
        "format": "srt", "text": "1\n00:00:00,000 --> 00:00:01,000\nHello\n",
    },
    ("PUT", "/api/v1/videos/{video_id}/scenario"): EMPTY,
    ("PUT", "/api/v1/looks/{look_id}"): LOOK,
    ("POST", "/api/v1/videos/{video_id}/scenario/pages"): EMPTY,
}  # fmt: skip
"""Valid bodies, so that only the ownership is left to refuse."""


class Known(msgspec.Struct, frozen=True):
    """A route of the application and whether it asks for no token."""

    method: str
    path: str
    public: bool

    @property
    def parameters(self) -> set[str]:
        return set(PARAMETER.findall(self.path))

    @property
    def for_admins(self) -> bool:
        return "/admin/" in self.path

    def filled(self, ids: dict[str, str]) -> str:
        """Its path below ``/api/v1``. Raises ``KeyError`` for a parameter that nobody knows."""
        path = PARAMETER.sub(lambda match: (ids | SHARED)[match.group(1)], self.path)
        return path.removeprefix("/api/v1")


class Owned(msgspec.Struct, frozen=True):
    """An account with one of everything, under the names that routes give it, and another."""

    owner: Client
    stranger: Client
    ids: dict[str, str]


def read_routes(server: Process) -> list[Known]:
    """What the application is made of, on the stores of ``server``."""
    stores = known_stores(server.data)
    assert stores is not None
    settings = Settings(
        secret_key="s" * 32, service_key="k" * 32, s3=stores.s3,
        database=DatabaseSettings(url=stores.database_url),
        redis=RedisSettings(reader_url=stores.reader_url),
    )  # fmt: skip

    async def read() -> list[Known]:
        async with service(settings, frozenset(["api"])) as app:
            return [
                Known(method, PARAMETER.sub(r"{\1}", route.path_format), "public" in handler.opt)
                for route in app.routes
                for handler in getattr(route, "route_handlers", [])
                for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"})
            ]

    return asyncio.run(read())
