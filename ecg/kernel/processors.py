"""How much of a machine this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""In a container what it may use: microseconds of processor, or "max", in so many of time
(docs.kernel.org/admin-guide/cgroup-v2, "CPU Interface Files")."""


def processors(quota: Path = _QUOTA) -> int:
    """Processors that this process may run on, at least 1: those it is bound to, and no more than
    its container's quota, rounded up."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        most, period = quota.read_text().split()
        share = math.ceil(int(most) / int(period))
    except (OSError, ValueError):  # no container, or one without a quota
        return bound or 1
    return max(1, min(bound or 1, share))
