"""The commands that run engines: caption, transcribe, render."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ecg import roles
from ecg.analysis.interfaces import AnalysisJob, AnalysisProgress, AnalysisResult
from ecg.captions.compose import compose
from ecg.captions.document import encode
from ecg.captions.scenario import Scenario, read_scenario
from ecg.captions.styles import Style, load_style
from ecg.cli.fonts import dressed, read_fonts
from ecg.cli.options import (
    FILE,
    HEIGHT,
    LANGUAGE,
    RATE,
    STRENGTH,
    STYLE,
    listening,
    paging,
    read,
    read_text,
    reporting,
    rules,
    run,
    write,
)
from ecg.cli.output import Advance, Output
from ecg.kernel.errors import InputRefused
from ecg.kernel.settings import Settings, load_settings
from ecg.media.info import VideoStream
from ecg.render.formats import Captions
from ecg.render.interfaces import (
    OwnFont,
    RenderEngine,
    RenderJob,
    RenderProgress,
    RenderResult,
    StillKind,
)

_LISTENING = {
    "decode": "Reading sound",
    "transcribe": "Hearing words",
    "measure": "Measuring voice",
}
_DRAWING = {"start": "Opening page", "render": "Drawing", "finish": "Finishing"}

_TEXTS = ("script", "terms")
_NOTES = {
    "not_said": "in the script, not heard, shown",
    "left_out": "in the script, not heard, left out",
    "not_written": "heard, not in the script",
}

_STILLS: dict[str, StillKind] = {".jpg": "jpg", ".jpeg": "jpg", ".png": "png"}


def _result_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds what the result shall be like, for ``_render_job``."""
    for option in reversed((
        click.option(
            "--format",
            type=click.Choice(list(roles.SUFFIXES)),
            default="mp4",
            help="Captioned video, or captions alone on transparency for editors.",
        ),
        click.option(
            "--quality",
            type=click.Choice(["draft", "standard", "high"]),
            help="How hard the encoder works.",
        ),
        click.option("--height", type=HEIGHT, help="Of the result, in pixels (else as it is)."),
        click.option("--poster", type=FILE, metavar="F", help="JPG or PNG of a captioned frame."),
        click.option("--soft", is_flag=True, help="Captions as a track, the picture untouched."),
        click.option("--soft-beside", is_flag=True, help="Such a track beside drawn captions."),
        click.option("--font", type=FILE, multiple=True, metavar="F", help="TTF, OTF or WOFF2; several: of one family."),
        click.option("--fps", type=RATE, help="Constant rate, as 25 or 30000/1001 (else as it is)."),
    )):  # fmt: skip
        command = option(command)
    return command


@click.command()
@click.argument("sources", metavar="IN...", nargs=-1, required=True, type=FILE)
@click.option("-o", "--output", metavar="OUT|FOLDER/", required=True, help="Video file or folder.")
@click.option("--style", type=STYLE, help="The look (see `ecg styles`).")
@click.option("--strength", type=STRENGTH, default=1.0, help="How expressive, 0 plain to 1.")
@listening
@paging
@_result_options
@click.option("--save-transcript", type=FILE, metavar="F", help="Keep what was heard.")
@click.option("--save-scenario", type=FILE, metavar="F", help="Keep what was drawn.")
@reporting
def caption(out: Output, sources: tuple[Path, ...], output: str, **options: Any) -> None:
    """Turn talking videos into captioned ones: the whole job."""
    _check_options(options)
    rules(options)  # refused before any work
    settings = load_settings().settings
    targets = _targets(sources, output, roles.SUFFIXES[options["format"]])
    saved = [
        name for name in ("save_transcript", "save_scenario", "poster", "script") if options[name]
    ]
    if len(sources) > 1 and saved:
        raise click.UsageError(f"--{saved[0].replace('_', '-')} takes one IN, not several.")
    job = _job(settings, options)
    for source, target in targets:
        roles.check_output(source, target, options["format"])
    run(_caption_all(out, settings, job, targets, options))


async def _caption_all(
    out: Output,
    settings: Settings,
    job: AnalysisJob,
    targets: list[tuple[Path, Path]],
    options: dict[str, Any],
) -> None:
    listener = roles.analysis_engine(settings)
    drawer = roles.render_engine(settings)
    try:
        fonts = await read_fonts(settings, options["font"])
        for source, target in targets:
            picture = next(iter((await drawer.check(source)).video))
            with out.steps() as advance:
                heard = await listener.run(job, source, _hearing(advance))
                scenario = _composed(settings, source, picture, heard, options, fonts)
                result = await drawer.run(
                    _render_job(settings, scenario, options, heard.transcript.language, fonts),
                    source,
                    target,
                    _drawing(advance),
                    segments=settings.segments_folder,
                )
                await _make_poster(drawer, scenario, target, options)
            _tell(out, heard)
            _finished(out, target, result)
    finally:
        await listener.close()
        await drawer.close()


