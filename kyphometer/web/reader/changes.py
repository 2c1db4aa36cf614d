"""The change since the previous film, beside the live results. Judged by `followup`, not here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from kyphometer.film import Position
from kyphometer.followup.carried import carried_change
from kyphometer.followup.correction import CorrectionRules
from kyphometer.followup.judged import JudgedChange, judge
from kyphometer.followup.positions import PositionPolicy
from kyphometer.followup.precision import MeasurementPrecision
from kyphometer.followup.visit_angles import VisitAngle
from kyphometer.measure import Measurement
from kyphometer.reading import Reading
from kyphometer.store.records import FilmRecord
from kyphometer.web.wire.marks import Change

Measured = tuple[FilmRecord, Sequence[Measurement], Reading | None]
"""A film, its values, and the reading that they are from."""

# The page shows a change between unlike or unknown positions with its warning; it does not hide it.
POSITIONS = PositionPolicy(allow_unknown=True, allow_mixed=True)


def changes_view(
    earlier: Measured, later: Measured, precision: Mapping[str, MeasurementPrecision]
) -> list[Change]:
    """Change of every angle that both films have between the same endplates.

    The readings tell whether marks were carried over from film to film.
    """
    before = {(a.code, a.pair): a for a in visit_angles(*earlier[:2])}
    pairs = [
        (before[angle.code, angle.pair], angle)
        for angle in visit_angles(*later[:2])
        if (angle.code, angle.pair) in before
    ]
    readings: dict[int | str, Reading] = {
        film.id: reading for film, _, reading in (earlier, later) if reading is not None
    }
    known = (carried_change(*pair, readings) for pair in pairs)
    rules = CorrectionRules(
        precision=precision,
        positions=POSITIONS,
        change_uncertainties={item.key: item for item in known if item is not None},
    )
    return [_view(judge(*pair, rules), str(earlier[0].id)) for pair in pairs]


def visit_angles(film: FilmRecord, measurements: Sequence[Measurement]) -> list[VisitAngle]:
    """Angles of a film's reading; the film's number stands for its reading too."""
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
            reading=film.id,
        )
        for item in measurements
        if item.unit == "deg" and item.upper is not None and item.lower is not None
    ]


@lru_cache
def _position(text: str) -> Position:
    return Position(text)


def _view(found: JudgedChange, previous_film: str) -> Change:
    """A change as later minus earlier: positive if kyphosis became more."""
    change = found.change
    return Change(
        code=change.later.code,
        label=f"{change.later.code} ({change.later.upper} - {change.later.lower})",
        previous_value=change.earlier.value_deg,
        change=found.difference_deg,
        standard_uncertainty=change.standard_uncertainty_deg,
        limit=found.limit_deg,
        basis=found.basis,
        uncertainty_source=change.uncertainty_source,
        verdict=found.verdict,
        beyond_uncertainty=change.beyond_uncertainty,
        reasons=list(found.reasons),
        previous_film=previous_film,
    )
