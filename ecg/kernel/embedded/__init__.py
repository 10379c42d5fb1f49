"""The stores of the default set-up: PostgreSQL, Valkey and an object store as child servers
in a data folder. Everything a child needs to be reached is kept there too, so that addresses
and credentials outlive every restart."""

from __future__ import annotations

from ecg.kernel.embedded.credentials import StoredKeys, stored_keys
from ecg.kernel.embedded.stores import Stores, known_stores, open_stores, running_stores

__all__ = [
    "StoredKeys", "Stores", "known_stores", "open_stores", "running_stores", "stored_keys",
]  # fmt: skip
