"""Treatment groups compared: table 1, change from baseline, responders, losses, complications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from kyphometer.errors import UnusableDataError
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.followup.cohort.arm_effects import arm_data, arm_effects, arm_means
from kyphometer.followup.cohort.arm_model import ArmCharacteristic, ArmComparison, ArmRisk
from kyphometer.followup.cohort.arm_risks import complications, losses, responders, symptoms
from kyphometer.followup.cohort.arm_rules import ArmRules, covariate
from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.followup.cohort.table_one import Variable, variables
from kyphometer.followup.windows import VisitWindows
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.two_arms import standardised_difference


def compare_treatments(
    angles: Sequence[EndpointAnalysis],
    scores: Sequence[EndpointAnalysis],
    table: ClinicalTable,
    windows: VisitWindows,
    rules: ArmRules,
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> ArmComparison | None:
    """Compare the treatment groups of the clinical table; None if it names fewer than two.

    Spellings that differ in case only are one group, and a note says so.

    Raises
    ------
    UnusableDataError
        If the reference is none of the groups, or a covariate cannot be used.
    """
    records, notes = one_spelling(table.records)
    sizes = {arm: sum(r.arm == arm for r in records) for arm in {r.arm for r in records if r.arm}}
    if len(sizes) < 2:
        return None
    reference = _reference(rules, sorted(sizes))
    others = [arm for arm in sorted(sizes) if arm != reference]
    later = [str(visit) for visit in windows.visits if visit != windows.baseline]
    known = [record for record in records if record.arm]
    arm_of = {record.patient: record.arm or "" for record in known}
    beside = {r.patient: [covariate(r, name) for name in rules.covariates] for r in known}
    unknown = len(records) - len(known)
    if unknown:
        notes.append(f"{unknown} patients whose treatment group is not known are left out.")
    means, effects = [], []
    for endpoint in (*angles, *scores):
        data = arm_data(endpoint, windows.baseline, arm_of, beside)
        means += arm_means(data, [*others, reference], options)
        for arm in others:
            found, said = arm_effects(data, arm, reference, options)
            effects += found
            notes += said
    return ArmComparison(
        arms={arm: sizes[arm] for arm in (*others, reference)},
        reference=reference,
        unknown=unknown,
        rules=rules,
        characteristics=_characteristics(known, windows.baseline, others, reference, options),
        means=tuple(means),
        effects=tuple(effects),
        risks=tuple(
            risk
            for arm in others
            for risk in (
                *_of_scores(scores, arm_of, windows, rules, (arm, reference), options),
                *_of_angles(angles, arm_of, windows, rules, (arm, reference), options),
                *complications(known, arm, reference, options),
                *symptoms(known, later, arm, reference, options),
            )
        ),
        notes=tuple(dict.fromkeys(notes)),
    )


def one_spelling(records: Sequence[ClinicalRecord]) -> tuple[list[ClinicalRecord], list[str]]:
    """Records with one spelling of each treatment group, and notes on those that were several."""
    first: dict[str, str] = {}
    notes: dict[str, None] = {}
    found = []
    for record in records:
        name = " ".join((record.arm or "").split())
        known = first.setdefault(name.casefold(), name)
        if known != name:
            notes[f"The treatment groups '{known}' and '{name}' were taken as one."] = None
        found.append(replace(record, arm=known or None))
    return found, list(notes)


def _reference(rules: ArmRules, arms: Sequence[str]) -> str:
    if not rules.reference:
        return arms[0]
    for arm in arms:
        if arm.casefold() == rules.reference.casefold():
            return arm
    raise UnusableDataError("no_reference_group", reference=rules.reference, names=", ".join(arms))


def _characteristics(
    records: Sequence[ClinicalRecord],
    baseline: str,
    others: Sequence[str],
    reference: str,
    options: StatisticsOptions,
) -> tuple[ArmCharacteristic, ...]:
    places = {
        arm: [place for place, record in enumerate(records) if record.arm == arm]
        for arm in (*others, reference)
    }
    return tuple(
        ArmCharacteristic(
            arms={arm: variable.describe(own, options) for arm, own in places.items()},
            differences={arm: _smd(variable, places[arm], places[reference]) for arm in others},
        )
        for variable in variables(records, baseline)
        if variable.name != "arm"
    )


def _smd(
    variable: Variable, first: Sequence[int], second: Sequence[int]
) -> Mapping[str, float | None]:
    """Standardised differences by category; of numbers under an empty name."""
    sides = [
        [value for place in places if (value := variable.values[place]) is not None]
        for places in (first, second)
    ]
    if not all(sides):
        return {}
    if variable.categories is None:
        one, two = (np.array(side, dtype=float) for side in sides)
        return {"": standardised_difference(one, two)}
    words = sorted({str(value) for side in sides for value in side} - set(variable.categories))
    return {
        word: standardised_difference(
            *(np.array([str(value) == word for value in side], dtype=float) for side in sides)
        )
        for word in (*variable.categories, *words)
    }


def _of_scores(
    scores: Sequence[EndpointAnalysis],
    arm_of: Mapping[str, str],
    windows: VisitWindows,
    rules: ArmRules,
    pair: tuple[str, str],
    options: StatisticsOptions,
) -> list[ArmRisk]:
    found = []
    for endpoint in scores:
        limit = rules.important_change.get(endpoint.name)
        if limit is not None:
            data = arm_data(endpoint, windows.baseline, arm_of, {})
            found += responders(data, limit, *pair, options)
    return found


def _of_angles(
    angles: Sequence[EndpointAnalysis],
    arm_of: Mapping[str, str],
    windows: VisitWindows,
    rules: ArmRules,
    pair: tuple[str, str],
    options: StatisticsOptions,
) -> list[ArmRisk]:
    return [
        risk
        for endpoint in angles
        for risk in losses(
            endpoint, arm_of, str(windows.reference), rules.loss_limit_deg, pair, options
        )
    ]
