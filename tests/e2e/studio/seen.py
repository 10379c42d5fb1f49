"""What is watched on every page of a browser."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Page


class Seen:
    """What went wrong on any page of a browser, and which origins it asked."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.origins: set[str] = set()
        self.stored: set[str] = set()

    def watch(self, page: Page) -> None:
        page.on("console", lambda said: self._hear(said.type, said.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self._asked(request.method, request.url))

    def _hear(self, kind: str, text: str) -> None:
        # a save that meets another's answers 412, which the browser itself notes as an error
        if kind in {"error", "warning"} and "412" not in text:
            self.faults.append(text)

    def _asked(self, method: str, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"}:
            self.origins.add(f"{parts.scheme}://{parts.netloc}")
        if method == "PUT" and "X-Amz-" in url:
            self.stored.add(f"{parts.scheme}://{parts.netloc}")
