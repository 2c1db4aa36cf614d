"""The section of a study report that compares treatment groups: tables, forest plots, words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kyphometer.followup.cohort.analysis import CohortResults
from kyphometer.followup.cohort.arm_model import ArmCharacteristic, ArmComparison, ArmEffect
from kyphometer.followup.cohort.table_one import Characteristic
from kyphometer.plots.forest import ForestRow, plot_forest
from kyphometer.plots.paper import paper_figure
from kyphometer.reports.document import Block, Bullets, Column, Figure, Heading, Table
from kyphometer.reports.study_columns import VISIT, count, number, p_value
from kyphometer.reports.study_figures import vector
from kyphometer.reports.study_tables import labelled
from kyphometer.stats.formatting import (
    MISSING,
    format_count,
    format_interval,
    format_mean_sd,
    format_number,
    format_p_statement,
)

UNITS = {"deg": "°", "points": " points", "%": " %"}
IMBALANCE = 0.1
"""Standardised differences beyond this are usually called an imbalance."""


def arms_section(cohort: CohortResults) -> list[Block]:
    """Everything about treatment groups; nothing where there are none."""
    arms = cohort.arms
    if arms is None:
        return []
    labels = cohort.rules.windows.labels
    return [
        Heading(text="Treatment groups"),
        characteristics_by_arm(arms),
        means_table(arms, labels),
        effects_table(arms, labels, equal=cohort.options.equal_scatter),
        *effects_figures(arms, labels),
        risks_table(arms, labels),
        *([Bullets(items=arms.notes)] if arms.notes else []),
    ]


def arm_sentences(cohort: CohortResults) -> list[str]:
    """The difference of each endpoint at its last visit, one sentence each."""
    if cohort.arms is None:
        return []
    last = {(effect.endpoint, effect.arm): effect for effect in cohort.arms.effects}
    labels = cohort.rules.windows.labels
    return [_sentence(effect, cohort.arms.reference, labels) for effect in last.values()]


def _sentence(effect: ArmEffect, reference: str, labels: Mapping[str, str]) -> str:
    visit = labels.get(effect.visit, effect.visit)
    start = f"{effect.endpoint} at {visit}, {effect.arm} minus {reference}: "
    if effect.adjusted is None:
        return f"{start}not compared ({effect.note.rstrip('.')})."
    found, unit = effect.adjusted, UNITS.get(effect.unit, "")
    n1, n2 = found.patients
    return (
        f"{start}{format_number(found.difference.value)}{unit}, "
        f"{100 * found.difference.confidence:g} % CI "
        f"{format_interval(found.difference.low, found.difference.high)}, "
        f"{format_p_statement(found.p)}, adjusted for the value before surgery "
        f"(n = {n1} and {n2})."
    )


def characteristics_by_arm(arms: ArmComparison) -> Table:
    """Table 1 with a column a group and standardised differences."""
    names = list(arms.arms)
    columns = (
        Column(name="characteristic", label="Characteristic"),
        *(
            Column(name=f"arm_{place}", label=f"{name} (n = {arms.arms[name]})")
            for place, name in enumerate(names, 1)
        ),
        *(
            number(
                f"standardised_difference_{place}",
                "Standardised difference" if len(names) == 2 else f"{name}: std. difference",
                2,
            )
            for place, name in enumerate(arms.compared, 1)
        ),
    )
    rows = [row for item in arms.characteristics for row in _characteristic(item, arms)]
    return Table(
        key="table_1_by_arm",
        title="Characteristics by treatment group",
        columns=columns,
        rows=tuple(rows),
        note="Mean ± SD, or count/known (%). Standardised difference: difference from "
        f"{arms.reference} over the root mean square of both SDs; beyond {IMBALANCE:g} it is "
        "usually called an imbalance. No p: whether groups differ before treatment is no question "
        "that a test answers.",
    )


def _characteristic(item: ArmCharacteristic, arms: ArmComparison) -> list[tuple[object, ...]]:
    one = next(iter(item.arms.values()))
    unit = f", {one.unit}" if one.unit else ""
    if one.counts is None:
        shown = [_summary(item.arms[arm]) for arm in arms.arms]
        far = [item.differences[arm].get("") for arm in arms.compared]
        return [(f"{one.label}{unit}", *shown, *far)]
    rows: list[tuple[object, ...]] = []
    for category in one.counts.categories:
        shares = [_share(item.arms[arm], category) for arm in arms.arms]
        if category == "no" or not any(number for number, _ in shares):
            continue
        shown = [format_count(number, total) for number, total in shares]
        far = [item.differences[arm].get(category) for arm in arms.compared]
        rows.append((f"{one.label}: {category.replace('_', ' ')}", *shown, *far))
    return rows


def _summary(item: Characteristic) -> str:
    s = item.summary
    if s is None or not s.n:
        return MISSING
    text = format_mean_sd(s.mean, s.sd)
    return f"{text} (n = {s.n})" if s.missing else text


def _share(item: Characteristic, category: str) -> tuple[int, int]:
    if item.counts is None or category not in item.counts.categories:
        return 0, 0
    share = item.counts.shares[item.counts.categories.index(category)]
    return share.count, share.total


def means_table(arms: ArmComparison, labels: Mapping[str, str]) -> Table:
    """Values and changes of each group."""
    columns = (
        Column(name="endpoint", label="Endpoint"), VISIT, Column(name="arm", label="Group"),
        count("n", "n"), count("missing", "Missing"), number("mean", "Mean"), number("sd", "SD"),
        count("change_n", "n, change"), number("change_mean", "Change"),
        number("change_sd", "SD, change"), number("change_low", "CI low"),
        number("change_high", "CI high"),
    )  # fmt: skip
    table = Table.from_records(
        "arm_means",
        "Values and changes by treatment group",
        columns,
        [item.row() for item in arms.means],
        "Change: later minus before surgery, patients with both.",
    )
    return labelled(table, labels)


def effects_table(arms: ArmComparison, labels: Mapping[str, str], *, equal: bool = False) -> Table:
    """Adjusted differences between groups at each later visit."""
    columns = (
        Column(name="endpoint", label="Endpoint"), VISIT, Column(name="arm", label="Group"),
        count("n_arm", "n"), count("n_reference", "n, reference"),
        number("difference", "Difference", 2), number("low", "CI low", 2),
        number("high", "CI high", 2), p_value("p", "p"),
        number("mmrm_difference", "Mixed model", 2), number("mmrm_low", "its CI low", 2),
        number("mmrm_high", "CI high", 2), p_value("mmrm_p", "its p"),
        number("g", "g", 2), number("g_low", "g, CI low", 2), number("g_high", "CI high", 2),
        Column(name="note", label="Note", optional=True),
    )  # fmt: skip
    beside = ", ".join(arms.rules.covariates).replace("_", " ")
    adjusted = f"the value before surgery{f', {beside}' if beside else ''}"
    table = Table.from_records(
        "arm_effects",
        f"Differences from {arms.reference} at each visit, adjusted",
        columns,
        [effect.row() for effect in arms.effects],
        f"Difference: group minus {arms.reference}, adjusted for {adjusted} by analysis of "
        "covariance of patients with both visits; below zero is less kyphosis, pain or disability. "
        "Mixed model: the same with every patient who has any later visit. g: Hedges' g of the "
        "changes, unadjusted, which takes the scatter of the groups for equal"
        f"{'; so do both models' if equal else '; both models do not'}. p values are not adjusted "
        "for the number of endpoints.",
    )
    return labelled(table, labels)


def effects_figures(arms: ArmComparison, labels: Mapping[str, str]) -> list[Figure]:
    """A forest plot of each unit: angles together, each score for itself."""
    units = dict.fromkeys(e.unit for e in arms.effects if e.adjusted)
    return [_forest([e for e in arms.effects if e.unit == unit], arms, labels) for unit in units]


def _forest(effects: Sequence[ArmEffect], arms: ArmComparison, labels: Mapping[str, str]) -> Figure:
    several = len(arms.compared) > 1
    unit = UNITS.get(effects[0].unit, "").strip() or effects[0].unit
    names = " and ".join(dict.fromkeys(effect.endpoint for effect in effects))
    rows = [
        ForestRow(
            label=f"{e.endpoint}, {labels.get(e.visit, e.visit)}{f', {e.arm}' if several else ''}",
            value=e.adjusted.difference.value,
            low=e.adjusted.difference.low or 0.0,
            high=e.adjusted.difference.high or 0.0,
            text=f"{format_number(e.adjusted.difference.value)} "
            f"({format_interval(e.adjusted.difference.low, e.adjusted.difference.high)})",
        )
        for e in effects
        if e.adjusted is not None
    ]
    compared = arms.compared[0] if not several else "Group"
    drawing = paper_figure(6.6, 0.75 + 0.25 * len(rows))
    plot_forest(
        rows,
        xlabel=f"{compared} minus {arms.reference} ({unit}); left: better with {compared}",
        ax=drawing.add_subplot(),
    )
    key = f"forest_{'_'.join(dict.fromkeys(e.endpoint.lower() for e in effects))}"
    title = (
        f"{names}: differences from {arms.reference} at each visit with 95 % confidence interval, "
        "adjusted for the value before surgery."
    )
    return vector(key, title, drawing, "; ".join(f"{row.label}: {row.text}" for row in rows))


def risks_table(arms: ArmComparison, labels: Mapping[str, str]) -> Table:
    """Responders, losses and complications: risk difference, ratio, odds ratio."""
    share = "percent"
    columns = (
        Column(name="outcome", label="Event"), Column(name="visit", label="Visit", optional=True),
        Column(name="arm", label="Group"), count("events_arm", "Events"), count("n_arm", "of"),
        count("events_reference", "Events, reference"), count("n_reference", "of"),
        Column(name="risk_difference", label="Risk difference", kind=share),
        Column(name="risk_difference_low", label="CI low", kind=share),
        Column(name="risk_difference_high", label="CI high", kind=share),
        number("risk_ratio", "Risk ratio", 2), number("risk_ratio_low", "CI low", 2),
        number("risk_ratio_high", "CI high", 2),
        number("odds_ratio", "Odds ratio", 2), number("odds_ratio_low", "CI low", 2),
        number("odds_ratio_high", "CI high", 2), p_value("p", "p"),
    )  # fmt: skip
    table = Table.from_records(
        "arm_risks",
        f"Events by treatment group, against {arms.reference}",
        columns,
        [risk.row() for risk in arms.risks],
        "Intervals: Newcombe's of the difference, score interval corrected for skewness of the "
        "ratio (both cover up to 99 % where events or patients are few), exact of the conditional "
        "odds ratio (which covers more than it says). p: Fisher's exact test. "
        "– where a group without events sets no value or no upper limit.",
    )
    return labelled(table, labels)
