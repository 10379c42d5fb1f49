"""What the golden frames show: talk of 4 s in five scripts, loud and soft, high and low."""

from ecg.captions.styles import load_style
from tests.integration.stage.pages import cue, scenario

SHAPES = {"wide": (640, 360), "tall": (360, 640), "square": (480, 480)}
TEXTS = {
    "latin": [
        cue("They told me it was impossible.", 0, 2, speaker="daniel",
            loudness=(-3, 2, 0, 0, 0, 9), pitch=(0, 2, -1, 0, -2, 5)),
        cue("So you did it anyway?", 2, 4, loudness=(0, 4, -5), pitch=(0, 4, -3, 0, 6)),
    ],
    "korean": [cue("그게 정말 가능하다고 생각했어요? 놀랍네요!", 0, 4,
                   loudness=(0, 8, 0, -6, 5), pitch=(0, 5, -2, 4, -4))],
    "mixed": [cue("정말? Absolutely 대박 🎉 그래 🇰🇷 yes!", 0, 4,
                  loudness=(2, 7, 0, 5, 4, 0, -4), pitch=(3, 5, 0, 6, 4, 0, -5))],
    "arabic": [cue("قالوا لي إنه hello world مستحيل، لكننا فعلناه!", 0, 4,
                   loudness=(0, 0, -4, 0, 0, 8, 2), pitch=(0, 2, -3, 0, 0, 5, -4))],
    "japanese": [cue("それは 本当に 不可能だと 言われました。", 0, 4,
                     loudness=(0, 7, -5, 3), pitch=(0, 5, -4, 2))],
}  # fmt: skip


def paged(style, cues):
    """The cues with no more words each than the style wants."""
    most = load_style(style).paging.words or 99
    for one in cues:
        parts = [one["words"][at : at + most] for at in range(0, len(one["words"]), most)]
        ends = [part[0]["start"] for part in parts[1:]] + [one["end"]]
        for number, (part, end) in enumerate(zip(parts, ends, strict=True)):
            start = one["start"] if number == 0 else part[0]["start"]
            yield {**one, "id": f"{one['id']}-{number}", "start": start, "end": end,
                   "words": part}  # fmt: skip


def shown(style, text, strength=1.0):
    return scenario(*paged(style, TEXTS[text]), style=style, strength=strength)
