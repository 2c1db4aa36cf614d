"""Correction and loss of the group, and how many patients changed beyond error."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kyphometer.followup.cohort.endpoints import summary_cells
from kyphometer.followup.correction_model import Change, ChangeKind, PatientCorrection, Verdict
from kyphometer.stats.descriptive import Summary, summarise
from kyphometer.stats.options import StatisticsOptions
from kyphometer.stats.proportions import Proportion, proportion
from kyphometer.stats.tabular import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChange:
    """Correction or loss of the group at one visit, over patients whose change may be stated.

    Attributes
    ----------
    kind, earlier, later
        What is compared.
    amounts
        In degrees (signs of `Change.amount_deg`).
    percents
        Of patients where it is defined: their mean is the mean of ratios.
    ratio_of_means_percent
        100 x mean amount / mean baseline (or mean initial correction), same patients.
    verdicts
        Patients by verdict, out of those judged; not judged out of all.
    group_mdc95_deg
        MDC95 of the mean: MDC95 / sqrt(n); None without precision.
    """

    kind: ChangeKind
    earlier: str
    later: str
    amounts: Summary
    percents: Summary
    ratio_of_means_percent: float | None
    verdicts: Mapping[Verdict, Proportion]
    group_mdc95_deg: float | None


def group_changes(
    chosen: Sequence[PatientCorrection],
    visits: Sequence[str],
    options: StatisticsOptions,
    *,
    primary_only: bool,
) -> tuple[GroupChange, ...]:
    """Corrections, then losses, of the group at each visit.

    Parameters
    ----------
    chosen
        One series a patient.
    visits
        Names of the visits in order of time.
    options
        Confidence level.
    primary_only
        True to leave out changes from or to films outside the visits' tolerance.
    """
    found = []
    for kind in ChangeKind:
        for visit in visits:
            changes = [
                change
                for item in chosen
                if (
                    change := (item.correction if kind is ChangeKind.CORRECTION else item.loss)(
                        visit
                    )
                )
                and (
                    not primary_only
                    or (change.earlier.within_tolerance and change.later.within_tolerance)
                )
            ]
            if changes:
                found.append(_group_change(kind, changes, chosen, options))
    return tuple(found)


def _group_change(
    kind: ChangeKind,
    changes: Sequence[Change],
    chosen: Sequence[PatientCorrection],
    options: StatisticsOptions,
) -> GroupChange:
    stated = [c for c in changes if c.amount_deg is not None]
    amounts = summarise([c.amount_deg for c in changes], options, "The changes")
    judged = [c for c in changes if c.verdict is not Verdict.NOT_JUDGED]
    verdicts = {
        verdict: proportion(
            sum(c.verdict is verdict for c in changes),
            len(changes) if verdict is Verdict.NOT_JUDGED else len(judged),
            options,
        )
        for verdict in Verdict
    }
    precision = next((c.precision for c in changes if c.precision is not None), None)
    return GroupChange(
        kind=kind,
        earlier=changes[0].earlier.visit,
        later=changes[0].later.visit,
        amounts=amounts,
        percents=summarise([c.percent for c in changes], options, "The percentages"),
        ratio_of_means_percent=_ratio_of_means(kind, stated, chosen),
        verdicts=verdicts,
        group_mdc95_deg=precision.minimal_detectable_change_95_deg / math.sqrt(amounts.n)
        if precision and amounts.n
        else None,
    )


def _ratio_of_means(
    kind: ChangeKind, stated: Sequence[Change], chosen: Sequence[PatientCorrection]
) -> float | None:
    """100 x sum of amounts / sum of what they are taken from."""
    pairs: list[tuple[float, float]] = []
    by_patient = {item.patient: item for item in chosen}
    for change in stated:
        whole: float | None = change.earlier.value_deg
        if kind is ChangeKind.LOSS:
            first = by_patient[change.earlier.patient].correction(change.earlier.visit)
            whole = first.amount_deg if first else None
        if whole is not None and change.amount_deg is not None:
            pairs.append((change.amount_deg, whole))
    total = math.fsum(whole for _, whole in pairs)
    return 100.0 * math.fsum(amount for amount, _ in pairs) / total if total > 0 else None


def change_row(code: str, change: GroupChange) -> Row:
    """Row of a table of changes."""
    row: Row = {
        "code": code,
        "kind": change.kind.value,
        "earlier": change.earlier,
        "later": change.later,
    }
    row |= summary_cells(change.amounts)
    row["mean_low"], row["mean_high"] = change.amounts.mean_low, change.amounts.mean_high
    row["ratio_of_means_percent"] = change.ratio_of_means_percent
    row["mean_of_ratios_percent"] = change.percents.mean
    row["mean_of_ratios_n"] = change.percents.n
    row["group_mdc95_deg"] = change.group_mdc95_deg
    for verdict, share in change.verdicts.items():
        row[str(verdict.value).replace(" ", "_")] = share.count
    return row
