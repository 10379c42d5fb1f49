"""How much a person may bring with a video: one number each, wherever it is asked for."""

from __future__ import annotations

MAX_SPEAKERS = 20
"""Speakers of one video that are told apart."""

MAX_SCRIPT = 500_000
"""Characters of a script: the words of four hours of quick speech, also as a caption file."""

MAX_TERMS = 500
MAX_TERM = 100
"""Characters of one term."""
