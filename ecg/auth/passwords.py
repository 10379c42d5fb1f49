"""Passwords: bcrypt over a SHA-256, which lifts bcrypt's limit of 72 bytes and its stop at NUL."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import bcrypt

T = TypeVar("T")

COST = 12
"""Base-2 logarithm of bcrypt's rounds; a hash keeps the cost that it was made with."""


_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="bcrypt")
"""Of their own and few: what waits here keeps no other work of the process waiting."""


async def hash_password(password: str) -> str:
    """Takes about 0.2 s of one core, in a thread."""
    hashed = await _beside(bcrypt.hashpw, _digest(password), bcrypt.gensalt(COST))
    return hashed.decode()


async def check_password(password: str, stored: str | None) -> bool:
    """Whether ``stored`` is the hash of ``password``; never for ``None``, the account that is
    not there or has no password, which takes as long."""
    against = stored or f"$2b${COST:02}${'.' * 53}"
    matches = await _beside(bcrypt.checkpw, _digest(password), against.encode())
    return matches and stored is not None


async def _beside(work: Callable[[bytes, bytes], T], password: bytes, other: bytes) -> T:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work, password, other)


def _digest(password: str) -> bytes:
    return base64.b64encode(hashlib.sha256(password.encode()).digest())
