"""Makes the README's pictures: the demo's result, moving (run `make demo` before), and the styles."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import av
from PIL import Image

from ecg.captions.styles import list_styles

ROOT = Path(__file__).resolve().parent.parent
FILM = ROOT / "demo/speech.captioned.mp4"
IMAGES = ROOT / "docs/images"
WIDTH, HEIGHT = 800, 450
FPS = 12.5


def frames() -> list[tuple[float, Image.Image]]:
    with av.open(str(FILM)) as film:
        return [(frame.time, frame.to_image()) for frame in film.decode(video=0)]


def styles() -> None:
    """A strip of each, as `ecg styles --preview` draws it."""
    with tempfile.TemporaryDirectory() as folder:
        for style in list_styles():
            target = Path(folder) / f"{style.name}.png"
            command = [sys.executable, "-m", "ecg", "styles", style.name, "--preview", str(target)]
            subprocess.run(command, check=True)
            with Image.open(target) as strip:
                strip.save(IMAGES / f"{style.name}.webp", quality=82, method=6)


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    styles()
    if not FILM.is_file():
        print(f"{FILM} is not there: run `make demo` for the moving picture")
        return
    film = frames()
    moving = [
        image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        for number, (_, image) in enumerate(film)
        if number % round(25 / FPS) == 0
    ]
    moving[0].save(
        IMAGES / "example.webp", save_all=True, append_images=moving[1:],
        duration=round(1000 / FPS), loop=0, quality=62, method=6,
    )  # fmt: skip


if __name__ == "__main__":
    main()
