"""Every bound on the speech engine, as one table: ``python -m bench.speech [PART...] [--rounds N]``.

Parts: words, starts, snap, loudness, pitch, speakers, cost; all of these where none is named. ``length``,
which hears files of ``--minutes``, takes hours and is to be named. Each is printed, and written to
docs/benchmarks-speech.md. The peer is
faster-whisper alone, with the same model, its own speech detector and its own word times. What is not
installed (flite, espeak-ng, Praat) is named, and its lines are left out.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from bench import speakers
from bench.speech import cost, snap, sound, starts
from bench.speech.table import Row, show, write


def main() -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--rounds", type=int, default=3, help="of what is timed")
    parser.add_argument("--mixes", type=int, default=40, help="of speakers")
    parser.add_argument("--minutes", type=int, nargs="+", default=[10, 60], help="of length")
    given = parser.parse_args()
    parts: dict[str, tuple[str, Callable[[], list[Row]]]] = {
        "words": ("What is heard", sound.words_rows),
        "starts": ("Word starts: error, mean / 95th percentile", starts.rows),
        "snap": ("Word starts by other means: error, mean / 95th percentile", snap.rows),
        "loudness": ("Loudness", sound.loudness_rows),
        "pitch": ("Pitch, the median of a speaker's words", sound.pitch_rows),
        "speakers": ("Who speaks", lambda: _speakers(given.mixes)),
        "cost": ("Cost", lambda: cost.rows(given.rounds)),
        "length": ("Memory over length", lambda: cost.length_rows(given.minutes)),
    }
    unknown = set(given.parts) - set(parts)
    if unknown:
        parser.error(
            f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(parts)}"
        )
    for name, (title, rows) in parts.items():
        if name in given.parts or (not given.parts and name != "length"):
            found = rows()
            show(title, found)
            write(title, found, [each for each, _ in parts.values()])


def _speakers(mixes: int) -> list[Row]:
    found = speakers.measured(mixes)
    line = f"{mixes} mixes of 2 to 5 readers, words given to the right one"
    share = f"mean {found.mean:.1%}, worst {found.worst:.1%}"
    counted = f"{found.counted} of {mixes}"
    return [
        Row(line, share, "", "mean ≥98 %", found.mean >= 0.98),
        Row("the right number of speakers", counted, "", "≥90 %", found.counted >= 0.9 * mixes),
    ]


if __name__ == "__main__":
    main()
