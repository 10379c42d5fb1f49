"""The poster of a result."""

import io

import av
import numpy as np
import pytest

from ecg.render.app import open_engine
from ecg.render.engine.still import best_frame, still
from tests.integration.render.videos import cue, scenario, shown_frame

WORDS = scenario(
    cue(1, 0.1, 0.3, ["short"]), cue(2, 0.4, 0.9, ["much", "longer", "than", "that"]),
    style="broadcast",
)  # fmt: skip


def read(data):
    with av.open(io.BytesIO(data)) as file:
        (frame,) = file.decode(video=0)
        return frame.to_ndarray(format="rgba")


def test_the_frame_is_late_in_the_longest_cue_that_is_seen():
    seconds = [number / 10 for number in range(10)]
    assert best_frame(WORDS, seconds) == 9 or 0.775 <= seconds[best_frame(WORDS, seconds)] < 0.9
    assert best_frame(WORDS, [0.0, 0.25, 1.0]) == 1
    assert best_frame(WORDS, [0.0, 1.0, 2.0]) == 1
    assert best_frame(scenario(), [0.0]) == 0


@pytest.mark.parametrize("turn", [0, 90])
def test_it_is_a_frame_of_the_result_as_a_player_shows_it(turn, make_video, draw):
    _, output = draw(make_video(rate=10, rotation=turn), WORDS, quality="high")
    wanted = shown_frame(output, 0.8).astype(int)
    for kind, far in (("png", 1), ("jpg", 12)):
        found = read(still(output, WORDS, kind))
        assert found.shape[:2] == ((320, 180) if turn else (180, 320))
        assert np.abs(found[..., :3] - wanted).mean() < far
    assert read(still(output, WORDS, "png"))[..., 3].min() == 255


@pytest.mark.parametrize(("form", "suffix"), [("webm-alpha", ".webm"), ("mov-alpha", ".mov")])
def test_captions_alone_stay_on_transparency(form, suffix, make_video, draw):
    _, output = draw(make_video(rate=10), WORDS, f"out{suffix}", format=form)
    found = read(still(output, WORDS, "png"))
    assert found.shape == (180, 320, 4)
    assert found[:80, :, 3].max() == 0
    assert found[100:, :, 3].max() > 200


async def test_the_engine_gives_it(make_video, draw, chromium):
    _, output = draw(make_video(rate=10), WORDS)
    engine = open_engine(chromium)
    try:
        assert (await engine.still(WORDS, output, "jpg")).startswith(b"\xff\xd8\xff")
    finally:
        await engine.close()
