"""The commands that turn one document into another: compose, lint, export, styles."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.table import Table

from ecg import roles
from ecg.captions.backdrop import Backdrop
from ecg.captions.compose import compose as composed
from ecg.captions.document import encode
from ecg.captions.formats import FORMATS, export_captions
from ecg.captions.imported import IMPORTS, import_captions
from ecg.captions.lint import fix as fixed
from ecg.captions.lint import lint as linted
from ecg.captions.scenario import Scenario, read_scenario
from ecg.captions.styles import Style, list_styles, load_style
from ecg.captions.transcript import Transcript, read_transcript
from ecg.cli.options import FILE, STRENGTH, STYLE, paging, read, reporting, rules, run, write
from ecg.cli.output import Output
from ecg.kernel.errors import InputRefused
from ecg.kernel.settings import Settings, load_settings
from ecg.media.info import VideoStream


@click.command()
@click.argument("transcript", type=FILE)
@click.option("-o", "--output", type=FILE, metavar="F", help="Where to (else standard output).")
@click.option("--style", type=STYLE, help="The look (see `ecg styles`).")
@click.option("--strength", type=STRENGTH, default=1.0, help="How expressive, 0 plain to 1.")
@click.option("--video", type=FILE, metavar="IN", help="Page for this picture's shape and rate.")
@paging
@reporting
def compose(
    out: Output,
    transcript: Path,
    output: Path | None,
    style: Style | None,
    strength: float,
    video: Path | None,
    **options: Any,
) -> None:
    """Page a transcript into cues: what is said into what is shown."""
    settings = load_settings().settings
    look = style or load_style(settings.render.style)
    document = read_transcript(read(transcript))
    picture = _picture(settings, video)
    scenario = composed(
        document,
        look,
        strength=strength,
        rules=rules(options),
        size=picture.shown_size,
        fps=picture.rate,
    )
    _put(out, output, encode(scenario), "scenario")


@click.command()
@click.argument("scenario", type=FILE)
@click.option("--video", type=FILE, metavar="IN", help="Judge by this picture.")
@click.option("--fix", "fixing", is_flag=True, help="Write the scenario with every repair made.")
@click.option("-o", "--output", type=FILE, metavar="F", help="Where --fix writes to.")
@reporting
def lint(
    out: Output, scenario: Path, video: Path | None, output: Path | None, *, fixing: bool
) -> None:
    """Check how readable captions are; exit 1 on errors. With --fix: on what is left of them."""
    if output is not None and not fixing:
        raise click.UsageError("-o is where --fix writes to; add --fix.")
    document = read_scenario(read(scenario))
    picture, backdrop = _seen(load_settings().settings, video)
    size, rate = picture.shown_size, picture.rate
    end = (video and picture.duration) or math.inf
    if fixing:
        document = fixed(document, size=size, fps=rate, backdrop=backdrop, end=end)
        _put(out, output, encode(document), "scenario")
    findings = linted(document, size=size, fps=rate, backdrop=backdrop, end=end)
    if not fixing and out.as_json:
        click.echo(msgspec.json.encode(findings))
    else:
        for finding in findings:
            click.echo(f"{finding.severity}: cue {finding.cue_id}: {finding.message}", err=fixing)
        left = "left to look at" if fixing else "to look at"
        out.say("nothing to put right" if not findings else f"{len(findings)} {left}")
    if any(finding.severity == "error" for finding in findings):
        raise click.exceptions.Exit(1)


_USUAL = VideoStream(0, "", 1920, 1080, "", "30", 0.0, 0.0)


def _picture(settings: Settings, video: Path | None) -> VideoStream:
    """Facts of the picture that captions are for; without a video, of an ordinary one."""
    return _USUAL if video is None else run(_looked_at(settings, video, look=False))[0]


def _seen(settings: Settings, video: Path | None) -> tuple[VideoStream, Backdrop | None]:
    """The same, and what of the picture is behind captions."""
    return (_USUAL, None) if video is None else run(_looked_at(settings, video, look=True))


async def _looked_at(
    settings: Settings, video: Path, *, look: bool
) -> tuple[VideoStream, Backdrop | None]:
    engine = roles.analysis_engine(settings)
    try:
        info = await engine.probe(video)
        if not info.video:
            raise InputRefused(f"{video}: this file has no picture")
        return info.video[0], await engine.backdrop(video) if look else None
    finally:
        await engine.close()


@click.command()
@click.argument("document", metavar="SCENARIO|TRANSCRIPT", type=FILE)
@click.option(
    "-o", "--output", type=FILE, required=True, metavar="F", help="F.srt, .vtt, .ass or .json."
)
@click.option("--words", is_flag=True, help="One cue per word.")
@click.option("--video", type=FILE, metavar="IN", help="Draw .ass for this picture's size.")
@reporting
def export(out: Output, document: Path, output: Path, video: Path | None, *, words: bool) -> None:
    """Write captions for other players; .ass with the style's look."""
    kind = output.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise click.BadParameter(f"{output} must end in one of {known}", param_hint="--output")
    if video is not None and kind != "ass":
        raise click.UsageError("--video is for .ass, which alone is drawn for a size of picture.")
    shown = _either(document)
    size = _picture(load_settings().settings, video).shown_size
    text = export_captions(shown, kind, words=words, size=size)
    _put(out, output, text.encode(), "captions")


