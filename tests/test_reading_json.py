import copy
import json
from datetime import UTC, datetime

import jsonschema
import pytest
from builders import column
from hypothesis import given
from hypothesis import strategies as st

from kyphometer.errors import KyphometerError, ReadingError, ReadingFormatError
from kyphometer.reading import NotMeasurable, Reading
from kyphometer.reading.document import (
    read_reading,
    reading_from_dict,
    reading_from_json,
    reading_schema,
    reading_to_dict,
    write_reading,
)

VALIDATOR = jsonschema.Draft202012Validator(reading_schema())


def document():
    reading = column({"T12": (5, 3), "L1": (12, -8), "L2": (-9, -11)}, fractured=("L1",))
    return reading_to_dict(reading)


def changed(path, value):
    result = document()
    target = result
    for key in path[:-1]:
        target = target[key]
    if value is ...:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return result


def test_a_reading_survives_the_round_trip_and_fits_the_schema():
    reading = column({"T12": (5, 3), "L1": (12, -8)}, fractured=("L1",), middle_depth=5)
    written = reading_to_dict(reading)
    VALIDATOR.validate(written)
    assert reading_from_json(json.dumps(written)) == reading


def test_the_document_of_the_design_is_understood():
    text = """{"format": "kyphometer-reading", "version": 1,
     "film": {"sop_instance_uid": "1.2.3", "frame": 1, "rows": 1800, "columns": 900,
              "sha256_pixels": "ab"},
     "observer": "KN", "session": null, "created": "2026-11-22T10:00:00Z",
     "software": "kyphometer 0.1.0", "facing": "left", "fractured_levels": ["L1"],
     "corner_rule": "rim_chord",
     "vertebrae": {"L1": {"superior": {
        "anterior": {"xy": [412.3, 801.0], "covariance": [[0.04, 0], [0, 0.09]],
                     "source": "refined"},
        "middle": null, "posterior": {"xy": [531.8, 786.4]}}}},
     "not_measurable": [{"level": "L3", "endplate": "inferior", "reason": "outside film"}],
     "comment": ""}"""
    reading = reading_from_json(text)
    assert reading.created == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert reading.not_measurable[0] == NotMeasurable(
        level=reading.not_measurable[0].level,
        endplate=reading.not_measurable[0].endplate,
        reason="outside film",
    )
    VALIDATOR.validate(json.loads(text))


def test_members_of_other_programs_are_kept():
    reading = reading_from_dict(changed(["lab"], {"ticket": 7}))
    assert reading_to_dict(reading)["lab"] == {"ticket": 7}


BAD = [
    pytest.param(["format"], "other", "'format'", id="format"),
    pytest.param(["version"], 2, "newer than this program", id="newer version"),
    pytest.param(["version"], True, "must be 1", id="version is a truth value"),
    pytest.param(["film"], ..., "'film' is missing", id="film missing"),
    pytest.param(["film", "rows"], 0, "film.rows", id="no rows"),
    pytest.param(["facing"], "up", "'left', 'right'", id="facing"),
    pytest.param(["fractured_levels"], ["L9"], "no vertebral level", id="level"),
    pytest.param(["vertebrae"], [], "must be a JSON object", id="vertebrae a list"),
    pytest.param(["vertebrae", "X1"], {}, "no vertebral level", id="vertebra name"),
    pytest.param(["vertebrae", "L1"], {}, "has neither endplate", id="empty vertebra"),
    pytest.param(["vertebrae", "L1", "top"], {}, "only 'superior', 'inferior'", id="endplate"),
    pytest.param(
        ["vertebrae", "L1", "superior", "anterior"], ..., "L1.superior.anterior", id="corner"
    ),
    pytest.param(
        ["vertebrae", "L1", "superior", "anterior", "xy"], [1], "two numbers", id="one coordinate"
    ),
    pytest.param(
        ["vertebrae", "L1", "superior", "anterior", "xy"],
        ["1", 2],
        r"anterior.xy\[0\]' must be a number",
        id="text",
    ),
    pytest.param(
        ["vertebrae", "L1", "superior", "anterior", "covariance"],
        [[1, 5], [5, 1]],
        "not a covariance",
        id="indefinite covariance",
    ),
    pytest.param(
        ["vertebrae", "L1", "superior", "anterior", "source"], "guess", "'hand'", id="source"
    ),
    pytest.param(["created"], "yesterday", "ISO 8601", id="time"),
    pytest.param(["observer"], 5, "'observer' must be text", id="observer"),
    pytest.param(
        ["not_measurable"],
        [{"level": "L1", "endplate": "top"}],
        "'superior', 'inferior'",
        id="side",
    ),
]


@pytest.mark.parametrize(("path", "value", "message"), BAD)
def test_a_damaged_document_is_refused_with_its_place(path, value, message):
    with pytest.raises(ReadingError, match=message) as caught:
        reading_from_dict(changed(path, value))
    assert str(caught.value).endswith(".")


SCHEMA_KNOWS = [case for case in BAD if case.id not in {"indefinite covariance", "time"}]


@pytest.mark.parametrize(("path", "value", "message"), SCHEMA_KNOWS)
def test_the_schema_refuses_what_the_decoder_refuses(path, value, message):
    assert not VALIDATOR.is_valid(changed(path, value))


leaf = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(), st.text(max_size=4))
tree = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner)
)


@given(st.data())
def test_any_mutation_is_read_or_refused_in_one_sentence(data):
    mutated = document()
    target = mutated
    for _ in range(data.draw(st.integers(0, 5))):
        keys = list(target) if isinstance(target, dict) else list(range(len(target)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(target[key], dict | list):
            break
        target = target[key]
    keys = list(target) if isinstance(target, dict) else list(range(len(target)))
    if keys:
        target[data.draw(st.sampled_from(keys))] = data.draw(tree)
    try:
        assert isinstance(reading_from_dict(mutated), Reading)
    except KyphometerError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("text", ["", "nonsense", "[1]", "null", "[" * 100_000, '{"format": NaN}'])
def test_text_that_is_no_reading_is_refused(text):
    with pytest.raises(ReadingFormatError):
        reading_from_json(text)


def test_a_draft_leaves_out_what_is_unfinished():
    unfinished = changed(["vertebrae", "L1", "superior", "anterior"], None)
    unfinished["vertebrae"]["L2"] = {"superior": None, "inferior": None}
    with pytest.raises(ReadingFormatError):
        reading_from_dict(copy.deepcopy(unfinished))
    reading = reading_from_dict(unfinished, draft=True)
    assert [str(level) for level in reading.levels] == ["T12", "L1"]
    assert reading.vertebrae[reading.levels[1]].superior is None


def test_writing_replaces_the_file_whole(tmp_path):
    path = tmp_path / "film.reading.json"
    path.write_text("old")
    reading = column({"L1": (5, 3)})
    write_reading(reading, path)
    assert read_reading(path) == reading
    assert [item.name for item in tmp_path.iterdir()] == ["film.reading.json"]


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "film.reading.json"
    path.write_text("old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_reading(column({"L1": (5, 3)}), path)
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_is_no_reading_is_named(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReadingFormatError, match=r"'x.json' is not UTF-8"):
        read_reading(path)
    with pytest.raises(ReadingFormatError, match=r"'y.json' cannot be read"):
        read_reading(tmp_path / "y.json")
