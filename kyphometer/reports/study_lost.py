"""How far the results rest on patients who were lost: missing values taken for worse."""

from __future__ import annotations

from kyphometer.followup.cohort.analysis import CohortResults
from kyphometer.reports.document import Block, Bullets, Column, Heading, Table
from kyphometer.reports.study_columns import VISIT, count, number, p_value
from kyphometer.reports.study_tables import labelled
from kyphometer.stats.formatting import format_number, format_p_statement


def lost_section(cohort: CohortResults) -> list[Block]:
    """Tipping points in words, then the table; nothing where no value is missing."""
    if not cohort.lost:
        return []
    heading = Heading(text="Patients who were lost")
    return [heading, Bullets(items=tuple(_tipping(cohort))), _table(cohort)]


def _tipping(cohort: CohortResults) -> list[str]:
    labels = cohort.rules.windows.labels
    found = []
    for item in cohort.lost:
        d = item.departure
        whose = "" if item.shifted == "all patients" else f" of {item.shifted}"
        start = (
            f"{item.endpoint}, {item.compared}: {d.missing} of {d.patients} patients{whose} have "
            f"no value at {labels.get(item.visit, item.visit)}"
        )
        first = d.shifted[0]
        if d.tipping is None:
            found.append(f"{start}; the interval holds 0 whatever they would have had.")
        else:
            found.append(
                f"{start}; they would have to be {format_number(d.tipping)} worse than predicted "
                f"for the interval to hold 0 ({format_p_statement(first.p)} as predicted)."
            )
    return found


def _table(cohort: CohortResults) -> Table:
    columns = (
        Column(name="endpoint", label="Endpoint"), Column(name="compared", label="Difference"),
        VISIT, Column(name="shifted", label="Shifted"), count("missing", "Missing"),
        count("patients", "of"), number("delta", "Worse by"), number("estimate", "Estimate", 2),
        number("low", "CI low", 2), number("high", "CI high", 2), p_value("p", "p"),
        number("tipping", "Tipping point"),
    )  # fmt: skip
    table = Table.from_records(
        "missing_sensitivity",
        "Sensitivity to values that are missing",
        columns,
        [row for item in cohort.lost for row in item.rows()],
        "Mixed model with each missing value taken for so much worse than the model predicts (0: "
        "missing at random), against the estimate; between groups in the group that does better. "
        "Tipping point: from there on the interval holds 0.",
    )
    return labelled(table, cohort.rules.windows.labels)