@click.command("import")
@click.argument("source", metavar="F.srt|F.vtt|F.ass", type=FILE)
@click.option("-o", "--output", type=FILE, metavar="F", help="Where to (else standard output).")
@click.option("--style", type=STYLE, help="The look (see `ecg styles`).")
@reporting
def import_file(out: Output, source: Path, output: Path | None, style: Style | None) -> None:
    """Make a scenario of another program's captions, with the times of words that they have."""
    kind = source.suffix.removeprefix(".").lower()
    if kind not in IMPORTS:
        known = ", ".join(f".{name}" for name in IMPORTS)
        raise click.BadParameter(f"{source} must end in one of {known}", param_hint="F")
    try:
        text = read(source).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputRefused(f"{source}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    chosen = style or load_style(load_settings().settings.render.style)
    _put(out, output, encode(import_captions(text, kind, chosen)), "scenario")


class _Kind(msgspec.Struct):
    """Just enough of a document to tell which one it is."""

    segments: Any = None


def _either(path: Path) -> Transcript | Scenario:
    data = read(path)
    try:
        is_transcript = msgspec.json.decode(data, type=_Kind).segments is not None
    except (msgspec.DecodeError, UnicodeDecodeError):
        is_transcript = False
    return read_transcript(data) if is_transcript else read_scenario(data)


@click.command()
@click.argument("chosen", metavar="[STYLE...]", nargs=-1, type=STYLE)
@click.option("--preview", type=FILE, metavar="F.png", help="Draw a picture of each style.")
@reporting
def styles(out: Output, chosen: tuple[Style, ...], preview: Path | None) -> None:
    """List the looks there are, or draw them."""
    found = list(chosen) or list_styles()
    if preview is not None:
        if preview.suffix.lower() != ".png":
            raise click.BadParameter(f"{preview} must end in .png", param_hint="--preview")
        if not preview.absolute().parent.is_dir():
            raise InputRefused(f"{preview}: the folder {preview.parent} does not exist")
        names = [style.name for style in found]
        with out.steps() as advance:
            advance("Drawing", 0, 0)
            drawn = run(roles.draw_preview(load_settings().settings, names))
        _put(out, preview, drawn, "preview")
    elif out.as_json:
        click.echo(msgspec.json.encode(found))
    else:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("style", "title", "looks like", "parameters"):
            table.add_column(heading)
        for style in found:
            table.add_row(style.name, style.title, style.description, ", ".join(style.parameters))
        out.table(table)


def _put(out: Output, output: Path | None, data: bytes, what: str) -> None:
    if output is None:
        click.echo(data, nl=False)
    else:
        write(output, data)
        out.result(str(output), {what: str(output)})


COMMANDS: tuple[Any, ...] = (compose, lint, export, import_file, styles)
