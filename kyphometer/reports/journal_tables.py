"""Tables 1 to 5 of a paper: patients, angles, scores, events, treatment groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kyphometer.followup.cohort.analysis import CohortResults
from kyphometer.followup.cohort.arm_model import ArmComparison
from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.followup.cohort.table_one import Characteristic
from kyphometer.followup.correction_model import Verdict
from kyphometer.reports.document import Column, Table
from kyphometer.reports.journal_words import say, span, word
from kyphometer.stats.families import PairComparison
from kyphometer.stats.formatting import (
    MISSING,
    format_count,
    format_mean_sd,
    format_number,
    format_p,
    format_p_statement,
)


def journal_tables(cohort: CohortResults) -> list[Table]:
    """The tables for which there is anything to show."""
    angles = [item.endpoint for item in cohort.angles]
    return [
        *([_patients(cohort)] if cohort.table_one.characteristics else []),
        *([_visits(cohort, angles, "angles")] if angles else []),
        *([_visits(cohort, cohort.scores, "scores")] if cohort.scores else []),
        *_events(cohort),
        *([_arms(cohort, cohort.arms)] if cohort.arms else []),
    ]


def _patients(cohort: CohortResults) -> Table:
    """Table 1, by group where there are any."""
    arms = cohort.arms
    name = Column(name="characteristic", label=say("journal.characteristic"))
    if arms is None:
        rows = [row for item in cohort.table_one.characteristics for row in _described([item])]
        title = say("journal.patients", count=cohort.table_one.patients)
        columns = [name, Column(name="value", label=say("journal.value"))]
    else:
        rows = [
            (*row, _largest(item.differences, arms.compared))
            for item in arms.characteristics
            for row in _described(list(item.arms.values()))
        ]
        title = say("journal.arms_patients")
        columns = [
            name,
            *(Column(name=f"arm_{n}", label=f"{a} (n = {arms.arms[a]})")
              for n, a in enumerate(arms.arms, 1)),
            Column(name="smd", label=say("journal.smd"), digits=2, kind="number"),
        ]  # fmt: skip
    note = say("journal.mean_count")
    return Table(key="table_1", title=title, columns=tuple(columns), rows=tuple(rows), note=note)


def _largest(
    differences: Mapping[str, Mapping[str, float | None]], arms: Sequence[str]
) -> float | None:
    """The standardised difference furthest from 0, over a variable's categories and groups."""
    known = [d for arm in arms for d in differences.get(arm, {}).values() if d is not None]
    return max(known, key=abs, default=None)


def _described(items: Sequence[Characteristic]) -> list[tuple[object, ...]]:
    """Rows of one variable, a cell for each of the groups."""
    one = items[0]
    unit = f", {one.unit}" if one.unit else ""
    label = word(f"variable.{one.name}", f"{one.label}{unit}")
    if one.counts is None:
        cells = [
            format_mean_sd(i.summary.mean, i.summary.sd) if i.summary else MISSING for i in items
        ]
        return [(label, *cells)]
    rows: list[tuple[object, ...]] = []
    for place, category in enumerate(one.counts.categories):
        shares = [i.counts.shares[place] for i in items if i.counts]
        if category != "no" and any(share.count for share in shares):
            words = word(f"category.{category}", category.replace("_", " "))
            cells = [format_count(share.count, share.total) for share in shares]
            rows.append((f"{label}: {words}", *cells))
    return rows


def _visits(cohort: CohortResults, endpoints: Sequence[EndpointAnalysis], what: str) -> Table:
    """Visits as rows, endpoints side by side; then change and P."""
    labels = cohort.rules.windows.labels
    visits = [
        v for v in map(str, cohort.rules.windows.visits) if any(v in e.visits for e in endpoints)
    ]
    rows: list[tuple[object, ...]] = [
        (labels.get(visit, visit), *(_at(endpoint, visit) for endpoint in endpoints))
        for visit in visits
    ]
    pairs = [endpoint.first_to_last for endpoint in endpoints]
    first, last = (labels.get(visits[place], visits[place]) for place in (0, -1))
    rows.append((say("journal.change", first=first, last=last), *map(_changed, pairs)))
    notes = [say("journal.mean_sd", first=first, last=last)]
    if what == "angles":
        improved = [_improved(cohort, endpoint.name) for endpoint in endpoints]
        if any(improved):
            rows.append((say("journal.improved"), *(text or MISSING for text in improved)))
            notes.append(say("journal.mdc", limits=_limits(cohort)))
    else:
        notes.append(say("journal.vas_range"))
    rows.append((say("journal.p"), *(format_p(p.p_t_holm) if p else MISSING for p in pairs)))
    return Table(
        key=f"journal_{what}",
        title=say(f"journal.{what}"),
        columns=(
            Column(name="visit", label=say("journal.visit")),
            *(Column(name=e.name.lower(), label=e.name) for e in endpoints),
        ),
        rows=tuple(rows),
        note=" ".join(notes),
    )


