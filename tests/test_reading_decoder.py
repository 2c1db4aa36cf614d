"""What the decoder of readings takes and refuses, held to a table frozen from the hand-written one.

Each member of a full document is replaced by each value of `VALUES` in turn. A row of the table is
one member, a letter one value: `a` accepted, `r` refused, `d` refused but accepted in a draft. The
table was made with the decoder that was written by hand (version 0.1 of this program), before the
document was declared as types.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from builders import column
from msgspec import Meta

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.cli import main
from kyphometer.errors import KyphometerError
from kyphometer.film import FilmReference
from kyphometer.geometry import Point
from kyphometer.reading import Endplate, Landmark, MarkSource, NotMeasurable, Vertebra
from kyphometer.reading.carried import CarriedBody, CarriedLine
from kyphometer.reading.document import (
    reading_from_dict,
    reading_from_json,
    reading_to_dict,
)
from kyphometer.typed_json import MemberError, typed

TABLE = json.loads((Path(__file__).parent / "data" / "reading_decoder.json").read_text())
SAMPLES = sorted(Path(__file__).parent.parent.glob("sample_dicoms/*/*.reading.json"))
GONE = object()
VALUES: list[Any] = [
    GONE, None, True, 0, 1, -1, 1.0, 0.5, 2e7, float("nan"), float("inf"), 10**400, "", "L1",
    "th12", "left", "hand", "superior", "2026-11-22", "a\x00", "\ud800", [], [1, 2], [1.5, "2"],
    [1, 2, 3], [[1, 0], [0, 1]], ["L1"], [{}], {}, {"a": 1},
]  # fmt: skip


@cache
def full() -> dict[str, Any]:
    """A document that has every member."""
    corners = (Point(400.5, 800.0), Point(530.0, 786.4))
    line = CarriedLine(change_sd_deg=0.3, before=corners, here=corners)
    film = FilmReference(rows=1800, columns=900, sop_instance_uid="1.2.3", sha256_pixels="ab")
    mark = Landmark(
        xy=Point(400.5, 800),
        covariance=((0.04, 0), (0, 0.09)),
        source=MarkSource.REFINED,
        raw=Point(401, 799),
        method="rims 1",
        note="doubtful",
    )
    plate = Endplate(
        anterior=mark, posterior=Landmark(xy=Point(530, 786)), middle=Landmark(xy=Point(460, 790))
    )
    reading = column({"T12": (5, 3), "L1": (12, -8)}, fractured=("L1",))
    reading = reading.with_vertebra(Vertebra(level=Level.L1, superior=plate))
    missing = NotMeasurable(level=Level.L3, endplate=EndplateSide.INFERIOR, reason="outside")
    body = CarriedBody(film=film, superior=line, inferior=line, correlation=0.9)
    reading = replace(
        reading, film=film, not_measurable=(missing,), carried_over={Level.L1: body}, session="S"
    )
    return {"lab": {"ticket": 7}, **reading_to_dict(reading)}


def places(value: Any, found: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every member of a document, without its second vertebra and second lines."""
    if found:
        yield found
    items = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        if key not in {"T12", "lab"} and not (found[:1] == ("carried_over",) and key == "inferior"):
            yield from places(item, (*found, key))


def damaged(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    document = copy.deepcopy(full())
    target: Any = document
    for key in path[:-1]:
        target = target[key]
    if value is GONE:
        del target[path[-1]]
    else:
        target[path[-1]] = copy.deepcopy(value)
    return document


def outcome(document: dict[str, Any], decode=reading_from_dict) -> str:
    for letter, draft in (("a", False), ("d", True)):
        try:
            decode(copy.deepcopy(document), draft=draft)
        except KyphometerError as error:
            assert str(error).endswith(".")
            assert "\n" not in str(error)
        else:
            return letter
    return "r"


def test_the_table_knows_every_member():
    assert list(TABLE) == [".".join(map(str, path)) for path in places(full())]


@pytest.mark.parametrize("path", list(places(full())), ids=lambda p: ".".join(map(str, p)))
def test_each_member_is_taken_and_refused_as_by_the_decoder_written_by_hand(path):
    got = "".join(outcome(damaged(path, value)) for value in VALUES)
    assert got == TABLE[".".join(map(str, path))]


@pytest.mark.parametrize("path", list(places(full())), ids=lambda p: ".".join(map(str, p)))
def test_a_refusal_names_the_member(path):
    """The member itself, one within it, or what holds it."""
    place = ".".join(map(str, path)).replace(".0", "[0]").replace(".1", "[1]")
    for value in (True, {"?": 3}):
        try:
            reading_from_dict(damaged(path, value))
        except KyphometerError as error:
            assert place in str(error) or "no vertebral level" in str(error)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_samples_are_read_and_written_byte_for_byte(path):
    text = path.read_text("utf-8")
    made = reading_to_dict(reading_from_json(text))
    assert json.dumps(made, indent=1, ensure_ascii=False) + "\n" == text


def test_a_document_written_again_keeps_every_member_in_its_order():
    assert json.dumps(reading_to_dict(reading_from_dict(full()))) == json.dumps(full())


def test_the_schema_that_ships_is_the_one_that_the_types_give(capsys):
    assert main(["schema", "reading"]) == 0
    shipped = files("kyphometer").joinpath("schemas/reading.schema.json").read_text("utf-8")
    assert capsys.readouterr().out == shipped


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (
            Annotated[float, Meta(gt=0.0, le=45.0)],
            46.0,
            "a number above 0 and at most 45, not 46.0",
        ),
        (Annotated[int, Meta(ge=1)], 0, "a whole number at least 1, not 0"),
        (Annotated[int, Meta(ge=1, le=20)], 21, "a whole number from 1 to 20, not 21"),
        (Annotated[str, Meta(max_length=3)], "abcd", "text of 0 to 3 characters, not 'abcd'"),
        (
            Annotated[list[str], Meta(max_length=1)],
            ["a", "b"],
            "a list of at most 1 text, not ['a', 'b']",
        ),
    ],
)
def test_a_member_beyond_its_bounds_is_told_them(kind, value, words):
    holder = msgspec.defstruct("Holder", [("member", kind)])
    with pytest.raises(MemberError, match="must be") as refused:
        typed({"member": value}, holder)
    assert str(refused.value) == f"'member' must be {words}"
