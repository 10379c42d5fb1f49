"""Sound → words by WhisperX: its own speech detector, Whisper in batches, and its aligner where the
language's model is here. An extra of 7.6 GB (requirements/whisperx.txt), imported only when used.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias, cast

from ecg.analysis.engine.align import Timed, interpolated
from ecg.analysis.engine.decode import RATE
from ecg.analysis.engine.regions import MARGIN, Piece, Window
from ecg.analysis.engine.transcribe import UNSPACED, Heard, has_gpu, iso_code, whisper_code
from ecg.analysis.interfaces import EngineName
from ecg.captions.pieces import split_words
from ecg.kernel.errors import Missing
from ecg.kernel.processors import processors

BATCH = 8
"""Stretches of up to 30 s that are heard at once."""
_ENDS = tuple(".?!…\u3002\uff1f\uff01")

Pipeline: TypeAlias = Any
"""A ``whisperx.asr.FasterWhisperPipeline``, which is not typed."""
Segment: TypeAlias = dict[str, Any]
"""As WhisperX gives it: ``text``, ``start``, ``end`` in seconds, ``avg_logprob`` and, once aligned,
``words`` of ``word`` with ``start``, ``end`` and ``score`` where it found them."""


def choose(asked: EngineName) -> EngineName:
    """The engine to hear with; ``auto`` is WhisperX where it is installed and a GPU is there.
    Raises ``Missing`` where it was asked for and is not installed."""
    installed = find_spec("whisperx") is not None
    if asked == "whisperx" and not installed:
        raise Missing(
            "the engine whisperx is not installed: pip install --require-hashes -r "
            "requirements/whisperx.txt (7.6 GB), or use the engine faster-whisper"
        )
    if asked == "auto":
        return "whisperx" if installed and has_gpu() else "faster-whisper"
    return asked


def load_whisperx(folder: Path, threads: int) -> Pipeline:
    """float16 on a CUDA device, else int8 on the processor; nothing is fetched."""
    gpu = has_gpu()
    return _whisperx().load_model(
        str(folder),
        "cuda" if gpu else "cpu",
        compute_type="float16" if gpu else "int8",
        threads=threads or processors(),
        local_files_only=True,
        vad_method="pyannote",
    )


def listen(
    pipeline: Pipeline,
    piece: Piece,
    language: str | None,
    aligners: Path,
    on_part: Callable[[float], None],
) -> list[tuple[Window, str, list[Heard]]]:
    """Each stretch that WhisperX's detector found in the piece, its language (ISO 639) and words.

    ``aligners``: the folder of WhisperX's alignment models. ``on_part`` is told the share of the
    piece that is heard. Where Silero hears nobody at all, WhisperX is not asked.
    """
    if not piece.regions:
        return []
    code = None if language is None else whisper_code(language)

    def on_percent(percent: float) -> None:
        on_part(percent / 100)

    found = pipeline.transcribe(
        piece.sound,
        batch_size=BATCH,
        language=code,
        progress_callback=on_percent,
    )
    spoken = language or iso_code(found["language"])
    device = "cuda" if has_gpu() else "cpu"
    aligner = _aligner(found["language"], str(aligners), device)
    stretches: list[tuple[Window, str, list[Heard]]] = []
    segments: list[Segment] = found["segments"]
    befores = [0.0, *(segment["end"] for segment in segments)]
    afters = [*(segment["start"] for segment in segments[1:]), math.inf]
    for segment, before, after in zip(segments, befores, afters, strict=False):
        window = _window(piece, segment, before, after)
        parts = [segment]
        if aligner is not None:
            parts = _align(segment, aligner, piece, device)
        offset = (window.start - piece.start) / RATE
        stretches.append((window, spoken, words_of(parts, offset, spoken)))
    return stretches


def _window(piece: Piece, segment: Segment, before: float, after: float) -> Window:
    """``before`` and ``after`` bound the margins: where the neighbours are, in seconds."""
    first = max(round(before * RATE), round(segment["start"] * RATE) - MARGIN)
    last = min(len(piece.sound), round(segment["end"] * RATE) + MARGIN)
    if after < math.inf:
        last = min(last, round(after * RATE))
    regions = [
        (max(begin, first) - first, min(end, last) - first)
        for begin, end in piece.regions
        if begin < last and end > first
    ]
    return Window(piece.start + first, piece.sound[first:last], regions)


def words_of(parts: list[Segment], offset: float, language: str) -> list[Heard]:
    """WhisperX's segments as words, in seconds from ``offset``, a phrase for each sentence.

    A word that its aligner gave no time ("2014") shares the gap between its neighbours. Without an
    aligner there are no words at all: the text's are spread over the segment by their length.
    """
    words: list[Heard] = []
    for part in parts:
        said = _timed(part) if part.get("words") else _spread(part, language)
        for text, time, confidence in said:
            ended = bool(words) and words[-1].text.endswith(_ENDS)
            phrase = words[-1].phrase + ended if words else 0
            start, end = time.start - offset, time.end - offset
            words.append(Heard(text, start, end, confidence, phrase, time.timing))
    return words


def _timed(part: Segment) -> list[tuple[str, Timed, float]]:
    words = [word for word in part["words"] if word["word"].strip()]
    spans = [
        Timed(word["start"], word["end"], "aligned") if "start" in word and "end" in word else None
        for word in words
    ]
    sure = [float(word.get("score", _probability(part))) for word in words]
    times = interpolated(spans, part["start"], part["end"])
    texts = [word["word"].strip() for word in words]
    return list(zip(texts, times, [min(1.0, max(0.0, one)) for one in sure], strict=True))


def _spread(part: Segment, language: str) -> list[tuple[str, Timed, float]]:
    text = part["text"].strip()
    words = split_words(text) if language in UNSPACED else text.split()
    share = (part["end"] - part["start"]) / max(1, sum(map(len, words)))
    said: list[tuple[str, Timed, float]] = []
    clock = part["start"]
    for word in words:
        end = clock + share * len(word)
        said.append((word, Timed(clock, end, "interpolated"), _probability(part)))
        clock = end
    return said


def _probability(part: Segment) -> float:
    """Of a word of it, on average."""
    return math.exp(min(0.0, float(part.get("avg_logprob") or 0.0)))


@functools.lru_cache(maxsize=4)
def _aligner(language: str, folder: str, device: str) -> tuple[Any, Any] | None:
    """WhisperX's alignment model of a language, where it lies in ``folder``; it would fetch the ones
    of torchaudio, so their file is looked for first."""
    if not Path(folder).is_dir():
        return None
    alignment = _whisperx().alignment
    bundle = alignment.DEFAULT_ALIGN_MODELS_TORCH.get(language)
    if bundle is not None:
        file = Path(getattr(alignment.torchaudio.pipelines, bundle)._path).name  # noqa: SLF001 - the only name of its file
        if not (Path(folder) / file).is_file():
            return None
    try:
        return alignment.load_align_model(language, device, model_dir=folder, model_cache_only=True)
    except (ValueError, OSError):
        return None


def _align(segment: Segment, aligner: tuple[Any, Any], piece: Piece, device: str) -> list[Segment]:
    try:
        found = _whisperx().align([segment], *aligner, piece.sound, device)
    except LookupError:  # its sentence splitter is not here
        return [segment]
    return found["segments"] or [segment]


def _whisperx() -> Any:
    """The package, which takes seconds to import and is not in the default environment."""
    import whisperx.alignment  # noqa: PLC0415 # pyright: ignore[reportMissingImports, reportUnusedImport]

    return cast("Any", whisperx)