def _at(endpoint: EndpointAnalysis, visit: str) -> str:
    summary = endpoint.summaries.get(visit)
    if summary is None:
        return MISSING
    text = format_mean_sd(summary.mean, summary.sd)
    return f"{text} (n = {summary.n})" if summary.missing else text


def _changed(pair: PairComparison | None) -> str:
    if pair is None or pair.t is None:
        return MISSING
    interval = span(-pair.t.high, -pair.t.low)
    return f"{format_number(-pair.t.mean_difference)} ({interval})"


def _improved(cohort: CohortResults, code: str) -> str:
    item = cohort.angle(code)
    correction = item.last_correction if item else None
    if correction is None:
        return ""
    share = correction.verdicts[Verdict.IMPROVED]
    return f"{share.count}/{share.total}" if share.total else ""


def _limits(cohort: CohortResults) -> str:
    return ", ".join(
        f"{item.code} {format_number(item.precision.minimal_detectable_change_95_deg)}°"
        for item in cohort.angles
        if item.precision
    )


def _type(name: str) -> str:
    return word(f"category.{name}", name.replace("_", " "))


def _events(cohort: CohortResults) -> list[Table]:
    """Complications and AIS, a row each."""
    rows: list[tuple[object, ...]] = []
    found = cohort.complications
    if found.any.total:
        for label, share in (
            (say("journal.any"), found.any),
            (say("journal.symptomatic"), found.symptomatic),
            *(
                (word(f"category.{item.type}", item.type.replace("_", " ")), item.patients)
                for item in found.types
            ),
        ):
            low, high = (
                None if end is None else 100 * end for end in (share.exact_low, share.exact_high)
            )
            interval = f"{span(low, high)} %"
            rows.append((label, format_count(share.count, share.total), interval))
    last = cohort.neurology.last
    if last is not None:
        visit = list(cohort.neurology.transitions)[-1]
        label = say("journal.ais", visit=cohort.rules.windows.labels.get(visit, visit))
        counts = f"{last.improved} / {last.unchanged} / {last.worse}"
        rows.append((label, counts, format_p_statement(last.p_sign)))
    if not rows:
        return []
    columns = (
        Column(name="event", label=""),
        Column(name="count", label=say("journal.number")),
        Column(name="interval", label=say("journal.ci")),
    )
    return [
        Table(
            key="journal_events",
            title=say("journal.events"),
            columns=columns,
            rows=tuple(rows),
            note=say("journal.exact"),
        )
    ]


def _arms(cohort: CohortResults, arms: ArmComparison) -> Table:
    """Change of each group and adjusted difference, at each endpoint's last visit."""
    labels = cohort.rules.windows.labels
    last = {(effect.endpoint, effect.arm): effect for effect in arms.effects}
    changes = {(m.endpoint, m.visit, m.arm): m.change for m in arms.means}
    rows = []
    for effect in last.values():
        sides = [
            changes.get((effect.endpoint, effect.visit, a)) for a in (effect.arm, arms.reference)
        ]
        cells = [f"{format_mean_sd(c.mean, c.sd)} ({c.n})" if c and c.n else MISSING for c in sides]
        found = effect.adjusted
        shown, p = MISSING, MISSING
        if found is not None:
            d = found.difference
            shown = f"{format_number(d.value)} ({span(d.low, d.high)})"
            p = format_p(found.p)
        name = f"{effect.endpoint}, {labels.get(effect.visit, effect.visit)}"
        several = len(arms.compared) > 1
        rows.append((f"{name}, {effect.arm}" if several else name, *cells, shown, p))
    one = arms.compared[0] if len(arms.compared) == 1 else say("variable.arm")
    columns = (
        Column(name="endpoint", label=say("journal.endpoint")),
        Column(name="arm", label=one),
        Column(name="reference", label=arms.reference),
        Column(name="difference", label=say("journal.difference")),
        Column(name="p", label=say("journal.p")),
    )
    return Table(
        key="journal_arms",
        title=say("journal.arms"),
        columns=columns,
        rows=tuple(rows),
        note=say("journal.arms_note", reference=arms.reference),
    )
