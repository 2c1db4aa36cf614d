"""Sections of a study report: time to loss of correction and to revision; symptoms."""

from __future__ import annotations

from collections.abc import Mapping

from kyphometer.followup.cohort.analysis import CohortResults
from kyphometer.followup.cohort.times import EVERYBODY, TimeToEvent
from kyphometer.plots.paper import paper_figure
from kyphometer.plots.survival import plot_time_to_event
from kyphometer.reports.document import Block, Column, Figure, Heading, Table
from kyphometer.reports.study_columns import VISIT, count, number, p_value
from kyphometer.reports.study_figures import vector
from kyphometer.reports.study_tables import labelled
from kyphometer.stats.formatting import format_interval, format_number, format_p_statement

_SHARE = "percent"


def times_section(cohort: CohortResults) -> list[Block]:
    """Curves and table of every event in time; nothing where there is none."""
    if not cohort.times:
        return []
    labels = cohort.rules.windows.labels
    return [
        Heading(text="Time to loss of correction or revision"),
        times_table(cohort),
        *(times_figure(item, labels) for item in cohort.times if item.groups[0].curve.events),
    ]


def times_table(cohort: CohortResults) -> Table:
    """Share still free of each event at each visit."""
    columns = (
        Column(name="event", label="Event"), Column(name="group", label="Group"),
        count("n", "Patients"), count("events", "Events"), VISIT, count("at_risk", "At risk"),
        Column(name="free", label="Free of it", kind=_SHARE),
        Column(name="low", label="CI low", kind=_SHARE),
        Column(name="high", label="CI high", kind=_SHARE),
        p_value("p", "Log-rank p, whole curve"),
    )  # fmt: skip
    gaps = "; ".join(f"{item.event}: {item.gaps}" for item in cohort.times if item.gaps)
    table = Table.from_records(
        "time_to_event",
        "Time to loss of correction and to revision",
        columns,
        [row for item in cohort.times for row in item.rows()],
        "Kaplan-Meier; intervals are beta products, which cover at least what they say. A loss is "
        "seen at a visit and came at any time since the visit before: patients are followed from "
        "visit to visit. A patient who does not come any more counts until then, which is right "
        "only if those who stay away fare like the others. A correction that is lost by "
        "measurement error alone counts too"
        + (f". A visit was missed before the event ({gaps})." if gaps else "."),
    )
    return labelled(table, cohort.rules.windows.labels)


def times_figure(item: TimeToEvent, labels: Mapping[str, str]) -> Figure:
    """Kaplan and Meier's curves of one event: of treatment groups, or of everybody."""
    groups = item.groups[1:] or item.groups
    drawing = paper_figure(4.8, 2.9 + 0.17 * len(groups))
    plot_time_to_event(item, groups, labels, ax=drawing.add_subplot())
    key = f"time_to_{item.event.split(':')[0].split()[0].lower()}"
    title = f"{item.event}: share of patients still free of it, with 95 % confidence intervals."
    words = "; ".join(
        f"{group.group} {100 * found.value:.0f} % at {labels.get(visit, visit)}"
        for group in groups
        for visit, found in group.at_visits.items()
    )
    return vector(key, title, drawing, words, 0.75)


def times_sentences(cohort: CohortResults) -> list[str]:
    """The share free of each event at the last visit, one sentence each."""
    labels = cohort.rules.windows.labels
    found = []
    for item in cohort.times:
        everybody = next(group for group in item.groups if group.group == EVERYBODY)
        if not everybody.at_visits:
            continue
        visit, share = list(everybody.at_visits.items())[-1]
        low, high = (None if end is None else 100 * end for end in (share.low, share.high))
        tests = "".join(
            f"; {group.group} against {item.groups[-1].group}, log-rank "
            f"{format_p_statement(group.p)}"
            for group in item.groups
            if group.p is not None
        )
        found.append(
            f"{item.event}: {everybody.curve.events} of {everybody.curve.patients} patients; free "
            f"of it at {labels.get(visit, visit)} {format_number(100 * share.value)} % "
            f"({100 * share.confidence:g} % CI {format_interval(low, high)}){tests}."
        )
    return found


def symptoms_table(cohort: CohortResults) -> Table | None:
    """Symptoms before surgery and at each later visit."""
    rows = [row for item in cohort.symptoms for row in item.rows()]
    if not rows:
        return None
    columns = (
        Column(name="symptom", label="Symptom"), VISIT, count("n", "n"),
        count("missing", "Missing"), count("before", "Before"), count("after", "After"),
        count("gone", "Gone"), count("come", "New"),
        Column(name="difference", label="Change", kind=_SHARE),
        Column(name="low", label="CI low", kind=_SHARE),
        Column(name="high", label="CI high", kind=_SHARE),
        number("chi_square", "McNemar χ²", 2), p_value("p_chi_square", "its p"),
        p_value("p", "Exact p"), p_value("p_holm", "p, Holm"),
    )  # fmt: skip
    table = Table.from_records(
        "symptoms",
        "Symptoms before surgery and at later visits, the same patients",
        columns,
        rows,
        "Patients known at both times. Change of the share with Tango's score interval; McNemar's "
        "test, exact and (χ², uncorrected) as SPSS's large-sample one; Holm within a symptom, of "
        "the exact p.",
    )
    return labelled(table, cohort.rules.windows.labels)
