from ecg.render.engine.soft import Line, apart, marked


def test_captions_one_after_another_stay_as_they_are():
    lines = [Line(0, 500, "a"), Line(500, 900, "b"), Line(1200, 1500, "c")]
    assert apart(reversed(lines)) == lines


def test_captions_at_once_stand_together():
    lines = [Line(0, 1000, "a"), Line(400, 600, "b"), Line(500, 1200, "c")]
    assert apart(lines) == [
        Line(0, 400, "a"),
        Line(400, 500, "a\\Nb"),
        Line(500, 600, "a\\Nb\\Nc"),
        Line(600, 1000, "a\\Nc"),
        Line(1000, 1200, "c"),
    ]


def test_a_caption_without_length_is_none():
    assert apart([Line(5, 5, "a"), Line(9, 7, "b")]) == []


def test_plain_text_cannot_be_taken_for_markup():
    assert marked("C:\\Nord\nSüd") == "C:\\\N{WORD JOINER}Nord\\NSüd"
