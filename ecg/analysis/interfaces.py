"""What the analysis feature offers: values in, values out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from ecg.analysis.script import Written
from ecg.analysis.terms import Term
from ecg.captions.backdrop import Backdrop
from ecg.captions.transcript import Timing, Transcript
from ecg.kernel.attempts import Stored, Trouble
from ecg.media.info import MediaInfo, VideoLimits

Stage = Literal["decode", "transcribe", "measure"]
EngineName = Literal["auto", "faster-whisper", "whisperx"]


class AnalysisJob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a source is to be analysed.

    ``language``: ISO 639-1, or ``None`` to detect it; a given one is never overruled.
    ``speakers``: how many speak, or ``None`` to find out. ``model``: a name in the model
    catalogue, or the path of a folder with a Whisper model for CTranslate2. ``audio_track``: index
    among the file's sound streams, 0 the first. ``threads``: 0 lets the engine choose.
    ``script``: the exact wording, as text, SRT or VTT (``ecg.analysis.script``). ``terms``: a line
    each (``ecg.analysis.terms``). ``engine``: "auto" is WhisperX where it is installed and a GPU is
    there, else faster-whisper.
    """

    model: str = "base"
    language: str | None = None
    speakers: int | None = None
    audio_track: int = 0
    threads: int = 0
    script: str | None = None
    terms: tuple[str, ...] = ()
    engine: EngineName = "auto"


class AnalysisProgress(msgspec.Struct, frozen=True):
    """``done`` and ``total`` are seconds of sound within ``stage``."""

    stage: Stage
    done: float
    total: float


class AnalysisResult(msgspec.Struct, frozen=True):
    """``contour``: F0 and loudness of 10 ms frames, as ``ecg.analysis.engine.contour`` packs them."""

    transcript: Transcript
    media: MediaInfo
    contour: bytes


class EngineJob(msgspec.Struct, frozen=True):
    """What the engine's child is told: ``AnalysisJob`` with the language checked and the model
    found, script and terms read. ``source``, ``model_folder``, ``voices`` (beside which
    ``segmentation.pt`` lies) and ``aligners`` (WhisperX's models, where there are any) are paths."""

    source: str
    model: str
    model_folder: str
    voices: str
    language: str | None
    speakers: int | None
    audio_track: int
    threads: int
    script: tuple[Written, ...] | None = None
    terms: tuple[Term, ...] = ()
    engine: EngineName = "auto"
    aligners: str = ""


class RealignJob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``words`` said from ``start`` to ``end`` (seconds of the file) in ``language`` (ISO 639-1).
    ``level`` (dBFS) and ``pitch_hz``: the speaker's medians, which the words are compared with."""

    start: float
    end: float
    words: tuple[str, ...]
    language: str
    level: float | None = None
    pitch_hz: float | None = None


class RealignOrder(msgspec.Struct, frozen=True):
    """What the engine's child is told."""

    source: str
    job: RealignJob


class RealignedWord(msgspec.Struct, frozen=True):
    """As the transcript's word; ``loudness`` and ``pitch`` relative to the speaker."""

    text: str
    start: float
    end: float
    timing: Timing
    loudness: float | None
    pitch: float | None


class ProbeJob(msgspec.Struct, frozen=True):
    source: str


class Poster(msgspec.Struct, frozen=True):
    """A JPEG, as a viewer sees the picture, at most 640 pixels wide."""

    data: bytes


class AnalysisEngine(Protocol):
    """Turns a sound track into a transcript.

    ``on_alive`` is called about each second while the engine's process is seen to run.
    """

    async def poster(self, source: Path, on_alive: Callable[[], None] | None = None) -> Poster:
        """A frame from a tenth into ``source``. Raises ``MediaRefused`` where it has no
        picture or none can be decoded."""
        ...

    async def backdrop(self, source: Path, on_alive: Callable[[], None] | None = None) -> Backdrop:
        """The key frames of ``source``, very small. Raises ``MediaRefused`` where it has no
        picture or is damaged."""
        ...

    async def probe(self, source: Path, on_alive: Callable[[], None] | None = None) -> MediaInfo:
        """Facts of ``source`` without decoding it.

        Raises ``MediaRefused`` where the file is no media, is empty or is damaged beyond
        reading, saying what was found.
        """
        ...

    async def run(
        self,
        job: AnalysisJob,
        source: Path,
        on_progress: Callable[[AnalysisProgress], None],
        on_alive: Callable[[], None] | None = None,
    ) -> AnalysisResult:
        """Analyse ``source`` (a local file, only read).

        Sound without speech gives a transcript without segments. Raises ``MediaRefused``
        (no sound track, damaged file), ``Missing`` (model not installed), ``InputRefused``
        (unknown language, a script or terms that cannot be used), ``EngineFailed``. Cancelling the awaiting task stops the engine
        within 2 s and leaves no process.
        """
        ...

    async def realign(
        self, job: RealignJob, source: Path, on_alive: Callable[[], None] | None = None
    ) -> Realigned:
        """Times and measures words in their window alone, without the recogniser.

        One word for each of ``job.words``, in order, within the window; those that the sound does not
        tell share the gap between their neighbours ("interpolated"). Raises ``MediaRefused``.
        """
        ...

    async def close(self) -> None:
        """Ends the engine's child process, if one runs."""
        ...


class AnalysisRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the audio role is asked to do; kept in the analysis's row. ``size``: the source's
    bytes. The source itself is the attempt's object ``source``."""

    video_id: str
    size: int
    limits: VideoLimits
    job: AnalysisJob = AnalysisJob()


class RealignRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What else the audio role is asked to do; ``size`` as in ``AnalysisRequest``."""

    video_id: str
    size: int
    realign: RealignJob


class Realigned(msgspec.Struct, frozen=True, tag="realigned"):
    """The words of a ``RealignRequest``."""

    words: list[RealignedWord]


class Probed(msgspec.Struct, frozen=True, tag="probed"):
    """The source is a video that can be used. ``poster``: a JPEG of a frame, where there is a
    picture."""

    media: MediaInfo
    poster: Stored | None = None


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The source cannot be used; ends the job. The desk deletes the source."""

    trouble: Trouble


class Analysed(msgspec.Struct, frozen=True, tag="succeeded"):
    """``transcript``: the JSON document in the store. ``seconds``: wall time of the work."""

    transcript: Stored
    seconds: float


class AnalysisFailed(msgspec.Struct, frozen=True, tag="failed"):
    trouble: Trouble


class AnalysisReport(msgspec.Struct, frozen=True):
    """From the audio role to the analysis desk. ``Probed`` may be followed by more, each of
    the others ends the attempt and the job. ``id``: the analysis's."""

    id: str
    attempt: int
    event: Probed | Refused | Analysed | Realigned | AnalysisFailed


PROBE_SECONDS = 120.0
"""Wall seconds that a look into a source, and its poster, may take."""

SECONDS_PER_SECOND = 20
LEAST_SECONDS = 900


def analysis_seconds(duration: float) -> float:
    """Wall seconds that recognising so many seconds of sound may take, on the slowest machine."""
    return LEAST_SECONDS + duration * SECONDS_PER_SECOND


POSTER = "poster.jpg"
TRANSCRIPT = "transcript.json"
CONTOUR = "contour.bin"
BACKDROP = "backdrop.bin"
