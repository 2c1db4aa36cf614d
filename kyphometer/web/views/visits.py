"""The patient at a glance, as types: every visit with its angles, change and loss."""

from __future__ import annotations

from datetime import date
from typing import Literal

from kyphometer.film import Position
from kyphometer.followup.correction_model import Verdict
from kyphometer.followup.judged import Basis, JudgedChange
from kyphometer.web.wire.base import Told

Alike = Literal["same", "unknown", "different"]
"""Whether the patient was held alike on both films."""


class VisitAngleColumn(Told, frozen=True, kw_only=True):
    """An angle between two endplates, a column of the table."""

    code: str
    upper: str
    lower: str


class VisitChange(Told, frozen=True, kw_only=True):
    """Later minus earlier, in degrees: positive if kyphosis became more.

    `limit` is half of its 95 % interval by `basis`; `standard_error` is that of the change if it
    was carried over, else of one reading. `small` tells that a loss is beyond its error, but below
    the table's `loss_limit`.
    """

    since: str
    difference: float
    limit: float | None
    basis: Basis | None
    standard_error: float | None
    verdict: Verdict
    positions: Alike
    small: bool


class VisitValue(Told, frozen=True, kw_only=True):
    """An angle of a film in degrees, half of its 95 % interval, and what became of it."""

    value: float
    half_width: float | None
    change: VisitChange | None
    loss: VisitChange | None


class VisitRow(Told, frozen=True, kw_only=True):
    """A film of the patient. `day` counts from the baseline film; `values` go with the columns."""

    film_id: str
    label: str
    visit: str | None
    date: date | None
    day: int | None
    position: Position
    status: Literal["unread", "draft", "read"]
    current: bool
    error: str | None
    values: list[VisitValue | None]


class VisitTable(Told, frozen=True, kw_only=True):
    """All films of a patient, oldest first.

    `baseline` and `reference` are the films that change and loss are counted from; `by_visit` tells
    that the baseline is the visit before surgery and not only the first film. A loss counts from
    `loss_limit` degrees.
    """

    angles: list[VisitAngleColumn]
    visits: list[VisitRow]
    baseline: str | None
    reference: str | None
    by_visit: bool
    loss_limit: float


def visit_change(found: JudgedChange, since: int, least: float = 0.0) -> VisitChange | None:
    """A judged change as the page gets it; None if it may not be stated.

    `least` is what counts as a loss, in degrees.
    """
    if found.difference_deg is None:
        return None
    one, other = found.change.earlier.position, found.change.later.position
    unknown = Position.UNKNOWN in (one, other)
    return VisitChange(
        since=str(since),
        difference=found.difference_deg,
        limit=found.limit_deg,
        basis=found.basis,
        standard_error=found.standard_error_deg,
        verdict=found.verdict,
        small=found.verdict is Verdict.WORSE and found.difference_deg < least,
        positions="unknown" if unknown else "same" if one is other else "different",
    )
