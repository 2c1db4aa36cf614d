"""A report as an author sends it: compact tables as in papers, figures, and results in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kyphometer.followup.cohort.analysis import CohortResults
from kyphometer.followup.cohort.arm_model import ArmComparison
from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.followup.cohort.study import StudyResults
from kyphometer.followup.cohort.table_one import Characteristic
from kyphometer.followup.correction_model import Verdict
from kyphometer.followup.windows import DEFAULT_WINDOWS, VisitWindows
from kyphometer.messages import catalogue, sentence, speaking
from kyphometer.plots.drawing import Drawing, drawn, with_decimal
from kyphometer.reports.document import Block, Column, Document, Figure, Heading, Paragraph, Table
from kyphometer.reports.study_arms import effects_figures
from kyphometer.reports.study_figures import angles_figure, scores_figure
from kyphometer.reports.study_methods import methods
from kyphometer.stats.families import PairComparison
from kyphometer.stats.formatting import (
    format_count,
    format_mean_sd,
    format_number,
    format_p,
    format_p_statement,
)

FIGURE_DPI = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalStyle:
    """How a journal wants it.

    Attributes
    ----------
    language
        `en` or `vi`.
    decimal
        Decimal mark of printed numbers.
    author
        For the properties of files.
    """

    language: str = "en"
    decimal: str = "."
    author: str = ""


def journal_document(
    results: StudyResults,
    style: JournalStyle = JournalStyle(),
    made_at: datetime | None = None,
) -> Document:
    """Tables 1 to 5 and figures of a paper, its results in sentences, and in English its methods.

    Bitmaps have 600 dots an inch.
    """
    with (
        speaking(style.language),
        drawn(Drawing(dpi=FIGURE_DPI, decimal=style.decimal)),
    ):
        cohort = _in_language(results.cohort)
        blocks: list[Block] = [
            Heading(text=_say("journal.results")),
            *(Paragraph(text=text) for text in _sentences(cohort)),
            Heading(text=_say("journal.tables")),
            *_tables(cohort),
            Heading(text=_say("journal.figures")),
            *_figures(cohort),
            Heading(text=_say("journal.methods")),
            *_methods(results, style.language),
        ]
        subtitle = _say("journal.subtitle")
    return Document(
        title=results.name,
        subtitle=subtitle,
        blocks=tuple(_marked(block, style.decimal) for block in blocks),
        author=style.author,
        made_at=made_at,
        language=style.language,
    )


def _say(key: str, **facts: object) -> str:
    return sentence(key, facts)


def _word(key: str, otherwise: str) -> str:
    """A word of the catalogue, or what stands for it where it has none."""
    from kyphometer.messages import language

    return sentence(key, {}) if key in catalogue(language()) else otherwise


def _in_language(cohort: CohortResults) -> CohortResults:
    """Visits that have their usual English label get that of the language."""
    usual = DEFAULT_WINDOWS.labels
    windows = tuple(
        replace(w, label=_word(f"visit.{w.visit}", w.label)) if w.label == usual.get(w.visit) else w
        for w in cohort.rules.windows.windows
    )
    known: VisitWindows = replace(cohort.rules.windows, windows=windows)
    return replace(cohort, rules=replace(cohort.rules, windows=known))


def _methods(results: StudyResults, language: str) -> list[Paragraph]:
    """Methods as they were: written in English only; other languages name the software."""
    if language == "en":
        return [Paragraph(text=text) for text in methods(results)]
    return [Paragraph(text=_say("journal.software", software=results.software))]


def _marked(block: Block, mark: str) -> Block:
    """The block with that decimal mark in what people read."""
    match block:
        case Paragraph(text=text):
            return replace(block, text=with_decimal(text, mark))
        case Table():
            return replace(
                block,
                title=with_decimal(block.title, mark),
                note=with_decimal(block.note, mark),
                columns=tuple(replace(c, decimal=mark) for c in block.columns),
                rows=tuple(
                    tuple(with_decimal(c, mark) if isinstance(c, str) else c for c in row)
                    for row in block.rows
                ),
            )
        case Figure(title=title, alternative=alternative):
            return replace(
                block,
                title=with_decimal(title, mark),
                alternative=with_decimal(alternative, mark),
            )
    return block


# ------------------------------------------------------------------------------------- words


def _sentences(cohort: CohortResults) -> list[str]:
    labels = cohort.rules.windows.labels
    units = {"deg": "°", "%": " %"}
    found = []
    for endpoint in _endpoints(cohort):
        pair = endpoint.first_to_last
        if pair is None or pair.t is None:
            continue
        t = pair.t
        found.append(
            _say(
                "journal.said",
                name=endpoint.name,
                unit=units.get(endpoint.unit, ""),
                first=labels.get(pair.first, pair.first),
                last=labels.get(pair.second, pair.second),
                first_mean=format_mean_sd(t.mean_first, t.sd_first),
                last_mean=format_mean_sd(t.mean_second, t.sd_second),
                count=t.n,
                change=_minus(format_number(-t.mean_difference)),
                low=_minus(format_number(-t.high)),
                high=_minus(format_number(-t.low)),
                p=format_p_statement(pair.p_t_holm),
            )
        )
    share = cohort.complications.any
    if share.total and share.exact_low is not None and share.exact_high is not None:
        found.append(
            _say(
                "journal.complications",
                count=share.count,
                total=share.total,
                low=format_number(100 * share.exact_low),
                high=format_number(100 * share.exact_high),
            )
        )
    return found


def _endpoints(cohort: CohortResults) -> list[EndpointAnalysis]:
    return [*(item.endpoint for item in cohort.angles), *cohort.scores]


def _span(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "–"
    return _say("journal.span", low=format_number(low), high=format_number(high))


def _minus(text: str) -> str:
    return text.replace("-", "−")


# ------------------------------------------------------------------------------------ tables


def _tables(cohort: CohortResults) -> list[Table]:
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
    name = Column(name="characteristic", label=_say("journal.characteristic"))
    if arms is None:
        rows = [row for item in cohort.table_one.characteristics for row in _described([item])]
        title = _say("journal.patients", count=cohort.table_one.patients)
        columns = [name, Column(name="value", label=_say("journal.value"))]
    else:
        rows = [
            (*row, _largest(item.differences, arms.compared))
            for item in arms.characteristics
            for row in _described(list(item.arms.values()))
        ]
        title = _say("journal.arms_patients")
        columns = [
            name,
            *(Column(name=f"arm_{n}", label=f"{a} (n = {arms.arms[a]})")
              for n, a in enumerate(arms.arms, 1)),
            Column(name="smd", label=_say("journal.smd"), digits=2, kind="number"),
        ]  # fmt: skip
    note = _say("journal.mean_count")
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
    label = _word(f"variable.{one.name}", f"{one.label}{unit}")
    if one.counts is None:
        cells = [
            _minus(format_mean_sd(i.summary.mean, i.summary.sd)) if i.summary else "–"
            for i in items
        ]
        return [(label, *cells)]
    rows: list[tuple[object, ...]] = []
    for place, category in enumerate(one.counts.categories):
        shares = [i.counts.shares[place] for i in items if i.counts]
        if category != "no" and any(share.count for share in shares):
            words = _word(f"category.{category}", category.replace("_", " "))
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
    rows.append((_say("journal.change", first=first, last=last), *map(_changed, pairs)))
    notes = [_say("journal.mean_sd", first=first, last=last)]
    if what == "angles":
        improved = [_improved(cohort, endpoint.name) for endpoint in endpoints]
        if any(improved):
            rows.append((_say("journal.improved"), *(text or "–" for text in improved)))
            notes.append(_say("journal.mdc", limits=_limits(cohort)))
    else:
        notes.append(_say("journal.vas_range"))
    rows.append((_say("journal.p"), *(_minus(format_p(p.p_t_holm)) if p else "–" for p in pairs)))
    return Table(
        key=f"journal_{what}",
        title=_say(f"journal.{what}"),
        columns=(
            Column(name="visit", label=_say("journal.visit")),
            *(Column(name=e.name.lower(), label=e.name) for e in endpoints),
        ),
        rows=tuple(rows),
        note=" ".join(notes),
    )


def _at(endpoint: EndpointAnalysis, visit: str) -> str:
    summary = endpoint.summaries.get(visit)
    if summary is None:
        return "–"
    text = _minus(format_mean_sd(summary.mean, summary.sd))
    return f"{text} (n = {summary.n})" if summary.missing else text


def _changed(pair: PairComparison | None) -> str:
    if pair is None or pair.t is None:
        return "–"
    interval = _span(-pair.t.high, -pair.t.low)
    return _minus(f"{format_number(-pair.t.mean_difference)} ({interval})")


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


def _events(cohort: CohortResults) -> list[Table]:
    """Complications and AIS, a row each."""
    rows: list[tuple[object, ...]] = []
    found = cohort.complications
    if found.any.total:
        for label, share in (
            (_say("journal.any"), found.any),
            (_say("journal.symptomatic"), found.symptomatic),
            *((item.type.replace("_", " "), item.patients) for item in found.types),
        ):
            low, high = (
                None if end is None else 100 * end for end in (share.exact_low, share.exact_high)
            )
            span = _span(low, high)
            rows.append((label, format_count(share.count, share.total), f"{span} %"))
    last = cohort.neurology.last
    if last is not None:
        visit = list(cohort.neurology.transitions)[-1]
        label = _say("journal.ais", visit=cohort.rules.windows.labels.get(visit, visit))
        counts = f"{last.improved} / {last.unchanged} / {last.worse}"
        rows.append((label, counts, format_p_statement(last.p_sign)))
    if not rows:
        return []
    columns = (
        Column(name="event", label=""),
        Column(name="count", label=_say("journal.number")),
        Column(name="interval", label=_say("journal.ci")),
    )
    return [
        Table(
            key="journal_events",
            title=_say("journal.events"),
            columns=columns,
            rows=tuple(rows),
            note=_say("journal.exact"),
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
        cells = [
            _minus(f"{format_mean_sd(c.mean, c.sd)} ({c.n})") if c and c.n else "–" for c in sides
        ]
        found = effect.adjusted
        shown, p = "–", "–"
        if found is not None:
            d = found.difference
            shown = _minus(f"{format_number(d.value)} ({_span(d.low, d.high)})")
            p = format_p(found.p)
        name = f"{effect.endpoint}, {labels.get(effect.visit, effect.visit)}"
        several = len(arms.compared) > 1
        rows.append((f"{name}, {effect.arm}" if several else name, *cells, shown, p))
    one = arms.compared[0] if len(arms.compared) == 1 else _say("variable.arm")
    columns = (
        Column(name="endpoint", label=_say("journal.endpoint")),
        Column(name="arm", label=one),
        Column(name="reference", label=arms.reference),
        Column(name="difference", label=_say("journal.difference")),
        Column(name="p", label=_say("journal.p")),
    )
    return Table(
        key="journal_arms",
        title=_say("journal.arms"),
        columns=columns,
        rows=tuple(rows),
        note=_say("journal.arms_note", reference=arms.reference),
    )


def _figures(cohort: CohortResults) -> list[Figure]:
    names = " & ".join(item.code for item in cohort.angles)
    angles, over_time = angles_figure(cohort), scores_figure(cohort)
    found = []
    if angles is not None:
        found.append(replace(angles, title=_say("journal.angles_figure", names=names)))
    if over_time is not None:
        title = _say("journal.scores_figure", names=" & ".join(item.name for item in cohort.scores))
        found.append(replace(over_time, title=title))
    if cohort.arms is not None:
        found += effects_figures(cohort.arms, cohort.rules.windows.labels)
    return found