def _composed(
    settings: Settings,
    source: Path,
    picture: VideoStream,
    heard: AnalysisResult,
    options: dict[str, Any],
    fonts: tuple[OwnFont, ...],
) -> Scenario:
    if options["save_transcript"]:
        write(options["save_transcript"], encode(heard.transcript))
    if not heard.transcript.segments and not heard.transcript.sounds:
        raise InputRefused(
            f"{source}: no words were heard in {heard.transcript.duration:.1f} s of sound, "
            "so there is nothing to caption; check that this is the right sound track"
        )
    style: Style = options["style"] or load_style(settings.render.style)
    scenario = compose(
        heard.transcript,
        style,
        strength=options["strength"],
        rules=rules(options),
        size=picture.shown_size,
        fps=options["fps"] or picture.rate,
    )
    scenario = dressed(scenario, fonts)
    if options["save_scenario"]:
        write(options["save_scenario"], encode(scenario))
    return scenario


@click.command()
@click.argument("source", metavar="IN", type=FILE)
@click.option("-o", "--output", type=FILE, metavar="F", help="Where to (else standard output).")
@listening
@click.option("--contour", type=FILE, metavar="F", help="Keep pitch and loudness of each 10 ms.")
@reporting
def transcribe(out: Output, source: Path, output: Path | None, **options: Any) -> None:
    """Write down what is said, word by word, with times."""
    settings = load_settings().settings
    heard = run(_transcribe(out, settings, _job(settings, options), source))
    _tell(out, heard)
    if not heard.transcript.segments:
        out.say(f"{source}: no words were heard")
    if options["contour"]:
        write(options["contour"], heard.contour)
    data = encode(heard.transcript)
    if output is None:
        click.echo(data, nl=False)
    else:
        write(output, data)
        out.result(str(output), {"transcript": str(output)})


async def _transcribe(
    out: Output, settings: Settings, job: AnalysisJob, source: Path
) -> AnalysisResult:
    engine = roles.analysis_engine(settings)
    try:
        with out.steps() as advance:
            return await engine.run(job, source, _hearing(advance))
    finally:
        await engine.close()


@click.command()
@click.argument("source", metavar="IN", type=FILE)
@click.argument("scenario", type=FILE)
@click.option("-o", "--output", type=FILE, metavar="OUT", required=True, help="Video file.")
@click.option("--language", type=LANGUAGE, help="Of a caption track, as en or ko.")
@_result_options
@reporting
def render(out: Output, source: Path, scenario: Path, output: Path, **options: Any) -> None:
    """Draw a scenario over a video."""
    _check_options(options)
    settings = load_settings().settings
    roles.check_output(source, output, options["format"])
    document = read_scenario(read(scenario))
    result = run(_render(out, settings, document, source, output, options))
    _finished(out, output, result)


async def _render(
    out: Output,
    settings: Settings,
    scenario: Scenario,
    source: Path,
    output: Path,
    options: dict[str, Any],
) -> RenderResult:
    fonts = await read_fonts(settings, options["font"])
    scenario = dressed(scenario, fonts)
    job = _render_job(settings, scenario, options, options["language"] or "", fonts)
    engine = roles.render_engine(settings)
    try:
        with out.steps() as advance:
            result = await engine.run(
                job, source, output, _drawing(advance), segments=settings.segments_folder
            )
            await _make_poster(engine, scenario, output, options)
            return result
    finally:
        await engine.close()


def _check_options(options: dict[str, Any]) -> None:
    """Raises ``click.UsageError`` for options of ``_result_options`` that contradict each other."""
    if options["soft"] and options["soft_beside"]:
        raise click.UsageError("--soft and --soft-beside exclude each other.")
    if options["soft"] and options["font"]:
        raise click.UsageError("--soft draws no captions that a --font could be seen in.")
    if options["soft"] and options["quality"]:
        raise click.UsageError("--soft copies the picture, so there is no --quality to choose.")
    poster: Path | None = options["poster"]
    if poster is not None:
        _check_poster(poster, options)
    try:
        roles.check_captions(
            _captions(options), options["format"], options["height"], options["fps"]
        )
    except InputRefused as error:
        raise click.UsageError(error.message) from None


