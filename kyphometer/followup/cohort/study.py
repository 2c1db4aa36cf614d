"""A whole study: its results, and everything a report must say about how they were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kyphometer.followup.cohort.analysis import CohortResults
from kyphometer.followup.cohort.losses import Losses
from kyphometer.followup.remarks import Remark
from kyphometer.followup.visit_model import VisitAssignment
from kyphometer.reading import CornerRule


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyCounts:
    """What the study holds.

    Attributes
    ----------
    patients
        Patients known to the study.
    films
        Films, of which `films_without_patient` belong to nobody and `films_at_visits` are used.
    films_read
        Films at visits with at least one reading that was used.
    readings
        Confirmed readings, of which `readings_used` gave the values and the others only the
        precision.
    elsewhere
        Values that were measured elsewhere.
    """

    patients: int
    films: int
    films_without_patient: int
    films_at_visits: int
    films_read: int
    readings: int
    readings_used: int
    elsewhere: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResults:
    """Results of a study with their provenance.

    Attributes
    ----------
    name
        What the study is called.
    cohort
        Every result.
    assignment
        How films were put to visits.
    counts
        What the study holds.
    observers
        Who made the readings that were used.
    readings_each
        Fewest and most readings that a value is the mean of.
    definitions
        Definition of each angle in words, by code.
    pairs
        Endplate pairs measured, by code, as printed, with the number of patients.
    corner_rules
        Which point of the rim was marked, as the readings say.
    levels
        Fractured level of each patient, as the readings say; index level first.
    clinical_source
        Name of the clinical table, or empty.
    stated_position
        Position stated for films whose header has none, in words, or empty.
    readings
        Number of the reading to be drawn, by film.
    software
        Name and version of the program.
    remarks
        Every exclusion, refusal and warning, those of the cohort included.
    losses
        Patients without a value at a visit, with reasons.
    """

    name: str
    cohort: CohortResults
    assignment: VisitAssignment
    counts: StudyCounts
    observers: tuple[str, ...]
    readings_each: tuple[int, int]
    definitions: Mapping[str, str]
    pairs: Mapping[str, Mapping[str, int]]
    corner_rules: tuple[CornerRule, ...]
    levels: Mapping[str, tuple[str, ...]]
    clinical_source: str
    stated_position: str
    readings: Mapping[int, int]
    software: str
    remarks: tuple[Remark, ...]
    losses: Losses
