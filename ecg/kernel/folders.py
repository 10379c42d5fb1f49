"""Folders of work in progress: each goes with what it was made for, or with the next sweep."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "ecg-work-"


@contextmanager
def held_folder(work_dir: Path | None) -> Generator[Path]:
    """A folder of one's own in ``work_dir`` (the system's temporary one where there is none).
    It is held by a lock, as long as the process lives, and gone afterwards."""
    with (
        tempfile.TemporaryDirectory(
            prefix=_PREFIX, dir=work_dir, ignore_cleanup_errors=True
        ) as made,
        (Path(made) / "lock").open("w") as held,
    ):
        fcntl.flock(held, fcntl.LOCK_EX)
        yield Path(made)


def sweep_folders(work_dir: Path) -> None:
    """Removes what killed processes left in ``work_dir``: folders that nobody holds."""
    for folder in work_dir.glob(f"{_PREFIX}*"):
        try:
            with (folder / "lock").open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        shutil.rmtree(folder, ignore_errors=True)
