"""Sensitivity of the main results to the patients who were lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kyphometer.followup.cohort.arm_effects import arm_data
from kyphometer.followup.cohort.arm_model import ArmComparison
from kyphometer.followup.cohort.arm_rules import ArmRules
from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.stats.departures import Departure, departure
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.tabular import Row, Tabular

EVERYBODY = "all patients"
STEPS = (0.5, 1.0, 2.0)
"""Deltas, as shares of the change that matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingSensitivity(Tabular):
    """One comparison and what becomes of it if those who were lost fare worse.

    Attributes
    ----------
    endpoint, visit
        What, and at which visit values are missing.
    compared
        What the estimate is of, in words.
    shifted
        Whose missing values are shifted: `all patients` or a treatment group.
    departure
        The estimates.
    """

    endpoint: str
    visit: str
    compared: str
    shifted: str
    departure: Departure

    def rows(self) -> list[Row]:
        """One row a delta."""
        d = self.departure
        return [
            {
                "endpoint": self.endpoint,
                "compared": self.compared,
                "visit": self.visit,
                "shifted": self.shifted,
                "missing": d.missing,
                "patients": d.patients,
                "delta": item.delta,
                "estimate": item.estimate,
                "low": item.low,
                "high": item.high,
                "p": item.p,
                "tipping": d.tipping,
            }
            for item in d.shifted
        ]


def missing_sensitivity(
    endpoints: Sequence[EndpointAnalysis],
    arms: ArmComparison | None,
    arm_of: Mapping[str, str],
    baseline: str,
    rules: ArmRules,
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> tuple[MissingSensitivity, ...]:
    """Each endpoint from first to last visit, and treatment groups at the last, where any is lost.

    Deltas are half, once and twice the change that matters: of scores the important change, of
    angles the loss that counts.
    """
    found = []
    for endpoint in endpoints:
        unit = rules.important_change.get(endpoint.name, rules.loss_limit_deg)
        deltas = [step * unit for step in STEPS]
        found += _over_time(endpoint, deltas, options)
        if arms is not None:
            found += _between_arms(endpoint, arms, arm_of, baseline, deltas, options)
    return tuple(found)


def _over_time(
    endpoint: EndpointAnalysis, deltas: Sequence[float], options: StatisticsOptions
) -> list[MissingSensitivity]:
    model = endpoint.mixed
    if model is None:
        return []
    first, last = model.visits[0], model.visits[-1]
    left_out = {place for places in endpoint.excluded.values() for place in places}
    columns = [endpoint.values[visit] for visit in model.visits]
    known = [
        column[-1] is not None
        for place, column in enumerate(zip(*columns, strict=True))
        if place not in left_out and any(value is not None for value in column)
    ]
    estimate = next((e for e in model.differences if (e.first, e.second) == (first, last)), None)
    if estimate is None or all(known):
        return []
    return [
        MissingSensitivity(
            endpoint=endpoint.name,
            visit=last,
            compared="before minus after",
            shifted=EVERYBODY,
            departure=departure(estimate, known.count(False), len(known), deltas, options),
        )
    ]


def _between_arms(
    endpoint: EndpointAnalysis,
    arms: ArmComparison,
    arm_of: Mapping[str, str],
    baseline: str,
    deltas: Sequence[float],
    options: StatisticsOptions,
) -> list[MissingSensitivity]:
    """The last visit's difference; shifted are the missing values of the group that does better."""
    data = arm_data(endpoint, baseline, arm_of, {})
    found = []
    for effect in {e.arm: e for e in arms.effects if e.endpoint == endpoint.name}.values():
        if effect.repeated is None:
            continue
        better = effect.arm if effect.repeated.estimate < 0 else arms.reference
        known = [
            data.changes[effect.visit][place] is not None
            for place, arm in enumerate(data.arms)
            if arm == better and any(column[place] is not None for column in data.changes.values())
        ]
        if not known or all(known):
            continue
        found.append(
            MissingSensitivity(
                endpoint=endpoint.name,
                visit=effect.visit,
                compared=f"{effect.arm} minus {arms.reference}",
                shifted=better,
                departure=departure(
                    effect.repeated, known.count(False), len(known), deltas, options
                ),
            )
        )
    return found
