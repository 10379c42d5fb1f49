"""The JSON Schemas (2020-12) of the two documents, generated from their structs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from ecg.captions.scenario import Scenario
from ecg.captions.transcript import Transcript

FOLDER = Path(__file__).resolve().parent
DOCUMENTS = {"transcript.v1": Transcript, "scenario.v1": Scenario}


def schema_text(name: str) -> str:
    """The schema of ``name``, a key of ``DOCUMENTS``, as indented JSON."""
    kind = DOCUMENTS[name]
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.__name__,
        **msgspec.json.schema(kind),
    }
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"
