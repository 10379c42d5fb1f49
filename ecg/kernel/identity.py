"""Identifiers. Every id in the product is made here."""

from __future__ import annotations

import uuid_utils


def new_id() -> str:
    """A UUIDv7 in canonical text form: unique, and sorted by the time it was made."""
    return str(uuid_utils.uuid7())
