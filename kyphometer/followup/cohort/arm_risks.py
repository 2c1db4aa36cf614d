"""Events by treatment group: responders, loss of correction, complications, symptoms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kyphometer.followup.clinical.record import ClinicalRecord
from kyphometer.followup.cohort.arm_effects import ArmData
from kyphometer.followup.cohort.arm_model import ArmRisk
from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.followup.cohort.symptoms import has_symptom, symptom_names
from kyphometer.stats.options import StatisticsOptions
from kyphometer.stats.two_arms import compare_risks

Events = Sequence[bool | None]
"""Whether each patient had the event; None where it is not known."""


def responders(
    data: ArmData, limit: float, arm: str, reference: str, options: StatisticsOptions
) -> list[ArmRisk]:
    """Patients whose score fell by the important change or more, at each later visit."""
    unit = " points" if data.endpoint == "VAS" else f" {data.unit}" if data.unit else ""
    outcome = f"{data.endpoint} better by {limit:g}{unit} or more"
    found = []
    for visit, changes in data.changes.items():
        events = [None if c is None else -c >= limit - 1e-9 for c in changes]
        found += _risk(outcome, True, visit, data.arms, events, (arm, reference), options)
    return found


def losses(
    endpoint: EndpointAnalysis,
    arm_of: Mapping[str, str],
    first: str,
    limit: float,
    pair: tuple[str, str],
    options: StatisticsOptions,
) -> list[ArmRisk]:
    """Patients whose kyphosis came back by the limit or more since the first visit after surgery.

    Parameters
    ----------
    arm_of
        Group by patient.
    first
        The visit that losses are taken from.
    limit
        In degrees.
    pair
        The group and the reference.
    """
    if first not in endpoint.visits:
        return []
    patients = [patient for patient in endpoint.patients if patient in arm_of]
    arms = [arm_of[patient] for patient in patients]
    outcome = f"{endpoint.name}: correction lost by {limit:g}° or more"
    found: list[ArmRisk] = []
    for visit in endpoint.visits[endpoint.visits.index(first) + 1 :]:
        changes = lost(endpoint, first, visit, patients)
        events = [None if c is None else c >= limit - 1e-9 for c in changes]
        found += _risk(outcome, False, visit, arms, events, pair, options)
    return found


def lost(
    endpoint: EndpointAnalysis, first: str, later: str, patients: Sequence[str]
) -> list[float | None]:
    """Later minus first of these patients; None where it is not known or may not be stated."""
    places = {p: place for place, p in enumerate(endpoint.patients)}
    excluded = endpoint.excluded.get((first, later), ())
    found: list[float | None] = []
    for patient in patients:
        place = places[patient]
        a, b = endpoint.values[first][place], endpoint.values[later][place]
        known = a is not None and b is not None and place not in excluded
        found.append(b - a if known else None)  # type: ignore[operator]
    return found


def complications(
    records: Sequence[ClinicalRecord], arm: str, reference: str, options: StatisticsOptions
) -> list[ArmRisk]:
    """Patients with any complication, and with a symptomatic one."""
    arms = [record.arm or "" for record in records]
    some = [None if r.complications is None else bool(r.complications) for r in records]
    felt = [
        None if r.complications is None else any(c.symptomatic for c in r.complications)
        for r in records
    ]
    return [
        *_risk("Any complication", False, None, arms, some, (arm, reference), options),
        *_risk("Symptomatic complication", False, None, arms, felt, (arm, reference), options),
    ]


def symptoms(
    records: Sequence[ClinicalRecord],
    visits: Sequence[str],
    arm: str,
    reference: str,
    options: StatisticsOptions,
) -> list[ArmRisk]:
    """Patients with each symptom at each later visit."""
    arms = [record.arm or "" for record in records]
    found: list[ArmRisk] = []
    for name in symptom_names(records):
        outcome = f"Symptom: {name.replace('_', ' ')}"
        for visit in visits:
            events = [has_symptom(record, name, visit) for record in records]
            found += _risk(outcome, False, visit, arms, events, (arm, reference), options)
    return found


def _risk(
    outcome: str,
    better: bool,
    visit: str | None,
    arms: Sequence[str],
    events: Events,
    pair: tuple[str, str],
    options: StatisticsOptions,
) -> list[ArmRisk]:
    """The comparison, or nothing where a group has nobody who is known."""
    known = [
        [event for event, own in zip(events, arms, strict=True) if own == arm and event is not None]
        for arm in pair
    ]
    if not all(known):
        return []
    (one, two), (n1, n2) = (sum(k) for k in known), (len(k) for k in known)
    comparison = compare_risks((one, two), (n1, n2), options)
    return [
        ArmRisk(outcome=outcome, better=better, visit=visit, arm=pair[0], comparison=comparison)
    ]
