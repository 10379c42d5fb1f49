"""The stores of the default set-up: PostgreSQL, Valkey and an object store as child servers
in a data folder. Everything a child needs to be reached is kept there too, so that addresses
and credentials outlive every restart.

One process runs the children of a folder, the holder of its lock: ``ecg serve``, or the process
that ``ecg services up`` leaves behind. ``ecg serve`` joins the latter and refuses the former.
"""

from __future__ import annotations

from ecg.kernel.embedded.credentials import StoredKeys, stored_keys
from ecg.kernel.embedded.detached import running_detached, start_detached, stop_detached
from ecg.kernel.embedded.stores import Stores, open_stores, running_stores

__all__ = [
    "StoredKeys",
    "Stores",
    "open_stores",
    "running_detached",
    "running_stores",
    "start_detached",
    "stop_detached",
    "stored_keys",
]
