"""What ``ecg services up`` leaves running: ``python -m ecg.kernel.embedded DATA_DIR``."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from ecg.kernel.embedded.stores import running_stores
from ecg.kernel.errors import EcgError
from ecg.kernel.telemetry import set_up_logs


def main(data_dir: Path) -> None:
    """Runs the stores until SIGTERM, SIGINT or SIGHUP."""
    set_up_logs()
    os.chdir("/")  # or the folder of whoever started it could not be unmounted
    stop = threading.Event()

    def stopping(_number: int, _frame: object) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stopping)
    try:
        with running_stores(data_dir, kind="services"):
            stop.wait()
    except EcgError as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
