"""Tables that no study should have: every result is still a number in its interval, or absent."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
import pytest
from arm_cases import VISITS

from kyphometer.film import Position
from kyphometer.followup.clinical.reader import read_clinical_table
from kyphometer.store import Study
from kyphometer.store.study.settings import StudySettings
from kyphometer.workflow.study import analyse_study

ESTIMATES = ("value", "estimate", "mean_difference", "fraction", "rate", "r")


def patients(count, arms=("a", "b")):
    """Ordinary rows, to be spoilt."""
    rng = np.random.default_rng(4)
    rows = []
    for place in range(count):
        row = {"patient": f"P{place:02}", "arm": arms[place % len(arms)]}
        row |= {"x_bmi": round(float(rng.normal(25, 3)), 1)}
        row |= {"complication_types": "cement_leak" if place % 5 == 0 else "none"}
        for number, visit in enumerate(VISITS):
            row[f"VKA_{visit}"] = round(19 - 5 * bool(number) + float(rng.normal(0, 2)), 1)
            row[f"vas_{visit}"] = round(float(np.clip(rng.normal(7 - 2 * number, 1), 0, 10)), 1)
            row[f"symptoms_{visit}"] = "numbness" if rng.random() < 0.5 else "none"
        rows.append(row)
    return rows


def changed(rows, change):
    return [row | change(place, row) for place, row in enumerate(rows)]


def of_visit(visits, value):
    return lambda _place, _row: {f"VKA_{visit}": value for visit in visits}


LATER = VISITS[1:]
TABLES = {
    "one patient": patients(1),
    "two patients": patients(2),
    "three in two groups": patients(3),
    "a group of one": [row | {"arm": "b" if row["patient"] == "P00" else "a"}
                       for row in patients(9)],
    "a group that is lost": changed(
        patients(10), lambda _, r: of_visit(LATER, "")(_, r) if r["arm"] == "b" else {}),
    "a visit that nobody came to": changed(patients(10), of_visit(["one_month"], "")),
    "all equal": changed(patients(10), of_visit(VISITS, 15)),
    "all change alike": changed(
        patients(10),
        lambda place, _: {f"VKA_{v}": 15 + place - 5 * (v in LATER) for v in VISITS}),
    "groups apart without scatter": changed(
        patients(10),
        lambda _, r: {f"VKA_{v}": 20 if v not in LATER else 10 + 2 * (r["arm"] == "a")
                      for v in VISITS}),
    "events in one group only": changed(
        patients(10),
        lambda _, r: {"complication_types": "cement_leak" if r["arm"] == "a" else "none"}),
    "events in everybody": changed(patients(8), lambda *_: {"complication_types": "cement_leak"}),
    "scores at their ends": changed(patients(8), lambda *_: {f"vas_{v}": 0 for v in VISITS}),
    "a covariate that is the group": changed(
        patients(10), lambda _, r: {"x_bmi": 20 if r["arm"] == "a" else 30}),
    "only before surgery": changed(patients(8), of_visit(LATER, "")),
    "nothing before surgery": changed(patients(8), of_visit(VISITS[:1], "")),
}  # fmt: skip


def problems(thing, path="results"):
    """Numbers that are none, and estimates outside of their intervals."""
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        held = {f.name: getattr(thing, f.name) for f in dataclasses.fields(thing)}
        low, high = held.get("low"), held.get("high")
        if isinstance(low, float) and isinstance(high, float):
            for name in ESTIMATES:
                value = held.get(name)
                if isinstance(value, float) and not low - 1e-9 <= value <= high + 1e-9:
                    yield f"{path}.{name}: {value} is not in {low} to {high}"
        for name, value in held.items():
            yield from problems(value, f"{path}.{name}")
    elif isinstance(thing, Mapping):
        for name, value in thing.items():
            yield from problems(value, f"{path}[{name}]")
    elif isinstance(thing, list | tuple):
        for place, value in enumerate(thing):
            yield from problems(value, f"{path}[{place}]")
    elif isinstance(thing, float) and math.isnan(thing):
        yield f"{path} is no number"


@pytest.mark.parametrize("name", TABLES)
def test_every_result_is_a_number_in_its_interval_or_absent(tmp_path, name):
    rows = TABLES[name]
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = StudySettings(
        stated_position=Position.STANDING,
        stated_standard_error_deg={"VKA": 1.5},
        covariates=("x_bmi",),
    )
    with Study.create(tmp_path / "s.db", name, settings=settings) as study:
        study.set_clinical(read_clinical_table(tmp_path / "t.csv"), add_patients=True)
        results = analyse_study(study)
    assert list(problems(results)) == []
    assert results.cohort.flow.enrolled == len(rows)