def _check_poster(poster: Path, options: dict[str, Any]) -> None:
    if poster.suffix.lower() not in _STILLS:
        raise click.UsageError(f"--poster {poster}: its name must end in .jpg or .png.")
    if not poster.absolute().parent.is_dir():
        raise click.UsageError(f"--poster {poster}: the folder does not exist; make it first.")
    if options["soft"]:
        raise click.UsageError("--soft draws no captions that a --poster could show.")
    if options["format"] != "mp4" and _STILLS[poster.suffix.lower()] == "jpg":
        raise click.UsageError(
            f"--poster {poster}: JPEG has no transparency, which {options['format']} is all "
            "about; let its name end in .png."
        )


async def _make_poster(
    engine: RenderEngine, scenario: Scenario, target: Path, options: dict[str, Any]
) -> None:
    poster: Path | None = options["poster"]
    if poster is not None:
        write(poster, await engine.still(scenario, target, _STILLS[poster.suffix.lower()]))


def _captions(options: dict[str, Any]) -> Captions:
    return "soft" if options["soft"] else "both" if options["soft_beside"] else "burned"


def _render_job(
    settings: Settings,
    scenario: Scenario,
    options: dict[str, Any],
    language: str,
    fonts: tuple[OwnFont, ...],
) -> RenderJob:
    return RenderJob(
        scenario,
        format=options["format"],
        quality=options["quality"] or settings.render.quality,
        height=options["height"],
        fps=None if options["fps"] is None else str(options["fps"]),
        captions=_captions(options),
        language=language,
        fonts=fonts,
    )


def _job(settings: Settings, options: dict[str, Any]) -> AnalysisJob:
    """Raises ``InputRefused`` for a script or terms that cannot be used."""
    script, terms = (read_text(file) if (file := options[name]) else None for name in _TEXTS)
    try:
        if script is not None:
            roles.read_script(script)
        roles.read_terms((terms or "").splitlines())
    except InputRefused as error:
        at = " and ".join(str(options[name]) for name in _TEXTS if options[name])
        raise InputRefused(f"{at}: {error.message}") from None
    return AnalysisJob(
        model=options["model"] or settings.analysis.model,
        language=options["language"],
        speakers=options["speakers"],
        audio_track=options["audio_track"],
        threads=settings.analysis.threads,
        script=script,
        terms=tuple((terms or "").splitlines()),
        engine=options["engine"] or settings.analysis.engine,
    )


def _tell(out: Output, heard: AnalysisResult) -> None:
    """Says what only the script or only the sound has."""
    for note in heard.transcript.notes:
        if note.code in _NOTES:
            out.say(f"{note.start:.1f} s: {_NOTES[note.code]}: {note.text}")


def _hearing(advance: Advance) -> Any:
    def on_progress(event: AnalysisProgress) -> None:
        detail = f"{event.done:.0f} of {event.total:.0f} s"
        advance(_LISTENING[event.stage], event.done, event.total, detail)

    return on_progress


def _drawing(advance: Advance) -> Any:
    def on_progress(event: RenderProgress) -> None:
        drawing = event.stage == "render"
        detail = f"frame {event.frame} of {event.total}, {event.speed:.1f}x" if drawing else ""
        advance(_DRAWING[event.stage], event.frame, event.total, detail)

    return on_progress


def _finished(out: Output, target: Path, result: RenderResult) -> None:
    speed = result.duration / result.seconds if result.seconds else 0.0
    out.say(
        f"{result.duration:.1f} s of {result.width}x{result.height} "
        f"{'copied' if result.encoder == 'copied' else 'drawn'} in {result.seconds:.1f} s ({speed:.1f} x real time)"
    )
    if result.kept:
        out.say(f"{result.kept / result.frames:.0%} of it was kept from an earlier render")
    for note in result.notes:
        out.say(note)
    if result.capture_reason:
        out.say(f"drawn with screenshots, which is slower: {result.capture_reason}")
    out.result(str(target), {"output": str(target), "result": result})


def _targets(sources: tuple[Path, ...], output: str, suffix: str) -> list[tuple[Path, Path]]:
    folder = Path(output)
    if not (output.endswith("/") or folder.is_dir() or len(sources) > 1):
        return [(source, folder) for source in sources]
    targets = [(source, folder / f"{source.stem}{suffix}") for source in sources]
    names = [target for _, target in targets]
    for source, target in targets:
        if names.count(target) > 1:
            raise InputRefused(f"{source}: two inputs would both become {target}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputRefused(f"{output}: cannot make this folder: {error.strerror}") from None
    return targets


COMMANDS = (caption, transcribe, render)
