"""A change judged by the best that is known of its error (science.md#change)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kyphometer.followup.carried import CARRIED
from kyphometer.followup.correction import CorrectionRules, judge_change
from kyphometer.followup.correction_model import Change, Verdict
from kyphometer.followup.precision import PrecisionSource, published_precision
from kyphometer.followup.visit_angles import VisitAngle
from kyphometer.measure.model import Z95


class Basis(StrEnum):
    """What a verdict rests on, the best first."""

    CARRIED = "carried"
    """The change itself is known: its marks were carried from one film to the other."""
    OWN_REPEATS = "own_repeats"
    """SEM of the study's own repeat readings."""
    STATED = "stated"
    """SEM that the study states."""
    PUBLISHED = "published"
    """SEM of a publication, because nothing nearer is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedChange:
    """How an angle changed from a film to a later one, and whether that is beyond error.

    Attributes
    ----------
    change
        The change with all that is known of it.
    difference_deg
        Later minus earlier: positive if kyphosis became more. None if it may not be stated.
    limit_deg
        Half of the 95 % interval of the difference, by `basis`: 1.96 standard uncertainties of a
        carried change, otherwise the MDC95. None without basis.
    basis
        What the limit rests on; None if nothing is known of that angle's error.
    standard_error_deg
        Standard error behind the limit: of the change if carried, else of one reading (SEM).
    verdict
        Improved or worse if the difference is beyond the limit.
    reasons
        What must be known about it: positions, and why it is not judged if it is not.
    """

    change: Change
    difference_deg: float | None
    limit_deg: float | None
    basis: Basis | None
    standard_error_deg: float | None
    verdict: Verdict
    reasons: tuple[str, ...]


def judge(earlier: VisitAngle, later: VisitAngle, rules: CorrectionRules) -> JudgedChange:
    """Judge the change of one angle of a patient between two films.

    A change whose marks were carried over is judged by its own uncertainty, any other by the SEM
    that `rules` know, or else by a published one.

    Raises
    ------
    DifferentLevelsError
        If they are not the same angle between the same endplates.
    """
    change = judge_change(earlier, later, rules)
    basis, standard_error, limit = _best(change)
    difference = None if change.amount_deg is None else -change.amount_deg
    position = rules.positions.judge(earlier.position, later.position).sentence
    return JudgedChange(
        change=change,
        difference_deg=difference,
        limit_deg=limit,
        basis=basis,
        standard_error_deg=standard_error,
        verdict=_verdict(difference, limit),
        reasons=change.reasons if basis is None else (position,) if position else (),
    )


def _best(change: Change) -> tuple[Basis | None, float | None, float | None]:
    own = change.standard_uncertainty_deg
    if change.uncertainty_source == CARRIED and own is not None:
        return Basis.CARRIED, own, Z95 * own
    precision = change.precision or published_precision(change.later.code)
    if precision is None:
        return None, None, None
    basis = {
        PrecisionSource.OWN_REPEATS: Basis.OWN_REPEATS,
        PrecisionSource.STATED: Basis.STATED,
        PrecisionSource.PUBLISHED: Basis.PUBLISHED,
    }[precision.source]
    limit = precision.minimal_detectable_change_95_deg
    return basis, precision.standard_error_of_measurement_deg, limit


def _verdict(difference: float | None, limit: float | None) -> Verdict:
    if difference is None or limit is None:
        return Verdict.NOT_JUDGED
    if difference < -limit:
        return Verdict.IMPROVED
    return Verdict.WORSE if difference > limit else Verdict.UNCHANGED
