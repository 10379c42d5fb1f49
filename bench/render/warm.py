"""The engine as a worker has it: its child process and browser kept warm between renders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from ecg import roles
from ecg.kernel.settings import load_settings
from ecg.render.interfaces import RenderJob, RenderProgress, RenderResult


class WarmEngine:
    """A render engine for callers that do not await."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._engine = roles.render_engine(load_settings().settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._runner.run(self._engine.close())
        self._runner.close()

    def run(
        self,
        job: RenderJob,
        source: Path,
        output: Path,
        segments: Path | None = None,
        on_progress: Callable[[RenderProgress], None] = lambda _: None,
    ) -> RenderResult:
        work = self._engine.run(job, source, output, on_progress, segments=segments)
        return self._runner.run(work)
