"""Columns that the tables of a study report share."""

from __future__ import annotations

from kyphometer.followup.visit_angles import Source
from kyphometer.reports.document import Column
from kyphometer.stats.tabular import Row

VISIT = Column(name="visit", label="Visit")
N = Column(name="n", label="n", kind="number")
MISSING = Column(name="missing", label="Missing", kind="number")


def number(name: str, label: str, digits: int = 1) -> Column:
    """A column of numbers."""
    return Column(name=name, label=label, digits=digits, kind="number")


def count(name: str, label: str) -> Column:
    """A column of counts."""
    return Column(name=name, label=label, kind="number")


def p_value(name: str, label: str) -> Column:
    """A column of p values."""
    return Column(name=name, label=label, kind="p")


def summary(digits: int = 1) -> tuple[Column, ...]:
    """n, missing, mean, SD, minimum, maximum."""
    return (
        N,
        MISSING,
        number("mean", "Mean", digits),
        number("sd", "SD", digits),
        number("minimum", "Min", digits),
        number("maximum", "Max", digits),
    )


def elsewhere(row: Row) -> str:
    """Cell that says where a value of `corrections.rows()` comes from, empty if read here."""
    return Source.ELSEWHERE.value if row["source"] == Source.ELSEWHERE.value else ""
