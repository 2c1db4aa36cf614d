"""The columns of the clinical table: name, meaning, unit, what a cell may hold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from kyphometer.followup.windows import DEFAULT_WINDOWS, VisitWindows
from kyphometer.stats.tabular import Row

AIS_GRADES = ("A", "B", "C", "D", "E")
"""ASIA impairment scale, from complete (A) to normal (E)."""
SEXES = ("female", "male", "other")
MECHANISMS = (
    "household_fall",
    "traffic_fall",
    "fall_from_height",
    "lifting",
    "spontaneous",
    "other",
)
COMPLICATION_TYPES = (
    "cement_leak",
    "infection",
    "screw_loosening",
    "screw_breakage",
    "screw_malposition",
    "adjacent_fracture",
    "neurological_deficit",
    "dural_tear",
    "embolism",
    "thrombosis",
    "wound_healing",
    "reoperation",
    "other",
)
LIST_SEPARATOR = "|"
NO_COMPLICATIONS = "none"
NO_SYMPTOMS = "none"
PRIVATE_PREFIX = "x_"
"""Columns whose name starts so are the user's own: kept, described in table 1, exported."""


class Kind(Enum):
    """What a cell holds."""

    TEXT = "text"
    NUMBER = "number"
    WHOLE = "whole number"
    DATE = "date YYYY-MM-DD"
    YES_NO = "yes or no"
    CHOICE = "one of the list"
    CHOICES = "one or more of the list, separated by |"
    TEXTS = "texts, separated by |"
    YES_NOS = "yes or no, separated by |"
    LEVELS = "vertebral levels, separated by |"


LISTS = (Kind.CHOICES, Kind.TEXTS, Kind.YES_NOS, Kind.LEVELS)
"""Kinds of cells that hold several values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes
    ----------
    name
        Header.
    kind
        What its cells hold.
    meaning
        For the template and the documentation.
    low, high
        Limits of numbers, both included.
    choices
        Allowed words.
    visit
        Visit that it belongs to, or None.
    field
        Field of the record that it fills.
    required
        True if the header must be there.
    percent
        True if its numbers are in percent: then `80%` is 80.
    """

    name: str
    kind: Kind
    meaning: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    visit: str | None = None
    field: str = ""
    required: bool = False
    percent: bool = False

    @property
    def allowed(self) -> str:
        """What a cell may hold, in words."""
        if self.choices:
            return f"{self.kind.value}: {', '.join(self.choices)}"
        if self.low is not None and self.high is not None:
            return f"{self.kind.value} from {self.low:g} to {self.high:g}"
        return self.kind.value


_PATIENT_COLUMNS = (
    Column(
        name="patient",
        kind=Kind.TEXT,
        required=True,
        meaning="Code of the patient, as in the study",
    ),
    Column(
        name="arm",
        kind=Kind.TEXT,
        meaning="Treatment group, in the same words for all its patients",
    ),
    Column(name="sex", kind=Kind.CHOICE, choices=SEXES, meaning="Sex"),
    Column(name="age_years", kind=Kind.NUMBER, low=0, high=120, meaning="Age at surgery"),
    Column(
        name="t_score",
        kind=Kind.NUMBER,
        low=-9,
        high=6,
        meaning="Bone density T-score, negative if below the young adult mean",
    ),
    Column(name="history", kind=Kind.TEXT, meaning="Relevant history, free text"),
    Column(name="corticosteroids", kind=Kind.YES_NO, meaning="On corticosteroids"),
    Column(
        name="mechanism", kind=Kind.CHOICE, choices=MECHANISMS, meaning="How the fracture happened"
    ),
    Column(name="injury_date", kind=Kind.DATE, meaning="Day of the injury"),
    Column(name="surgery_date", kind=Kind.DATE, meaning="Day of surgery, day 0"),
    Column(
        name="revision_date",
        kind=Kind.DATE,
        meaning="Day of the first revision surgery; empty if there was none so far",
    ),
    Column(
        name="fractured_levels", kind=Kind.LEVELS, meaning="Fractured levels, index level first"
    ),
    Column(
        name="posterior_wall_ruptured",
        kind=Kind.YES_NO,
        meaning="Posterior wall of the body ruptured",
    ),
    Column(name="pedicle_fractured", kind=Kind.YES_NO, meaning="Pedicle fractured"),
    Column(name="posterior_arch_fractured", kind=Kind.YES_NO, meaning="Posterior arch fractured"),
    Column(name="screws", kind=Kind.WHOLE, low=0, high=60, meaning="Pedicle screws placed"),
    Column(
        name="screws_with_leak",
        kind=Kind.WHOLE,
        low=0,
        high=60,
        meaning="Screws with cement leakage, of those placed",
    ),
    Column(
        name="complication_types",
        kind=Kind.CHOICES,
        choices=(NO_COMPLICATIONS, *COMPLICATION_TYPES),
        meaning="Complications, `none` if there were none; empty means not known",
    ),
    Column(
        name="complication_sites",
        kind=Kind.TEXTS,
        meaning="Site of each complication, in the same order (disc, anterior_margin, ...)",
    ),
    Column(
        name="complication_symptomatic",
        kind=Kind.YES_NOS,
        meaning="Whether each complication had symptoms, in the same order",
    ),
    Column(name="comment", kind=Kind.TEXT, meaning="Anything else"),
)


def clinical_columns(windows: VisitWindows = DEFAULT_WINDOWS) -> tuple[Column, ...]:
    """All columns of the table, with scores, clinic date, symptoms and losses by visit."""
    return (*_PATIENT_COLUMNS, *(c for visit in windows.visits for c in _visit_columns(visit)))


def _visit_columns(visit: str) -> tuple[Column, ...]:
    return (
        Column(
            name=f"vas_{visit}",
            kind=Kind.NUMBER,
            low=0,
            high=10,
            visit=visit,
            field="vas",
            meaning=f"Pain at {visit}: visual analogue scale, 0 none to 10 worst",
        ),
        Column(
            name=f"odi_{visit}",
            kind=Kind.NUMBER,
            low=0,
            high=100,
            visit=visit,
            field="odi",
            percent=True,
            meaning=f"Disability at {visit}: Oswestry index in percent, 0 none to 100",
        ),
        Column(
            name=f"ais_{visit}",
            kind=Kind.CHOICE,
            choices=AIS_GRADES,
            visit=visit,
            field="ais",
            meaning=f"Neurology at {visit}: ASIA impairment scale, A complete to E normal",
        ),
        Column(
            name=f"clinic_date_{visit}",
            kind=Kind.DATE,
            visit=visit,
            field="clinic_dates",
            meaning=f"Day of the clinic visit at {visit}; may differ from the film's",
        ),
        Column(
            name=f"symptoms_{visit}",
            kind=Kind.TEXTS,
            visit=visit,
            field="symptoms",
            meaning=f"Symptoms at {visit} in words of your own, such as numbness|weakness; "
            f"`{NO_SYMPTOMS}` if there were none",
        ),
        Column(
            name=f"lost_{visit}",
            kind=Kind.TEXT,
            visit=visit,
            field="lost",
            meaning=f"Why the patient was not seen at {visit}, such as died, moved away, declined; "
            "holds for later visits too until another reason stands there",
        ),
    )


def describe_columns(windows: VisitWindows = DEFAULT_WINDOWS) -> list[Row]:
    """Documentation of the columns, one row each."""
    return [
        {"column": c.name, "required": c.required, "cell": c.allowed, "meaning": c.meaning}
        for c in clinical_columns(windows)
    ]
