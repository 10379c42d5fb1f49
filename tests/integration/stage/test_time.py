"""seek and nextChange: the same time is the same picture, however one came there."""

import random

import numpy as np
import pytest

from tests.integration.stage.pages import STYLES, cue, scenario

FRAME = 1 / 30
# A style that uses what a designer may: a motion that only an active word has, one that ends
# without staying, one that lasts as long as the word.
MOVING = """
.word[data-state="active"] > .ink { animation: lift calc(var(--duration) * 1s) calc(var(--start) * 1s); }
.word[data-state="spoken"] > .ink { opacity: 0.6; }
@keyframes lift { 50% { transform: translateY(-6px); } }
"""
TALK = scenario(
    cue("They told me it was impossible", 0.5, 2.0, speaker="daniel", loudness=(0, 2, 0, 0, -3, 9)),
    cue("정말 그랬어요? 🎉 yes", 2.5, 3.5, loudness=(6,)),
    cue("laughter", 3.5, 4.0, kind="sound"),
)


@pytest.mark.parametrize(
    ("style", "css"),
    [
        *(pytest.param(style, "", marks=pytest.mark.full) for style in STYLES),
        ("intention", MOVING),
        ("karaoke", MOVING),
    ],
)
def test_any_order_gives_the_same_picture(stage, style, css):
    talk = {**TALK, "style": {**TALK["style"], "name": style}}
    stage.open(talk, css=css)
    times = [round(0.4 + i * 0.0917, 4) for i in range(40)]
    first = {t: stage.picture(t).tobytes() for t in times}
    for t in random.Random(1).sample(times, 25):
        assert stage.picture(t).tobytes() == first[t], t
    stage.open(talk, css=css)
    for t in times[::-5]:
        assert stage.picture(t).tobytes() == first[t], t


@pytest.mark.parametrize(
    ("style", "css"), [*((style, "") for style in STYLES), ("intention", MOVING)]
)
def test_nothing_changes_before_next_change(stage, style, css):
    stage.open({**TALK, "style": {**TALK["style"], "name": style}}, css=css)
    t, still, moving = 0.0, 0, 0
    while (end := stage.next_change(t)) < float("inf"):
        if end == t:
            moving += 1
            t += FRAME
            continue
        pictures = [stage.picture(at) for at in (t, (t + end) / 2, end - 2e-6)]
        assert all(np.array_equal(pictures[0], other) for other in pictures), (t, end)
        still += 1
        t = end
    assert stage.next_change(99) == float("inf")
    assert still >= 3
    assert (moving > 20) == (style != "broadcast")


def test_next_change_needs_no_seek_and_moves_nothing(stage):
    stage.open(TALK)
    before = stage.picture(1.9)
    fresh = [stage.next_change(t) for t in (0.0, 0.5, 0.7, 2.2, 3.4, 3.6, 4.0)]
    assert np.array_equal(stage.picture(1.9), before)
    assert fresh == pytest.approx([0.5, 0.5, 0.75, 2.5, 3.4, 4.0, float("inf")], abs=1e-6)
    assert stage.next_change(1.9) == 1.9


def test_a_change_begins_at_the_first_time_that_rounds_to_it(stage):
    # a third of a second is no whole number of microseconds
    stage.open(scenario(cue("one two three", 0, 1)))
    for onset, frame in ((1 / 3, 10), (2 / 3, 20)):
        at = stage.next_change((frame - 1) / 30)
        assert at <= frame / 30 < at + 1e-6
        assert not np.array_equal(stage.picture(at - 1e-6), stage.picture(at))
        assert at == pytest.approx(onset, abs=1e-6)


@pytest.mark.parametrize("style", [style for style in STYLES if style != "broadcast"])
def test_every_word_shows_at_its_onset(stage, style):
    stage.open({**TALK, "style": {**TALK["style"], "name": style}})
    for one in TALK["cues"][0]["words"]:
        onset = one["start"]
        assert stage.next_change(onset - 0.001) <= onset
        assert not np.array_equal(stage.picture(onset - 0.001), stage.picture(onset))


