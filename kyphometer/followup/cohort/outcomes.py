"""Angle against outcome: do patients whose kyphosis changed more also feel more of a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kyphometer.errors import StatisticsError
from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.stats.estimate import Estimate
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.tabular import Row, Tabular
from kyphometer.stats.two_arms import correlation


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCorrelation(Tabular):
    """Correlation of two changes from the baseline to one visit.

    Attributes
    ----------
    angle, score, visit
        What is correlated, and when.
    patients
        Those with both changes.
    estimate
        Pearson's r with Fisher's interval; None with `note` where it cannot be had.
    note
        Why there is none.
    """

    angle: str
    score: str
    visit: str
    patients: int
    estimate: Estimate | None
    note: str = ""

    def rows(self) -> list[Row]:
        """One row."""
        e = self.estimate
        return [
            {
                "angle": self.angle,
                "score": self.score,
                "visit": self.visit,
                "n": self.patients,
                "r": e.value if e else None,
                "low": e.low if e else None,
                "high": e.high if e else None,
                "note": self.note,
            }
        ]


def outcome_correlations(
    angles: Sequence[EndpointAnalysis],
    scores: Sequence[EndpointAnalysis],
    baseline: str,
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> tuple[OutcomeCorrelation, ...]:
    """Correlations of the change of each angle with that of each score, at each common visit.

    Changes of angles that may not be stated are left out. Measurement error of the angle draws r
    towards 0, so that a weak correlation says little of the patients.
    """
    return tuple(
        _correlation(angle, score, baseline, visit, options)
        for angle in angles
        for score in scores
        for visit in angle.visits
        if visit != baseline and {baseline, visit} <= set(angle.visits) & set(score.visits)
    )


def _correlation(
    angle: EndpointAnalysis,
    score: EndpointAnalysis,
    baseline: str,
    visit: str,
    options: StatisticsOptions,
) -> OutcomeCorrelation:
    first, second = (_changes(e, baseline, visit) for e in (angle, score))
    patients = sorted(first.keys() & second.keys())
    estimate, note = None, ""
    try:
        estimate = correlation([first[p] for p in patients], [second[p] for p in patients], options)
    except StatisticsError as error:
        note = str(error)
    return OutcomeCorrelation(
        angle=angle.name,
        score=score.name,
        visit=visit,
        patients=len(patients),
        estimate=estimate,
        note=note,
    )


def _changes(endpoint: EndpointAnalysis, baseline: str, visit: str) -> dict[str, float]:
    """Baseline minus visit by patient, where it may be stated."""
    excluded = endpoint.excluded.get((baseline, visit), ())
    pairs = zip(endpoint.values[baseline], endpoint.values[visit], strict=True)
    return {
        endpoint.patients[place]: a - b
        for place, (a, b) in enumerate(pairs)
        if a is not None and b is not None and place not in excluded
    }
