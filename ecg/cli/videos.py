"""The commands that run engines: caption, transcribe, render."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ecg import roles
from ecg.analysis.interfaces import AnalysisJob, AnalysisProgress, AnalysisResult
from ecg.captions.compose import compose
from ecg.captions.document import encode
from ecg.captions.scenario import Scenario, read_scenario
from ecg.captions.styles import Style, load_style
from ecg.cli.options import FILE, LANGUAGE, MODEL, STRENGTH, STYLE, read, reporting, run, write
from ecg.cli.output import Advance, Output
from ecg.kernel.errors import InputRefused
from ecg.kernel.settings import Settings, load_settings
from ecg.media.info import VideoStream
from ecg.render.interfaces import RenderJob, RenderProgress, RenderResult

_LISTENING = {
    "decode": "Reading sound",
    "transcribe": "Hearing words",
    "measure": "Measuring voice",
}
_DRAWING = {"start": "Opening page", "render": "Drawing", "finish": "Finishing"}
_QUALITY = click.Choice(["draft", "standard", "high"])


@click.command()
@click.argument("sources", metavar="IN...", nargs=-1, required=True, type=FILE)
@click.option("-o", "--output", metavar="OUT|FOLDER/", required=True, help="MP4 file or folder.")
@click.option("--style", type=STYLE, help="The look (see `ecg styles`).")
@click.option("--strength", type=STRENGTH, default=1.0, help="How expressive, 0 plain to 1.")
@click.option("--language", type=LANGUAGE, help="Language spoken, as en or ko (else detected).")
@click.option("--model", type=MODEL, help="Speech model (see `ecg models list`).")
@click.option("--audio-track", type=click.IntRange(0), default=0, help="Which sound track.")
@click.option("--quality", type=_QUALITY, help="How hard the encoder works.")
@click.option("--save-transcript", type=FILE, metavar="F", help="Keep what was heard.")
@click.option("--save-scenario", type=FILE, metavar="F", help="Keep what was drawn.")
@reporting
def caption(out: Output, sources: tuple[Path, ...], output: str, **options: Any) -> None:
    """Turn talking videos into captioned ones: the whole job."""
    settings = load_settings().settings
    targets = _targets(sources, output)
    saved = [name for name in ("save_transcript", "save_scenario") if options[name]]
    if len(sources) > 1 and saved:
        raise click.UsageError(f"--{saved[0].replace('_', '-')} takes one IN, not several.")
    for source, target in targets:
        roles.check_output(source, target)
    run(_caption_all(out, settings, targets, options))


async def _caption_all(
    out: Output, settings: Settings, targets: list[tuple[Path, Path]], options: dict[str, Any]
) -> None:
    listener = roles.analysis_engine(settings)
    drawer = roles.render_engine(settings)
    try:
        for source, target in targets:
            picture = next(iter((await drawer.check(source)).video))
            with out.steps() as advance:
                heard = await listener.run(_job(settings, options), source, _hearing(advance))
                scenario = _composed(settings, source, picture, heard, options)
                result = await drawer.run(
                    RenderJob(scenario, quality=options["quality"] or settings.render.quality),
                    source,
                    target,
                    _drawing(advance),
                    segments=settings.segments_folder,
                )
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
        size=picture.shown_size,
        fps=picture.rate,
    )
    if options["save_scenario"]:
        write(options["save_scenario"], encode(scenario))
    return scenario


@click.command()
@click.argument("source", metavar="IN", type=FILE)
@click.option("-o", "--output", type=FILE, metavar="F", help="Where to (else standard output).")
@click.option("--language", type=LANGUAGE, help="Language spoken, as en or ko (else detected).")
@click.option("--model", type=MODEL, help="Speech model (see `ecg models list`).")
@click.option("--audio-track", type=click.IntRange(0), default=0, help="Which sound track.")
@reporting
def transcribe(out: Output, source: Path, output: Path | None, **options: Any) -> None:
    """Write down what is said, word by word, with times."""
    settings = load_settings().settings
    heard = run(_transcribe(out, settings, source, options))
    if not heard.transcript.segments:
        out.say(f"{source}: no words were heard")
    data = encode(heard.transcript)
    if output is None:
        click.echo(data, nl=False)
    else:
        write(output, data)
        out.result(str(output), {"transcript": str(output)})


async def _transcribe(
    out: Output, settings: Settings, source: Path, options: dict[str, Any]
) -> AnalysisResult:
    engine = roles.analysis_engine(settings)
    try:
        with out.steps() as advance:
            return await engine.run(_job(settings, options), source, _hearing(advance))
    finally:
        await engine.close()


@click.command()
@click.argument("source", metavar="IN", type=FILE)
@click.argument("scenario", type=FILE)
@click.option("-o", "--output", type=FILE, metavar="OUT", required=True, help="MP4 file.")
@click.option("--quality", type=_QUALITY, help="How hard the encoder works.")
@reporting
def render(out: Output, source: Path, scenario: Path, output: Path, quality: Any | None) -> None:
    """Draw a scenario over a video."""
    settings = load_settings().settings
    roles.check_output(source, output)
    document = read_scenario(read(scenario))
    job = RenderJob(document, quality=quality or settings.render.quality)
    result = run(_render(out, settings, job, source, output))
    _finished(out, output, result)


async def _render(
    out: Output, settings: Settings, job: RenderJob, source: Path, output: Path
) -> RenderResult:
    engine = roles.render_engine(settings)
    try:
        with out.steps() as advance:
            return await engine.run(
                job, source, output, _drawing(advance), segments=settings.segments_folder
            )
    finally:
        await engine.close()


def _job(settings: Settings, options: dict[str, Any]) -> AnalysisJob:
    return AnalysisJob(
        model=options["model"] or settings.analysis.model,
        language=options["language"],
        audio_track=options["audio_track"],
        threads=settings.analysis.threads,
    )


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
        f"{result.duration:.1f} s of {result.width}x{result.height} drawn in "
        f"{result.seconds:.1f} s ({speed:.1f} x real time)"
    )
    if result.kept:
        out.say(f"{result.kept / result.frames:.0%} of it was kept from an earlier render")
    for note in result.notes:
        out.say(note)
    if result.capture_reason:
        out.say(f"drawn with screenshots, which is slower: {result.capture_reason}")
    out.result(str(target), {"output": str(target), "result": result})


def _targets(sources: tuple[Path, ...], output: str) -> list[tuple[Path, Path]]:
    folder = Path(output)
    if not (output.endswith("/") or folder.is_dir() or len(sources) > 1):
        return [(source, folder) for source in sources]
    targets = [(source, folder / f"{source.stem}.mp4") for source in sources]
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
