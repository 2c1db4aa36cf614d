"""The change since the previous film, beside the live results. Judged by `followup`, not here."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from kyphometer.film import Position
from kyphometer.followup.correction import CorrectionRules, judge_change
from kyphometer.followup.positions import PositionPolicy
from kyphometer.followup.visit_angles import VisitAngle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kyphometer.followup.correction_model import Change
    from kyphometer.followup.precision import MeasurementPrecision
    from kyphometer.measure import Measurement
    from kyphometer.store.records import FilmRecord
    from kyphometer.web.desk import Answer

# The page shows a change between unlike or unknown positions with its warning; it does not hide it.
_POSITIONS = PositionPolicy(allow_unknown=True, allow_mixed=True)


def changes_view(
    earlier: tuple[FilmRecord, Sequence[Measurement]],
    later: tuple[FilmRecord, Sequence[Measurement]],
    precision: Mapping[str, MeasurementPrecision],
) -> list[Answer]:
    """Change of every angle that both films have between the same endplates."""
    rules = CorrectionRules(precision=precision, positions=_POSITIONS)
    before = {(a.code, a.pair): a for a in _angles(*earlier)}
    found = []
    for angle in _angles(*later):
        known = before.get((angle.code, angle.pair))
        if known is not None:
            found.append(_view(judge_change(known, angle, rules), str(earlier[0].id)))
    return found


def _angles(film: FilmRecord, measurements: Sequence[Measurement]) -> list[VisitAngle]:
    return [
        VisitAngle(
            patient=film.patient or "",
            visit=film.visit or str(film.id),
            code=item.code,
            upper=item.upper,
            lower=item.lower,
            value_deg=item.value,
            standard_uncertainty_deg=item.standard_uncertainty,
            position=_position(film.position),
            film=film.id,
        )
        for item in measurements
        if item.unit == "deg" and item.upper is not None and item.lower is not None
    ]


@lru_cache
def _position(text: str) -> Position:
    return Position(text)


def _view(change: Change, previous_film: str) -> Answer:
    """A change as later minus earlier: positive if kyphosis became more."""
    precision = change.precision
    return {
        "code": change.later.code,
        "label": f"{change.later.code} ({change.later.upper} - {change.later.lower})",
        "previous_value": change.earlier.value_deg,
        "change": None if change.amount_deg is None else -change.amount_deg,
        "standard_uncertainty": change.standard_uncertainty_deg,
        "mdc95": None if precision is None else precision.minimal_detectable_change_95_deg,
        "mdc_source": None if precision is None else precision.words,
        "verdict": str(change.verdict),
        "beyond_uncertainty": change.beyond_uncertainty,
        "reasons": list(change.reasons),
        "previous_film": previous_film,
    }
