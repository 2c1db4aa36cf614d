"""Columns that the tables of a reliability report share."""

from __future__ import annotations

from typing import Any

from kyphometer.reliability import Estimate
from kyphometer.reports.document import Column


def text(name: str, label: str) -> Column:
    """A column of words."""
    return Column(name=name, label=label)


def number(name: str, label: str, digits: int | None = 2) -> Column:
    """A column of numbers."""
    return Column(name=name, label=label, digits=digits, kind="number")


INTERVAL = (number("value", "Value"), number("low", "95 % CI from"), number("high", "to"))


def cells(estimate: Estimate | None) -> dict[str, Any]:
    """Value and interval of an estimate, as cells; nothing where there is none."""
    if estimate is None:
        return {}
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
