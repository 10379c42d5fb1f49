from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import msgspec
import pytest

from ecg.captions import document as documents
from ecg.captions.compose import compose
from ecg.captions.document import encode
from ecg.captions.scenario import (
    MAX_BYTES,
    MAX_CUES,
    MAX_SPEAKERS,
    Scenario,
    StyleChoice,
    check_size,
    read_scenario,
)
from ecg.captions.schema import DOCUMENTS, FOLDER, schema_text
from ecg.captions.styles import check_choice, list_styles, load_style
from ecg.captions.transcript import check_transcript, read_transcript
from ecg.kernel.errors import DocumentInvalid, NotFound
from tests.unit.captions.documents import spoken, transcript

Change = Callable[[dict[str, Any]], object]


def heard() -> dict[str, Any]:
    return json.loads(encode(transcript(spoken("hello big world"), spoken("hi", start=3))))


def shown() -> dict[str, Any]:
    said = transcript(spoken("hello big world"), spoken("hi", start=3))
    return json.loads(encode(compose(said, load_style("intention"))))


def put(*path: str | int, value: object) -> Change:
    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return change


def remove(*path: str | int) -> Change:
    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for key in path[:-1]:
            place = place[key]
        del place[path[-1]]

    return change


WORD = ("cues", 0, "words", 1)
SCENARIO_FAULTS: list[tuple[Change, str]] = [
    (put("version", value=2), "$.version"),
    (put("titel", value="x"), "titel"),
    (put("style", "name", value="UPPER CASE"), "$.style.name"),
    (put("style", "strength", value=1.5), "$.style.strength"),
    (put("style", "overrides", value={"size": 9}), "$.style.overrides.size"),
    (put("style", "overrides", value={"palette": ["red"]}), "$.style.overrides.palette"),
    (put("speakers", "s1", "color", value="blue"), '$.speakers["s1"].color: '),
    (put("style", "parameters", value={"box": [1]}), '$.style.parameters["box"]: '),
    (put("cues", 1, "id", value="a b"), "$.cues[1].id: "),
    (put(*("cues", 1, "words", 0), "start", value="1"), "$.cues[1].words[0].start: "),
    (put("cues", 0, "id", value="a b"), "$.cues[0].id"),
    (put("cues", 1, "id", value="c1"), "$.cues[1].id"),
    (put("cues", 0, "start", value=0.2), "$.cues[0].words[0].start"),
    (put("cues", 0, "start", value=-1), "$.cues[0].start"),
    (put("cues", 0, "speaker", value="s9"), "$.cues[0].speaker"),
    (put("cues", 0, "region", value="outside"), "$.cues[0].region"),
    (put("cues", 0, "region", value={"x": 2, "y": 0}), "$.cues[0].region.x"),
    (put("cues", 0, "words", value=[]), "$.cues[0].words"),
    (put("cues", 1, "ruby", value="x"), "$.cues[1]: Object contains unknown field `ruby`"),
    (put("cues", 1, "writing_mode", value="x"), "unknown field `writing_mode`"),
    (put(*WORD, "start", value=0.0), "$.cues[0].words[1].start"),
    (put(*WORD, "end", value=0.1), "$.cues[0].words[1].end"),
    (put(*WORD, "end", value=99), "$.cues[0].words[1].end"),
    (put(*WORD, "volume", value=1), "$.cues[0].words[1]: Object contains unknown field `volume`"),
    (put(*WORD, "tags", value=["a", "a b"]), "$.cues[0].words[1].tags[1]: "),
    (put(*WORD, "style", value={"weight": 5000}), "$.cues[0].words[1].style.weight"),
    (remove(*WORD, "loudness"), "loudness"),
    (remove(*WORD, "pitch"), "pitch"),
]


@pytest.mark.parametrize(
    ("change", "path"), SCENARIO_FAULTS, ids=[path for _, path in SCENARIO_FAULTS]
)
def test_a_faulty_scenario_is_refused_with_its_path(change: Change, path: str) -> None:
    document = shown()
    read_scenario(json.dumps(document))
    change(document)
    with pytest.raises(DocumentInvalid) as refusal:
        read_scenario(json.dumps(document))
    assert path in refusal.value.message
    assert refusal.value.path.startswith("$")
    assert "\n" not in refusal.value.message


