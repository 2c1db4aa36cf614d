"""The tables of a paper as numbers for a spreadsheet: a topic a sheet, a number a cell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kyphometer.followup.cohort.analysis import CohortResults
from kyphometer.followup.cohort.arm_model import ArmComparison
from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.followup.cohort.study import StudyResults
from kyphometer.followup.cohort.table_one import Characteristic
from kyphometer.messages import speaking
from kyphometer.reports.document import Block, Column, Document, Heading, Table
from kyphometer.reports.journal import JournalStyle, in_language
from kyphometer.reports.journal_words import say, word
from kyphometer.stats.proportions import Proportion

DECIMALS = 1


def journal_workbook(
    results: StudyResults,
    style: JournalStyle,
    made_at: datetime | None = None,
) -> Document:
    """What the tables of `journal_document` print, with each mean, SD, n and limit in its cell."""
    with speaking(style.language):
        cohort = in_language(results.cohort)
        arms = cohort.arms
        topics = (
            ("patients", _patients(cohort)),
            ("angles", _visits(cohort, [item.endpoint for item in cohort.angles], "angles")),
            ("scores", _visits(cohort, cohort.scores, "scores")),
            ("events", _events(cohort)),
            ("arms", _arms(cohort, arms) if arms else None),
        )
        blocks: list[Block] = []
        for topic, table in topics:
            if table is not None and table.rows:
                blocks += [Heading(text=say(f"journal.sheet.{topic}")), table]
        return Document(
            title=results.name,
            subtitle=say("journal.subtitle"),
            blocks=tuple(blocks),
            author=style.author,
            made_at=made_at,
            language=style.language,
        )


def _number(name: str, digits: int | None = DECIMALS) -> Column:
    return Column(
        name=name, label=say(f"journal.cell.{name}"), digits=digits, kind="number", optional=True
    )


def _text(name: str, label: str) -> Column:
    return Column(name=name, label=say(f"journal.{label}"), optional=True)


def _p() -> Column:
    return Column(name="p", label=say("journal.p"), kind="p", optional=True)


def _table(
    key: str, title: str, columns: Sequence[Column], records: list[dict[str, Any]], note: str = ""
) -> Table:
    return Table.from_records(key, title, tuple(columns), records, note).printed()


def _patients(cohort: CohortResults) -> Table:
    """Table 1, a row a variable or category of each group."""
    arms = cohort.arms
    groups: list[tuple[str, Sequence[Characteristic]]] = [("", cohort.table_one.characteristics)]
    if arms is not None:
        groups = [
            (arm, [item.arms[arm] for item in arms.characteristics if arm in item.arms])
            for arm in arms.arms
        ]
    records = [
        {"arm": arm, **record} for arm, items in groups for i in items for record in _described(i)
    ]
    columns = (
        _text("arm", "cell.arm"), _text("characteristic", "characteristic"),
        _text("category", "cell.category"), _number("n", None), _number("missing", None),
        _number("mean"), _number("sd"), _number("minimum"), _number("maximum"),
        _number("count", None), _number("percent"),
    )  # fmt: skip
    return _table("table_1", say("journal.sheet.patients"), columns, records)


def _described(item: Characteristic) -> list[dict[str, Any]]:
    unit = f", {item.unit}" if item.unit else ""
    name = word(f"variable.{item.name}", f"{item.label}{unit}")
    if item.summary is not None:
        s = item.summary
        return [{
            "characteristic": name, "n": s.n, "missing": s.missing, "mean": s.mean, "sd": s.sd,
            "minimum": s.minimum, "maximum": s.maximum,
        }]  # fmt: skip
    counts = item.counts
    if counts is None:
        return []
    return [
        {
            "characteristic": name,
            "category": word(f"category.{category}", category.replace("_", " ")),
            "n": share.total,
            "missing": counts.missing,
            **_share(share),
        }
        for category, share in zip(counts.categories, counts.shares, strict=True)
    ]


def _share(share: Proportion) -> dict[str, Any]:
    low, high = (None if x is None else 100 * x for x in (share.exact_low, share.exact_high))
    known = share.total > 0
    percent = 100 * share.count / share.total if known else None
    return {"count": share.count, "percent": percent, "low": low, "high": high}


def _visits(cohort: CohortResults, endpoints: Sequence[EndpointAnalysis], what: str) -> Table:
    """Values of each endpoint at each visit, then its change from first to last."""
    labels = cohort.rules.windows.labels
    records: list[dict[str, Any]] = []
    for endpoint in endpoints:
        for visit in endpoint.visits:
            s = endpoint.summaries[visit]
            records.append({
                "endpoint": endpoint.name, "visit": labels.get(visit, visit), "n": s.n,
                "missing": s.missing, "mean": s.mean, "sd": s.sd, "low": s.mean_low,
                "high": s.mean_high, "minimum": s.minimum, "maximum": s.maximum,
            })  # fmt: skip
        pair = endpoint.first_to_last
        if pair is not None and pair.t is not None:
            first, last = (labels.get(v, v) for v in (pair.first, pair.second))
            t = pair.t
            records.append({
                "endpoint": endpoint.name,
                "visit": say("journal.cell.change", first=first, last=last), "n": t.n,
                "missing": t.missing, "mean": -t.mean_difference, "sd": t.sd_difference,
                "low": -t.high, "high": -t.low, "p": pair.p_t_holm,
            })  # fmt: skip
    columns = (
        _text("endpoint", "endpoint"), _text("visit", "visit"), _number("n", None),
        _number("missing", None), _number("mean"), _number("sd"), _number("low"),
        _number("high"), _number("minimum"), _number("maximum"), _p(),
    )  # fmt: skip
    return _table(f"journal_{what}", say(f"journal.{what}"), columns, records)


def _events(cohort: CohortResults) -> Table:
    found, last = cohort.complications, cohort.neurology.last
    records: list[dict[str, Any]] = []
    if found.any.total:
        shares = [(say("journal.any"), found.any), (say("journal.symptomatic"), found.symptomatic)]
        shares += [
            (word(f"category.{item.type}", item.type.replace("_", " ")), item.patients)
            for item in found.types
        ]
        records = [{"event": name, "n": s.total, **_share(s)} for name, s in shares]
    if last is not None:
        visit = list(cohort.neurology.transitions)[-1]
        named = cohort.rules.windows.labels.get(visit, visit)
        records += [
            {"event": f"AIS, {say(f'journal.cell.{how}')}, {named}", "n": last.n, "count": count,
             "p": last.p_sign if how == "better" else None}
            for how, count in (
                ("better", last.improved), ("same", last.unchanged), ("worse", last.worse)
            )
        ]  # fmt: skip
    columns = (
        _text("event", "cell.event"), _number("count", None), _number("n", None),
        _number("percent"), _number("low"), _number("high"), _p(),
    )  # fmt: skip
    return _table("journal_events", say("journal.events"), columns, records, say("journal.exact"))


def _arms(cohort: CohortResults, arms: ArmComparison) -> Table:
    """Change of each group and adjusted difference, at every later visit."""
    labels = cohort.rules.windows.labels
    changes = {(m.endpoint, m.visit, m.arm): m.change for m in arms.means}
    records = []
    for effect in arms.effects:
        place = (effect.endpoint, effect.visit)
        own, other = (changes.get((*place, arm)) for arm in (effect.arm, arms.reference))
        record: dict[str, Any] = {
            "endpoint": effect.endpoint, "visit": labels.get(effect.visit, effect.visit),
            "arm": effect.arm, "n": own and own.n, "mean": own and own.mean, "sd": own and own.sd,
            "reference_n": other and other.n, "reference_mean": other and other.mean,
            "reference_sd": other and other.sd,
        }  # fmt: skip
        if effect.adjusted is not None:
            d = effect.adjusted.difference
            record |= {"difference": d.value, "low": d.low, "high": d.high, "p": effect.adjusted.p}
        records.append(record)
    columns = (
        _text("endpoint", "endpoint"), _text("visit", "visit"), _text("arm", "cell.arm"),
        _number("n", None), _number("mean"), _number("sd"), _number("reference_n", None),
        _number("reference_mean"), _number("reference_sd"), _number("difference"),
        _number("low"), _number("high"), _p(),
    )  # fmt: skip
    note = say("journal.arms_note", reference=arms.reference)
    return _table("journal_arms", say("journal.arms"), columns, records, note)
