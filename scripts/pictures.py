"""Makes the README's moving picture of the demo's result: run `make demo` before."""

from __future__ import annotations

from pathlib import Path

import av
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
FILM = ROOT / "demo/speech.captioned.mp4"
IMAGES = ROOT / "docs/images"
WIDTH, HEIGHT = 800, 450
FPS = 12.5


def frames() -> list[tuple[float, Image.Image]]:
    with av.open(str(FILM)) as film:
        return [(frame.time, frame.to_image()) for frame in film.decode(video=0)]


def main() -> None:
    film = frames()
    IMAGES.mkdir(parents=True, exist_ok=True)
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