SEGMENT = ("segments", 0, "words", 1)
TRANSCRIPT_FAULTS: list[tuple[Change, str]] = [
    (put("duration", value=1.0), "$.segments[1]"),
    (put("segments", 0, "speaker", value="s9"), "$.segments[0].speaker"),
    (put("segments", 1, "start", value=-2), "$.segments[1].start"),
    (put("segments", 0, "end", value=0.5), "$.segments[0].words[1].end"),
    (put(*SEGMENT, "start", value=0.1), "$.segments[0].words[1].start"),
    (put(*SEGMENT, "confidence", value=3), "$.segments[0].words[1].confidence"),
    (put(*SEGMENT, "timing", value="guessed"), "$.segments[0].words[1].timing"),
    (put(*SEGMENT, "text", value=" "), "$.segments[0].words[1].text"),
    (put(*SEGMENT, "text", value="x" * 501), "$.segments[0].words[1].text"),
    (put("speakers", 0, "pitch_hz", value=0), "$.speakers[0].pitch_hz"),
    (remove(*SEGMENT, "rate"), "rate"),
    (remove(*SEGMENT, "loudness"), "loudness"),
    (
        put("sounds", value=[{"start": 1, "end": 900, "label": "x", "confidence": 1}]),
        "$.sounds[0].end",
    ),
]


@pytest.mark.parametrize(
    ("change", "path"), TRANSCRIPT_FAULTS, ids=[path for _, path in TRANSCRIPT_FAULTS]
)
def test_a_faulty_transcript_is_refused_with_its_path(change: Change, path: str) -> None:
    document = heard()
    read_transcript(json.dumps(document))
    change(document)
    with pytest.raises(DocumentInvalid, match=r"^\$") as refusal:
        read_transcript(json.dumps(document))
    assert path in refusal.value.message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_none_are_refused(value: float) -> None:
    document = shown()
    put(*WORD, "loudness", value=value)(document)
    with pytest.raises(DocumentInvalid, match=r"^\$\.cues\[0\]\.words\[1\]\.loudness: NaN and"):
        read_scenario(json.dumps(document))
    said = transcript(spoken("hello"))
    word = msgspec.structs.replace(said.segments[0].words[0], loudness=value)
    segment = msgspec.structs.replace(said.segments[0], words=(word,))
    with pytest.raises(DocumentInvalid, match=r"words\[0\]\.loudness"):
        check_transcript(msgspec.structs.replace(said, segments=(segment,)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"version": 1,\n "style": }', "not JSON: Expecting value at line 2, column 11"),
        (b"", "not JSON"),
        (b"\xff\xfe{", "not text in UTF-8"),
        (b'{"version": 1, "cues": ' + b"[" * 100_000, "got `array`"),
        (b"[" * 100_000, "object"),
        (b'{"version": 1e999}', r"\$"),
    ],
)
def test_what_is_no_document_is_refused_in_one_line(data: bytes, message: str) -> None:
    for read, wanted in ((read_scenario, message), (read_transcript, r"^\$")):
        with pytest.raises(DocumentInvalid, match=wanted) as refusal:
            read(data)
        assert "\n" not in refusal.value.message
        assert len(refusal.value.message) < 200


def test_the_path_is_that_of_the_first_fault_whatever_follows() -> None:
    document = shown()
    put("cues", 1, "words", 0, "start", value="x")(document)
    document["later"] = 1
    with pytest.raises(DocumentInvalid) as refusal:
        read_scenario(json.dumps(document))
    assert refusal.value.path == "$.cues[1].words[0].start"


