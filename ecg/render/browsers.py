"""Finding the Chromium that draws the captions."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ecg.kernel.errors import Missing

_DEBIAN = Path("/usr/lib/chromium/chromium-headless-shell")
"""A page opens in it in a third of the time, for a quarter of the processor time, that it takes in
the browser with windows. What Debian has of it on the path is a shell that stays in between."""
_ON_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PLAYWRIGHT = (
    "chromium_headless_shell-*/chrome-headless-shell-*/chrome-headless-shell",
    "chromium_headless_shell-*/chrome-linux/headless_shell",
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)


def find_browser(configured: Path | None) -> Path:
    """The configured browser, else Playwright's newest own, else the system's.

    Raises ``Missing`` naming the command that mends it.
    """
    if configured is not None:
        if os.access(configured, os.X_OK) and configured.is_file():
            return configured
        raise Missing(f"the setting browser names {configured}, which is no program")
    for pattern in _PLAYWRIGHT:
        found = sorted(_playwright_folder().glob(pattern), key=lambda path: path.stat().st_mtime)
        if found:
            return found[-1]
    if os.access(_DEBIAN, os.X_OK):
        return _DEBIAN
    for name in _ON_PATH:
        if path := shutil.which(name):
            return Path(path)
    raise Missing(
        "no Chromium is on this machine: run `playwright install --only-shell chromium`, "
        "or install your system's chromium, or name one in ECG_BROWSER"
    )


def _playwright_folder() -> Path:
    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    if named:
        return Path(named)
    mac = Path.home() / "Library/Caches/ms-playwright"
    return mac if mac.is_dir() else Path.home() / ".cache" / "ms-playwright"
