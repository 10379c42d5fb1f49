"""``--font``: captions in font files of one's own."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ecg import roles
from ecg.captions.fonts import OWN, set_in
from ecg.captions.scenario import Scenario
from ecg.cli.options import read
from ecg.kernel.errors import InputRefused, MediaRefused
from ecg.kernel.settings import Settings
from ecg.render.interfaces import OwnFont


async def read_fonts(settings: Settings, paths: tuple[Path, ...]) -> tuple[OwnFont, ...]:
    """The files as the render engine is handed them. Raises ``InputRefused`` for one that is no
    font, or where they are of several families."""
    fonts: list[OwnFont] = []
    for path in paths:
        data = read(path)
        try:
            face = await roles.read_font(settings, data)
        except MediaRefused as error:
            raise MediaRefused(f"{path}: {error.message}") from None
        digest = hashlib.sha256(data).hexdigest()
        fonts.append(OwnFont(face, str(path.absolute()), len(data), digest))
    families = list(dict.fromkeys(font.face.family for font in fonts))
    if len(families) > 1:
        raise InputRefused(
            f"--font: captions are set in one family, and these are {' and '.join(families)}; "
            "give files of one"
        )
    return tuple(fonts)


def dressed(scenario: Scenario, fonts: tuple[OwnFont, ...]) -> Scenario:
    """The scenario in the family of ``fonts``, where there are any."""
    return set_in(scenario, OWN + fonts[0].face.family) if fonts else scenario
