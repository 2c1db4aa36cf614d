"""Tables of a study report, from result objects: raw values, rounded where they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kyphometer.followup.cohort.analysis import CohortResults
from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.followup.cohort.study import StudyResults
from kyphometer.reports.document import Column, Table
from kyphometer.reports.study_columns import VISIT, count, number, p_value, summary
from kyphometer.stats.formatting import format_count, format_interval, format_mean_sd


def flow_table(cohort: CohortResults) -> Table:
    """Patients by visit."""
    columns = (
        VISIT,
        count("measured", "Angles measured"),
        count("within_tolerance", "Film within tolerance"),
        count("vas", "VAS"),
        count("odi", "ODI"),
        count("ais", "AIS"),
    )
    flow = cohort.flow
    note = (
        f"{flow.enrolled} patients: {flow.in_table} in the clinical table, {flow.measured} with an "
        f"angle, {flow.paired} with an angle before surgery and after it."
    )
    rows = flow.rows()
    for row, visit in zip(rows, flow.visits, strict=True):
        if not (visit.filmed or visit.measured):
            row["measured"] = row["within_tolerance"] = None
    table = Table.from_records("patient_flow", "Patients by visit", columns, rows, note)
    return labelled(table, cohort.rules.windows.labels)


def losses_table(results: StudyResults) -> Table | None:
    """Who is missing at which visit and why; None where nobody is."""
    columns = (
        VISIT,
        Column(name="missing", label="Missing"),
        Column(name="reason", label="Reason"),
        count("count", "Patients"),
        Column(name="patients", label="Who"),
    )
    rows = results.losses.rows()
    if not rows:
        return None
    table = Table.from_records(
        "losses",
        "Patients and visits lost, with reasons",
        columns,
        rows,
        "Reasons are those of the clinical table (lost_VISIT, held until the patient is seen "
        "again), else what was found. Visits without films by protocol, and scores that nobody has "
        "at a visit, are no losses.",
    )
    return labelled(table, results.cohort.rules.windows.labels)


def characteristics_table(cohort: CohortResults) -> Table:
    """Table 1."""
    rows = []
    for item in cohort.table_one.characteristics:
        unit = f", {item.unit}" if item.unit else ""
        if item.summary is not None:
            s = item.summary
            span = format_interval(s.minimum, s.maximum)
            shown = f"{format_mean_sd(s.mean, s.sd)} ({span})"
            rows.append((f"{item.label}{unit}", shown, s.n, s.missing))
        elif item.counts is not None:
            rows += [
                (f"{item.label}: {name.replace('_', ' ')}", format_count(share.count, share.total),
                 share.total, item.counts.missing)
                for name, share in zip(item.counts.categories, item.counts.shares, strict=True)
                if share.count and name != "no"
            ]  # fmt: skip
    columns = (
        Column(name="characteristic", label="Characteristic"),
        Column(name="value", label="Value"),
        count("n", "n"),
        count("missing", "Missing"),
    )
    return Table(
        key="table_1",
        title=f"Characteristics of {cohort.table_one.patients} patients",
        columns=columns,
        rows=tuple(rows),
        note="Mean ± SD (minimum to maximum), or count/known (%). The file table_1_values holds "
        "every number with its interval.",
    )


def characteristics_values(cohort: CohortResults) -> Table:
    """Table 1 with all numbers in cells of their own, for programs."""
    columns = (
        Column(name="label", label="Characteristic"),
        Column(name="category", label="Category"),
        count("count", "Count"),
        number("percent", "%"),
        number("low_percent", "Exact CI low (%)"),
        number("high_percent", "Exact CI high (%)"),
        *summary(2),
    )
    return Table.from_records(
        "table_1_values", "Characteristics, every number", columns, cohort.table_one.rows()
    )


def radiographic_table(cohort: CohortResults, *, sensitivity: bool = False) -> Table:
    """Angles by visit with p against the first visit."""
    analyses = cohort.angles_sensitivity if sensitivity else cohort.angles
    rows = [row for item in analyses for row in item.rows()]
    title = "Angles by visit (degrees)"
    if sensitivity:
        title += ", films of the wider analysis windows included"
    table = Table.from_records(
        "radiographic_sensitivity" if sensitivity else "radiographic",
        title,
        (
            Column(name="endpoint", label="Angle"), VISIT, *summary(),
            p_value("p", "p"), p_value("p_holm", "p, Holm"),
            p_value("wilcoxon_p_holm", "Wilcoxon p, Holm"),
        ),
        rows,
        "p: paired t test against the first visit; Holm within all pairs of visits of the angle. "
        + cohort.corrections.elsewhere,
    )  # fmt: skip
    return labelled(table, cohort.rules.windows.labels)


def scores_table(endpoint: EndpointAnalysis, labels: Mapping[str, str]) -> Table:
    """VAS or ODI by visit."""
    unit = "points, 0 to 10" if endpoint.name == "VAS" else endpoint.unit
    table = Table.from_records(
        f"{endpoint.name.lower()}_by_visit",
        f"{endpoint.name} by visit ({unit})",
        (VISIT, *summary(), p_value("p", "p"), p_value("p_holm", "p, Holm")),
        endpoint.rows(),
        "p: paired t test against the first visit; Holm within all pairs of visits.",
    )
    return labelled(table, labels)


def pairs_table(endpoint: EndpointAnalysis, labels: Mapping[str, str]) -> Table:
    """All pairwise comparisons of an endpoint."""
    columns = (
        Column(name="first", label="From"),
        Column(name="second", label="To"),
        count("n", "n"),
        number("mean_first", "Mean, first", 2),
        number("mean_second", "Mean, second", 2),
        number("mean_difference", "Mean diff.", 2),
        number("low", "CI low", 2),
        number("high", "CI high", 2),
        number("sd_difference", "SD diff.", 2),
        number("t", "t", 2),
        count("degrees_of_freedom", "df"),
        p_value("p", "p"),
        p_value("p_holm", "p, Holm"),
        number("cohen_dz", "d_z", 2),
        p_value("wilcoxon_p", "Wilcoxon p"),
        p_value("wilcoxon_p_holm", "its Holm"),
        p_value("shapiro_p", "Shapiro p"),
    )
    rows = [
        {**row, "shapiro_p": normality.shapiro_p}
        for row, normality in zip(endpoint.comparisons.rows(), endpoint.normality, strict=True)
    ]
    table = Table.from_records(
        f"{endpoint.name.lower()}_pairs",
        f"{endpoint.name}: all pairs of visits, earlier minus later ({endpoint.unit})",
        columns,
        rows,
        "Diff.: difference. d_z: mean difference over SD of differences. Shapiro p: Shapiro and "
        "Wilk's test of the differences, shown and not used to choose a test. Patients who lack "
        "one of the visits, or whose change may not be stated, are not counted.",
    )
    return labelled(table, labels)


_VISITS = ("visit", "first", "second", "earlier", "later", "from", "to")


def labelled(table: Table, labels: Mapping[str, str]) -> Table:
    """The table with the printed names of visits for people; programs get the study's names."""
    columns = tuple(replace(c, words=labels) if c.name in _VISITS else c for c in table.columns)
    return replace(table, columns=columns)
