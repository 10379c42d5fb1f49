"""What the analysis feature offers to the composition root."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from ecg.analysis.catalogue import find_model, find_recogniser, find_voices, is_path
from ecg.analysis.interfaces import (
    AnalysisEngine,
    AnalysisJob,
    AnalysisProgress,
    AnalysisResult,
    EngineJob,
    Poster,
    ProbeJob,
    Realigned,
    RealignJob,
    RealignOrder,
)
from ecg.analysis.languages import language_code
from ecg.analysis.script import read_script
from ecg.analysis.terms import read_terms
from ecg.captions.backdrop import Backdrop
from ecg.kernel.errors import InputRefused
from ecg.media.child import Child
from ecg.media.info import MediaInfo
from ecg.media.pipe import LIMITS, Limits

_CUDA_DEVICE = Path("/dev/nvidia0")
"""With it there is no limit of memory: what CUDA maps was not measured."""
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    # numpy's threads wait for each other longer than they work on matrices this small
    "OPENBLAS_NUM_THREADS": "1",
    # what one thread frees another takes: with pools of their own three hours hold 926 MB
    "MALLOC_ARENA_MAX": "2",
}
"""Of the engine's process."""


def open_engine(
    models_dir: Path,
    work_dir: Path | None,
    limits: Limits = LIMITS,
    idle_seconds: float | None = None,
) -> AnalysisEngine:
    """An engine in a child process of its own, started at the first call and ended, its model with
    it, after ``idle_seconds`` without one.

    ``models_dir`` holds the models; the child's temporary folder is made in ``work_dir``.
    """
    return _ChildEngine(models_dir, work_dir, limits, idle_seconds)


class _ChildEngine:
    def __init__(
        self, models_dir: Path, work_dir: Path | None, limits: Limits, idle_seconds: float | None
    ) -> None:
        self._models_dir = models_dir
        self._idle_seconds = idle_seconds
        self._calls = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None
        self._child = Child(
            "ecg.analysis.engine",
            limits=(
                msgspec.structs.replace(limits, memory=None) if _CUDA_DEVICE.exists() else limits
            ),
            environment=ENVIRONMENT,
            work_dir=work_dir,
        )

    async def probe(self, source: Path, on_alive: Callable[[], None] | None = None) -> MediaInfo:
        job = ProbeJob(_told(source))
        async with self._in_use():
            return await self._child.call("probe", job, MediaInfo, on_alive=on_alive)

    async def poster(self, source: Path, on_alive: Callable[[], None] | None = None) -> Poster:
        job = ProbeJob(_told(source))
        async with self._in_use():
            return await self._child.call("poster", job, Poster, on_alive=on_alive)

    async def backdrop(self, source: Path, on_alive: Callable[[], None] | None = None) -> Backdrop:
        job = ProbeJob(_told(source))
        async with self._in_use():
            return await self._child.call("backdrop", job, Backdrop, on_alive=on_alive)

    async def run(
        self,
        job: AnalysisJob,
        source: Path,
        on_progress: Callable[[AnalysisProgress], None],
        on_alive: Callable[[], None] | None = None,
    ) -> AnalysisResult:
        language = _language(job)
        order = EngineJob(
            source=_told(source),
            model=Path(job.model).name if is_path(job.model) else job.model,
            model_folder=_told(find_model(job.model, self._models_dir)),
            voices=_told(find_voices(self._models_dir)),
            language=language,
            speakers=job.speakers,
            audio_track=job.audio_track,
            threads=job.threads,
            script=None if job.script is None else read_script(job.script),
            terms=read_terms(job.terms),
            engine=job.engine,
            aligners=_told(self._models_dir / "whisperx"),
        )
        async with self._in_use():
            return await self._child.call(
                "run", order, AnalysisResult, AnalysisProgress, on_progress, on_alive
            )

    async def realign(
        self, job: RealignJob, source: Path, on_alive: Callable[[], None] | None = None
    ) -> Realigned:
        order = RealignOrder(_told(source), job)
        async with self._in_use():
            return await self._child.call("realign", order, Realigned, on_alive=on_alive)

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._child.close()

    @asynccontextmanager
    async def _in_use(self) -> AsyncGenerator[None]:
        if self._timer is not None:
            self._timer.cancel()
        try:
            async with self._calls:  # which also waits for an end that has begun
                yield
        finally:
            if self._idle_seconds is not None:
                clock = asyncio.get_running_loop()
                self._timer = clock.call_later(self._idle_seconds, self._end)

    def _end(self) -> None:
        self._ending = asyncio.create_task(self._ended())

    async def _ended(self) -> None:
        async with self._calls:
            await self._child.close()


def _language(job: AnalysisJob) -> str | None:
    if job.language is None:
        return None
    code = language_code(job.language)
    known = find_recogniser(job.model).languages
    if known != "all" and code not in known.split():
        raise InputRefused(f'model "{job.model}" knows only {known}, not {code}: use model "base"')
    return code


def _told(path: Path) -> str:
    """The path for a child, which works in a folder of its own."""
    return str(path.absolute())
