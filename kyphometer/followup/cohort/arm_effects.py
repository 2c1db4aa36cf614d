"""Endpoints by treatment group: means, changes, adjusted differences."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kyphometer.errors import StatisticsError
from kyphometer.followup.cohort.arm_model import ArmEffect, ArmMeans
from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.stats.arm_model import ArmModel, compare_arms
from kyphometer.stats.descriptive import summarise
from kyphometer.stats.estimate import Estimate
from kyphometer.stats.options import StatisticsOptions
from kyphometer.stats.two_arms import AdjustedDifference, ancova, hedges_g

Column = Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmData:
    """One endpoint of the patients whose group is known, one entry a patient in every column.

    Attributes
    ----------
    endpoint, unit
        What it is.
    baseline
        Name of the visit before surgery.
    arms
        Group of each patient.
    values
        By visit.
    changes
        Later minus baseline by later visit, None where it may not be stated.
    covariates
        Values of each covariate.
    """

    endpoint: str
    unit: str
    baseline: str
    arms: tuple[str, ...]
    values: Mapping[str, Column]
    changes: Mapping[str, Column]
    covariates: tuple[Column, ...]

    def of(self, column: Column, arm: str) -> list[float | None]:
        """Entries of one group."""
        return [value for value, own in zip(column, self.arms, strict=True) if own == arm]


def arm_data(
    endpoint: EndpointAnalysis,
    baseline: str,
    arm_of: Mapping[str, str],
    covariates: Mapping[str, Sequence[float | None]],
) -> ArmData:
    """The endpoint's values of patients whose group is known.

    Parameters
    ----------
    covariates
        Values of the covariates by patient.
    """
    places = [place for place, p in enumerate(endpoint.patients) if p in arm_of]
    patients = [endpoint.patients[place] for place in places]
    values = {v: [endpoint.values[v][place] for place in places] for v in endpoint.visits}
    before = values.get(baseline)
    changes = {
        visit: _changes(before, values[visit], _without(endpoint, baseline, visit, places))
        for visit in endpoint.visits
        if before is not None and visit != baseline
    }
    width = max(map(len, covariates.values()), default=0)
    return ArmData(
        endpoint=endpoint.name,
        unit=endpoint.unit,
        baseline=baseline,
        arms=tuple(arm_of[p] for p in patients),
        values=values,
        changes=changes,
        covariates=tuple([covariates[p][k] for p in patients] for k in range(width)),
    )


def _without(
    endpoint: EndpointAnalysis, baseline: str, visit: str, places: Sequence[int]
) -> set[int]:
    """Places among `places` of patients whose change may not be stated."""
    excluded = endpoint.excluded.get((baseline, visit), ())
    return {own for own, place in enumerate(places) if place in excluded}


def _changes(before: Column, after: Column, without: Collection[int]) -> list[float | None]:
    return [
        None if a is None or b is None or place in without else b - a
        for place, (a, b) in enumerate(zip(before, after, strict=True))
    ]


def arm_means(data: ArmData, arms: Sequence[str], options: StatisticsOptions) -> list[ArmMeans]:
    """Values and changes of each group at each visit."""
    return [
        ArmMeans(
            endpoint=data.endpoint,
            unit=data.unit,
            visit=visit,
            arm=arm,
            values=summarise(data.of(column, arm), options, data.endpoint),
            change=summarise(data.of(data.changes[visit], arm), options, data.endpoint)
            if visit in data.changes
            else None,
        )
        for visit, column in data.values.items()
        for arm in arms
    ]


def arm_effects(
    data: ArmData, arm: str, reference: str, options: StatisticsOptions
) -> tuple[list[ArmEffect], list[str]]:
    """Differences of a group from the reference at each later visit, and notes on the models."""
    pair = [place for place, own in enumerate(data.arms) if own in (arm, reference)]
    first = [data.arms[place] == arm for place in pair]
    covariates = [[column[place] for place in pair] for column in data.covariates]
    before = [data.values[data.baseline][place] for place in pair] if data.changes else []
    later = {visit: _stated(data, visit, pair) for visit in data.changes}
    model, note = _model(data.endpoint, before, later, first, options, covariates)
    effects = []
    for visit, column in later.items():
        adjusted, missing = _ancova(before, column, first, options, covariates)
        effects.append(
            ArmEffect(
                endpoint=data.endpoint,
                unit=data.unit,
                visit=visit,
                arm=arm,
                adjusted=adjusted,
                repeated=model.differences[visit] if model else None,
                effect_size=_effect_size(data, visit, arm, reference, options),
                note=missing,
            )
        )
    return effects, [f"{data.endpoint}, {arm} against {reference}: {note}"] if note else []


def _stated(data: ArmData, visit: str, places: Sequence[int]) -> list[float | None]:
    """Values at a later visit of patients whose change may be stated."""
    changes, values = data.changes[visit], data.values[visit]
    return [None if changes[place] is None else values[place] for place in places]


def _model(
    name: str,
    before: Column,
    later: Mapping[str, Column],
    first: Sequence[bool],
    options: StatisticsOptions,
    covariates: Sequence[Column],
) -> tuple[ArmModel | None, str]:
    """The mixed model of all later visits, and what must be said of it."""
    if len(later) < 2:
        return None, ""
    try:
        model = compare_arms(name, before, later, first, options, covariates)
    except StatisticsError as error:
        return None, f"no mixed model: {error}"
    return model, model.covariance.fallback


def _ancova(
    before: Column,
    after: Column,
    first: Sequence[bool],
    options: StatisticsOptions,
    covariates: Sequence[Column],
) -> tuple[AdjustedDifference | None, str]:
    try:
        return ancova(before, after, first, options, covariates), ""
    except StatisticsError as error:
        return None, str(error)


def _effect_size(
    data: ArmData, visit: str, arm: str, reference: str, options: StatisticsOptions
) -> Estimate | None:
    changes = data.changes[visit]
    try:
        return hedges_g(data.of(changes, arm), data.of(changes, reference), options)
    except StatisticsError:
        return None