def test_the_place_of_a_fault_costs_a_few_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one for each cue before it: the api answers others meanwhile."""
    document = shown()
    cue, look = document["cues"][0], document["speakers"]["s1"]
    document["speakers"] |= {f"n{i}": look for i in range(MAX_SPEAKERS - 1)}
    document["cues"] = [cue | {"id": f"c{i}"} for i in range(MAX_CUES)]
    document["cues"][-1] = json.loads(json.dumps(cue)) | {"id": "last"}
    document["cues"][-1]["words"][2]["tags"] = ["fine", "not fine"]
    read: list[int] = []

    def counted(data: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
        read.append(len(data))
        return decoder.decode(data)

    monkeypatch.setattr(documents, "_read", counted)
    with pytest.raises(DocumentInvalid) as refusal:
        read_scenario(json.dumps(document))
    assert refusal.value.path == f"$.cues[{MAX_CUES - 1}].words[2].tags[1]"
    assert sum(read) < 4 * read[0]


def test_a_byte_order_mark_is_no_fault() -> None:
    assert read_scenario(b"\xef\xbb\xbf" + json.dumps(shown()).encode()).cues


def test_markup_is_only_text() -> None:
    document = shown()
    put(*WORD, "text", value="<b onclick=x>{\\b1}&amp;")(document)
    scenario = read_scenario(json.dumps(document))
    assert scenario.cues[0].words[1].text == "<b onclick=x>{\\b1}&amp;"


def test_what_is_too_much_is_refused() -> None:
    cue = shown()["cues"][0]
    many = shown() | {"cues": [cue | {"id": f"c{i}"} for i in range(MAX_CUES + 1)]}
    scenario = read_scenario(json.dumps(many))
    with pytest.raises(DocumentInvalid, match=r"^\$\.cues: 5,001 cues"):
        check_size(scenario, MAX_BYTES)
    with pytest.raises(DocumentInvalid, match="2,000,001 bytes"):
        check_size(scenario, MAX_BYTES + 1)
    looks = {f"s{i}": shown()["speakers"]["s1"] for i in range(1, MAX_SPEAKERS + 2)}
    with pytest.raises(DocumentInvalid, match=f"at most {MAX_SPEAKERS} entries"):
        read_scenario(json.dumps(shown() | {"speakers": looks}))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_published_schema_is_fresh(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text() == schema_text(name), "run make schema"


@pytest.mark.parametrize(
    ("name", "make", "faults"),
    [("scenario.v1", shown, SCENARIO_FAULTS), ("transcript.v1", heard, TRANSCRIPT_FAULTS)],
)
def test_the_schema_agrees_with_the_structs(
    name: str, make: Callable[[], dict[str, Any]], faults: list[tuple[Change, str]]
) -> None:
    validator = jsonschema.Draft202012Validator(json.loads((FOLDER / f"{name}.json").read_text()))
    validator.check_schema(validator.schema)
    assert validator.is_valid(make())
    refused = 0
    for change, _ in faults:
        document = make()
        change(document)
        try:
            msgspec.json.decode(json.dumps(document), type=DOCUMENTS[name])
        except msgspec.ValidationError:
            assert not validator.is_valid(document)
            refused += 1
    assert refused >= len(faults) // 3


def test_documents_come_back_as_they_went() -> None:
    said = transcript(spoken("hello big world"))
    assert read_transcript(encode(said)) == said
    scenario = compose(said, load_style("broadcast"), strength=0.5)
    assert read_scenario(encode(scenario)) == scenario


def test_every_style_can_be_chosen_and_an_unknown_one_not() -> None:
    assert {"intention", "broadcast"} <= {style.name for style in list_styles()}
    with pytest.raises(NotFound, match="intention"):
        load_style("shouting")
    for parameters, path in (
        ({"box": 2.0}, r"\$\.style\.parameters\.box: is 2"),
        ({"box": True}, "must be a number"),
        ({"glow": 1.0}, "no such parameter; it has box"),
    ):
        with pytest.raises(DocumentInvalid, match=path):
            check_choice(StyleChoice("intention", parameters=parameters))
    assert check_choice(StyleChoice("intention", parameters={"box": 0.5})).name == "intention"
    with pytest.raises(DocumentInvalid, match=r"\$\.style\.name"):
        check_choice(StyleChoice("shouting"))


def test_a_scenario_is_a_value() -> None:
    scenario = compose(transcript(spoken("hello")), load_style("intention"))
    with pytest.raises(AttributeError):
        scenario.version = 2  # type: ignore[misc]
    assert isinstance(scenario, Scenario)


@pytest.mark.parametrize(
    ("path", "value"),
    [(("cues", 0, "id"), "c1\n"), (("style", "name"), "intention\n")],
)
def test_a_line_feed_at_the_end_is_no_part_of_a_name(
    path: tuple[str | int, ...], value: str
) -> None:
    document = shown()
    put(*path, value=value)(document)
    with pytest.raises(DocumentInvalid):
        read_scenario(json.dumps(document))
    schema = json.loads(schema_text("scenario.v1"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)