def test_a_cue_stands_from_its_start_until_before_its_end(stage):
    stage.open(TALK)
    shown = {t: bool(stage.picture(t).any()) for t in (0.4999, 0.5, 1.9999, 2.0, 3.9999, 4.0)}
    assert shown == {0.4999: False, 0.5: True, 1.9999: True, 2.0: False, 3.9999: True, 4.0: False}


@pytest.mark.parametrize("style", [style for style in STYLES if style != "broadcast"])
def test_only_the_word_that_is_said_moves(stage, style):
    stage.open({**TALK, "style": {**TALK["style"], "name": style}}, width=960)
    onset = TALK["cues"][0]["words"][3]["start"]
    before = stage.picture(onset - 0.001)
    stage.seek(1.99)
    # what was said before may still come to rest, or give up its colour
    (x, y, _, height), (last, _, width, _) = stage.boxes(".ink")[2:4]
    spare = 0.3 * height
    lines = set()
    for t in np.arange(onset, onset + 0.2, 0.02):
        changed = (stage.picture(float(t)) != before).any(axis=2)
        rows, columns = np.nonzero(changed)
        assert columns.min() >= x - spare
        assert columns.max() <= last + width + spare
        assert rows.min() >= y - spare
        lines.add(tuple(map(tuple, np.round(stage.boxes(".cue") + stage.boxes(".word"), 3))))
    assert len(lines) == 1


DAMAGE = """([t, width, height]) => {
  stage.seek(t);
  const before = stage.outlined ?? { cues: "", parts: [], ink: null };
  stage.outlined = stage.outline();
  return engine.damageBetween(before, stage.outlined, width, height);
}"""


def test_damage_is_what_moves_or_is_in_another_state(stage):
    def damage(t):
        return stage.page.evaluate(DAMAGE, [t, stage.width, stage.height])

    stage.open({**TALK, "style": {**TALK["style"], "name": "karaoke"}})
    onset = TALK["cues"][0]["words"][3]["start"]
    assert damage(onset) == stage.bounds()  # nothing was shown before
    all_of_it = stage.bounds()["width"]
    assert 0 < damage(onset + 0.03)["width"] < 0.6 * all_of_it
    assert damage(3.0)["width"] >= all_of_it  # another cue
    assert damage(9.0)["width"] > 0  # it goes
    assert damage(9.1) is None
    stage.open({**TALK, "style": {**TALK["style"], "name": "broadcast"}})
    assert damage(0.6) == stage.bounds()
    assert damage(0.61) is None


def test_lines_break_the_same_at_all_times(stage):
    long = cue(
        "So we did it anyway with eleven people and a borrowed van nobody wanted to drive",
        0, 5, loudness=(0, 8, -4, 9, 3, 0, 7),
    )  # fmt: skip
    for width, height in ((640, 360), (360, 640)):
        stage.open(scenario(long), width=width, height=height)
        places = set()
        for t in np.arange(0, 5, 0.23):
            stage.seek(float(t))
            places.add(tuple(map(tuple, np.round(stage.boxes(".word"), 3))))
        assert len(places) == 1
        assert len({round(place[1] + place[3] / 2, -1) for place in places.pop()}) >= 2


def test_no_clock_no_timer_and_no_chance_is_asked(stage):
    stage.open(TALK)
    asked = stage.page.evaluate(
        """() => {
          const found = [];
          const refuse = () => { found.push("the time or chance"); return 0 };
          const asked = [
            ...["setTimeout", "setInterval", "requestAnimationFrame", "Date"].map((n) => [window, n]),
            [Math, "random"], [performance, "now"], [Date, "now"],
          ];
          const kept = asked.map(([owner, name]) => owner[name]);
          for (const [owner, name] of asked.toReversed()) owner[name] = refuse;
          try {
            for (const t of [0.6, 3.2, 1.9, 0.6]) {
              stage.seek(t);
              stage.nextChange(t + 1);
              stage.bounds();
            }
          } finally {
            asked.forEach(([owner, name], index) => { owner[name] = kept[index] });
          }
          return found;
        }"""
    )
    assert asked == []
