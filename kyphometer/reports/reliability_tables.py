"""Tables of the reliability report, with raw values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kyphometer.reliability import (
    Estimate,
    GroupAnalysis,
    LandmarkAnalysis,
    MultiObserverAgreement,
    NotComputed,
    ReadingTable,
)
from kyphometer.reliability.category_table import NamedKappa
from kyphometer.reports.document import Column, Table
from kyphometer.reports.reliability_columns import INTERVAL, cells, number, text
from kyphometer.stats.formatting import MISSING

INTERVALS = (
    "Intervals assume normal effects, observers drawn from a population of observers, and one "
    "error for all films (where half the films have twice the error of the others, those of SEM "
    "and ICC within an observer cover 90 to 92 %). Generalised: from mean squares by their "
    "pivots; too wide, up to 98 %, for the variance of observers who do not differ. Exact F: of "
    "first readings, every film of another patient. Films within patients: several films of one "
    "patient, not counted as independent. McGraw and Wong's (Satterthwaite), which other programs "
    "print for agreement, is too narrow (69 to 93 %) where observers vary as the residual or "
    "more."
)
"""What the intervals of the tables of components and of ICCs rest on, and where they fail."""


def precision_table(groups: Sequence[GroupAnalysis]) -> Table:
    """SEM and MDC95 of every group."""
    records = []
    for group in groups:
        found = _precision_of(group)
        if isinstance(found, str):
            records.append({"group": group.label, "quantity": found})
            continue
        records += [
            {"group": group.label, "quantity": e.name, "unit": e.unit, **cells(e)}
            for e in found
            if e is not None
        ]
    columns = (text("group", "Measurement"), text("quantity", "Quantity"), *INTERVAL)
    note = (
        "SEM: standard error of measurement. Intra-observer: the same observer reads again; "
        "agreement: any observer reads; consistency: another observer reads, biases taken off. "
        "MDC95 = 1.96 sqrt(2) SEM, the change of one patient that error exceeds one time in twenty."
    )
    title = "Standard error of measurement and minimal detectable change"
    return Table.from_records("precision", title, (*columns, text("unit", "Unit")), records, note)


def _precision_of(group: GroupAnalysis) -> str | tuple[Estimate | None, ...]:
    """SEM and MDC95 of a group, or why there are none."""
    alone = group.one_observer
    if isinstance(alone, NotComputed):
        return alone.reason
    if alone is not None:
        return (alone.standard_error_of_measurement, alone.mdc95, alone.icc)
    if isinstance(group.components, NotComputed):
        return group.components.reason
    p = group.components.precision
    return (
        p.intra_observer,
        p.consistency,
        p.agreement,
        p.mdc95_intra_observer,
        p.mdc95_consistency,
        p.mdc95_agreement,
    )


def components_table(groups: Sequence[GroupAnalysis]) -> Table:
    """Variance components, ICC and gauge study of every group."""
    records = []
    for group in groups:
        c = group.components
        if isinstance(c, NotComputed):
            continue
        found = [c.film, c.observer, c.film_by_observer, c.residual]
        found += [c.icc_inter_observer, c.icc_intra_observer]
        if not isinstance(group.gauge, NotComputed):
            found += [group.gauge.percent_gauge, group.gauge.precision_to_tolerance]
        records += [
            {
                "group": group.label,
                "quantity": e.name,
                "unit": e.unit,
                "method": c.method,
                "interval": e.method,
                "missing": group.counts.missing,
                **cells(e),
            }
            for e in found
            if e is not None
        ]
    columns = (
        text("group", "Measurement"),
        text("quantity", "Quantity"),
        *INTERVAL,
        text("unit", "Unit"),
        text("interval", "Interval"),
        text("method", "Estimated by"),
        number("missing", "Missing readings", None),
    )
    return Table.from_records(
        "components", "Components of variance, all readings", columns, records, INTERVALS
    )


def icc_table(groups: Sequence[GroupAnalysis]) -> Table:
    """Every form of the ICC, named in both conventions."""
    records: list[dict[str, Any]] = []
    for group in groups:
        if isinstance(group.icc, NotComputed):
            records.append({"group": group.label, "form": MISSING, "definition": group.icc.reason})
            continue
        records += [
            {
                "group": group.label,
                "form": form.name,
                "shrout_fleiss": form.shrout_fleiss,
                "definition": form.definition,
                "interval": form.estimate.method,
                "published_low": form.published and form.published.low,
                "published_high": form.published and form.published.high,
                "f": form.test_of_zero.f,
                "p": form.test_of_zero.p,
                **cells(form.estimate),
            }
            for form in (*group.icc.single, *group.icc.average)
        ]
    columns = (
        text("group", "Measurement"),
        text("form", "McGraw–Wong"),
        text("shrout_fleiss", "Shrout–Fleiss"),
        text("definition", "Definition"),
        *INTERVAL,
        text("interval", "Interval"),
        number("published_low", "McGraw–Wong's CI from"),
        number("published_high", "to"),
        number("f", "F"),
        Column(name="p", label="p", kind="p"),
    )
    title = "Intraclass correlations of first readings"
    return Table.from_records("icc", title, columns, records, INTERVALS)


def observer_table(groups: Sequence[GroupAnalysis]) -> Table:
    """Bias, repeatability and drift of each observer."""
    records = []
    for group in groups:
        for item in group.observers:
            record: dict[str, Any] = {
                "group": group.label,
                "observer": item.name,
                "readings": item.readings,
                "not_measurable": item.not_measurable,
            }
            if not isinstance(item.bias, NotComputed):
                bias = item.bias
                record.update(bias=bias.value, bias_low=bias.low, bias_high=bias.high)
            if not isinstance(item.repeatability, NotComputed):
                sem = item.repeatability.standard_error_of_measurement
                record.update(sem=sem.value, sem_low=sem.low, sem_high=sem.high)
            if not isinstance(item.drift, NotComputed):
                record["signals"] = len(item.drift.individuals.signals)
                if (slope := item.drift.slope_per_month) is not None:
                    record.update(drift=slope.slope.value, drift_p=slope.p)
            records.append(record)
    columns = (
        text("group", "Measurement"),
        text("observer", "Observer"),
        number("readings", "Readings", None),
        number("not_measurable", "Not measurable", None),
        number("bias", "Bias"),
        number("bias_low", "95 % CI from"),
        number("bias_high", "to"),
        number("sem", "SEM, own repeats"),
        number("sem_low", "95 % CI from"),
        number("sem_high", "to"),
        number("drift", "Drift a month"),
        Column(name="drift_p", label="p", kind="p"),
        number("signals", "Chart signals", None),
    )
    note = "Bias against the mean of the other observers. Drift: slope of the error over time, "
    note += "where readings span a week or more."
    return Table.from_records("observers", "Observers", columns, records, note)


def landmark_table(found: LandmarkAnalysis) -> Table:
    """Errors of the four corners of an angle."""
    records = []
    shares = iter(found.error.shares)
    for plate in (found.error.upper, found.error.lower):
        for corner in (plate.anterior, plate.posterior):
            intra = corner.across.intra_observer
            across = corner.across.agreement
            records.append(
                {
                    "corner": f"{plate.name}, {corner.corner}",
                    "across": across.value,
                    "across_low": across.low,
                    "across_high": across.high,
                    "across_intra": None if intra is None else intra.value,
                    "across_intra_low": None if intra is None else intra.low,
                    "across_intra_high": None if intra is None else intra.high,
                    "along": corner.along.agreement.value,
                    "share": next(shares),
                }
            )
    unit = found.unit
    columns = (
        text("corner", "Corner"),
        number("across", f"SD across, any observer ({unit})"),
        number("across_low", "95 % CI from"),
        number("across_high", "to"),
        number("across_intra", f"SD across, own repeats ({unit})"),
        number("across_intra_low", "95 % CI from"),
        number("across_intra_high", "to"),
        number("along", f"SD along ({unit})"),
        Column(name="share", label="Share of the error", digits=0, kind="percent"),
    )
    title = f"{found.code}: errors of the corners"
    note = "Only the part across the endplate turns its line."
    return Table.from_records(f"landmarks_{found.code}", title, columns, records, note)


def level_table(together: MultiObserverAgreement, pairs: Iterable[NamedKappa]) -> Table:
    """Agreement of the choice of levels."""
    records = [
        {"who": "all observers", "coefficient": estimate.name, **cells(estimate)}
        for estimate in _estimates(together)
    ]
    for pair in pairs:
        if not isinstance(pair.kappa, NotComputed):
            records += [
                {"who": pair.label, "coefficient": estimate.name, **cells(estimate)}
                for estimate in _estimates(pair.kappa)
            ]
    columns = (text("who", "Between"), text("coefficient", "Coefficient"), *INTERVAL)
    return Table.from_records("levels", "Agreement on the fractured level", columns, records)


def _estimates(result: Any) -> list[Estimate]:
    from kyphometer.reliability import Estimate

    values = (getattr(result, name) for name in result.__dataclass_fields__)
    return [value for value in values if isinstance(value, Estimate)]


def accuracy_table(groups: Sequence[GroupAnalysis]) -> Table:
    """Errors against truth."""
    records = []
    for group in groups:
        if isinstance(group.accuracy, NotComputed):
            continue
        records += [
            {
                "group": group.label,
                "observer": item.name,
                "films": item.films,
                "readings": item.readings,
                "bias": item.bias.value,
                "bias_low": item.bias.low,
                "bias_high": item.bias.high,
                "sd": item.precision.value,
                "sd_low": item.precision.low,
                "sd_high": item.precision.high,
                "mae": item.mean_absolute_error,
                "largest": item.largest_error,
                "film": item.largest_error_film,
            }
            for item in group.accuracy
        ]
    columns = (
        text("group", "Measurement"),
        text("observer", "Observer"),
        number("films", "Films", None),
        number("readings", "Readings", None),
        number("bias", "Bias"),
        number("bias_low", "95 % CI from"),
        number("bias_high", "to"),
        number("sd", "SD of errors"),
        number("sd_low", "95 % CI from"),
        number("sd_high", "to"),
        number("mae", "Mean absolute error"),
        number("largest", "Largest error"),
        text("film", "On film"),
    )
    return Table.from_records(
        "accuracy", "Errors against the known truth of simulated films", columns, records
    )


def disagreement_table(groups: Sequence[GroupAnalysis]) -> Table:
    """Readings of one film that differ by more than MDC95."""
    records = [
        {
            "group": group.label,
            "film": item.film,
            "first": f"{item.first_observer}, reading {item.first_replicate}",
            "first_value": item.first_value,
            "second": f"{item.second_observer}, reading {item.second_replicate}",
            "second_value": item.second_value,
            "difference": item.difference,
            "limit": item.limit,
        }
        for group in groups
        for item in group.disagreements
    ]
    columns = (
        text("group", "Measurement"),
        text("film", "Film"),
        text("first", "First"),
        number("first_value", "Value", 1),
        text("second", "Second"),
        number("second_value", "Value", 1),
        number("difference", "Difference", 1),
        number("limit", "MDC95", 1),
    )
    return Table.from_records("disagreements", "Gross disagreements", columns, records)


def readings_table(table: ReadingTable) -> Table:
    """Every reading that took part."""
    with_truth = any(row.truth is not None for row in table.values)
    columns = (
        text("film", "Film"),
        text("visit", "Visit"),
        text("observer", "Observer"),
        text("replicate", "Reading"),
        text("code", "Measurement"),
        number("value", "Value", 1),
        text("unit", "Unit"),
        *((number("truth", "Truth", 1),) if with_truth else ()),
    )
    records = [
        {column.name: getattr(row, column.name) for column in columns} for row in table.values
    ]
    return Table.from_records("readings", "Readings", columns, records)
