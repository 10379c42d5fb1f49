"""Writes the next migration from the models: python scripts/revision.py WHAT IT IS FOR.

Read and correct what it wrote: what was renamed looks as if it was dropped and added.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import ecg.service.process  # noqa: F401 - every table there is
from ecg.kernel import migrations
from ecg.kernel.embedded import running_stores

with tempfile.TemporaryDirectory(prefix="ecg-revision-") as folder:
    Path(folder).chmod(0o711)
    with running_stores(Path(folder) / "data", durable=False) as stores:
        migrations.up(stores.database_url)
        migrations.write_revision(stores.database_url, " ".join(sys.argv[1:]))
