"""What is watched on every page of a browser."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from urllib.parse import urlsplit

from playwright.sync_api import Page


class Seen:
    """What went wrong on any page of a browser, and which origins it asked."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.origins: set[str] = set()
        self.stored: set[str] = set()
        # a save that meets another's answers 412, which the browser itself notes as an error
        self._known = ["412"]

    def watch(self, page: Page) -> None:
        page.on(
            "console", lambda said: self._hear(said.type, f"{said.text} {said.location['url']}")
        )
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))

    @contextlib.contextmanager
    def expecting(self, *texts: str) -> Iterator[None]:
        """The browser's own notes of requests that come to nothing on purpose are no fault."""
        self._known += texts
        yield
        del self._known[-len(texts) :]

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not any(one in text for one in self._known):
            self.faults.append(text)

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"}:
            self.origins.add(f"{parts.scheme}://{parts.netloc}")
        if "X-Amz-" in url:
            self.stored.add(f"{parts.scheme}://{parts.netloc}")
