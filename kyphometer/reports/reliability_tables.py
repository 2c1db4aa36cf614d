"""Tables of the reliability report, with raw values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kyphometer.reliability import NotComputed
from kyphometer.reports.document import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kyphometer.reliability import (
        Estimate,
        GroupAnalysis,
        LandmarkAnalysis,
        MultiObserverAgreement,
        ReadingTable,
    )
    from kyphometer.reliability.category_table import NamedKappa


def _text(name: str, label: str) -> Column:
    return Column(name=name, label=label)


def _number(name: str, label: str, digits: int | None = 2) -> Column:
    return Column(name=name, label=label, digits=digits, kind="number")


INTERVAL = (_number("value", "Value"), _number("low", "95 % CI from"), _number("high", "to"))


def _cells(estimate: Estimate | None) -> dict[str, Any]:
    if estimate is None:
        return {}
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def precision_table(groups: Sequence[GroupAnalysis]) -> Table:
    """SEM and MDC95 of every group."""
    records = []
    for group in groups:
        found = _precision_of(group)
        if isinstance(found, str):
            records.append({"group": group.label, "quantity": found})
            continue
        records += [
            {"group": group.label, "quantity": e.name, "unit": e.unit, **_cells(e)}
            for e in found
            if e is not None
        ]
    columns = (_text("group", "Measurement"), _text("quantity", "Quantity"), *INTERVAL)
    note = (
        "SEM: standard error of measurement. Intra-observer: the same observer reads again; "
        "agreement: any observer reads; consistency: another observer reads, biases taken off. "
        "MDC95 = 1.96 sqrt(2) SEM, the change of one patient that error exceeds one time in twenty."
    )
    title = "Standard error of measurement and minimal detectable change"
    return Table.from_records("precision", title, (*columns, _text("unit", "Unit")), records, note)


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
                "missing": group.counts.missing,
                **_cells(e),
            }
            for e in found
            if e is not None
        ]
    columns = (
        _text("group", "Measurement"),
        _text("quantity", "Quantity"),
        *INTERVAL,
        _text("unit", "Unit"),
        _text("method", "Estimated by"),
        _number("missing", "Missing readings", None),
    )
    return Table.from_records(
        "components", "Components of variance, all readings", columns, records, ""
    )


def icc_table(groups: Sequence[GroupAnalysis]) -> Table:
    """Every form of the ICC, named in both conventions."""
    records: list[dict[str, Any]] = []
    for group in groups:
        if isinstance(group.icc, NotComputed):
            records.append({"group": group.label, "form": "–", "definition": group.icc.reason})
            continue
        records += [
            {
                "group": group.label,
                "form": form.name,
                "shrout_fleiss": form.shrout_fleiss,
                "definition": form.definition,
                "f": form.test_of_zero.f,
                "p": form.test_of_zero.p,
                **_cells(form.estimate),
            }
            for form in (*group.icc.single, *group.icc.average)
        ]
    columns = (
        _text("group", "Measurement"),
        _text("form", "McGraw–Wong"),
        _text("shrout_fleiss", "Shrout–Fleiss"),
        _text("definition", "Definition"),
        *INTERVAL,
        _number("f", "F"),
        Column(name="p", label="p", kind="p"),
    )
    return Table.from_records(
        "icc", "Intraclass correlations of first readings", columns, records, ""
    )


def agreement_tables(groups: Sequence[GroupAnalysis]) -> tuple[Table, Table]:
    """Bias and limits of agreement of every pair."""
    records = []
    for group in groups:
        compared: tuple[Any, ...] = (*group.pairs, *group.repeats)
        for pair in compared:
            found = pair.single
            if isinstance(found, NotComputed):
                records.append({"group": group.label, "pair": pair.label, "note": found.reason})
                continue
            slope = found.proportional_bias
            records.append(
                {
                    "group": group.label,
                    "pair": pair.label,
                    "n": found.n,
                    "bias": found.bias.value,
                    "bias_low": found.bias.low,
                    "bias_high": found.bias.high,
                    "lower": found.lower.value,
                    "lower_low": found.lower.low,
                    "lower_high": found.lower.high,
                    "upper": found.upper.value,
                    "upper_low": found.upper.low,
                    "upper_high": found.upper.high,
                    "pair_low": found.pair.lower_outer,
                    "pair_high": found.pair.upper_outer,
                    "proportional_p": None if slope is None else slope.p,
                    "normal_p": None if found.normality is None else found.normality.p,
                }
            )
    who = (_text("group", "Measurement"), _text("pair", "Difference"))
    notes = (_text("note", "Note"),) if any(record.get("note") for record in records) else ()
    bias = (
        _number("n", "n", None),
        _number("bias", "Bias"),
        _number("bias_low", "95 % CI from"),
        _number("bias_high", "to"),
        Column(name="proportional_p", label="p slope", kind="p"),
        Column(name="normal_p", label="p normal", kind="p"),
    )
    limits = (
        _number("lower", "Lower limit"),
        _number("lower_low", "95 % CI from"),
        _number("lower_high", "to"),
        _number("upper", "Upper limit"),
        _number("upper_low", "95 % CI from"),
        _number("upper_high", "to"),
        _number("pair_low", "Both from"),
        _number("pair_high", "to"),
    )
    checks = (
        "p slope: regression of the difference on the mean (proportional bias); p normal: "
        "Shapiro-Wilk of the differences."
    )
    exact = (
        "Exact 95 % intervals of each limit (Carkeet 2015); both: outer bounds of both limits "
        "together, which Carkeet recommends for most uses."
    )
    kept = [record for record in records if "lower" in record]
    return (
        Table.from_records("bias", "Bias", (*who, *bias, *notes), records, checks),
        Table.from_records("limits", "Limits of agreement", (*who, *limits), kept, exact),
    )


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
            if not isinstance(item.drift, NotComputed) and item.drift.slope_per_month is not None:
                slope = item.drift.slope_per_month
                record.update(drift=slope.slope.value, drift_p=slope.p)
                record["signals"] = len(item.drift.individuals.signals)
            records.append(record)
    columns = (
        _text("group", "Measurement"),
        _text("observer", "Observer"),
        _number("readings", "Readings", None),
        _number("not_measurable", "Not measurable", None),
        _number("bias", "Bias"),
        _number("bias_low", "95 % CI from"),
        _number("bias_high", "to"),
        _number("sem", "SEM, own repeats"),
        _number("sem_low", "95 % CI from"),
        _number("sem_high", "to"),
        _number("drift", "Drift a month"),
        Column(name="drift_p", label="p", kind="p"),
        _number("signals", "Chart signals", None),
    )
    note = "Bias against the mean of the other observers. Drift: slope of the error over time."
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
        _text("corner", "Corner"),
        _number("across", f"SD across, any observer ({unit})"),
        _number("across_low", "95 % CI from"),
        _number("across_high", "to"),
        _number("across_intra", f"SD across, own repeats ({unit})"),
        _number("across_intra_low", "95 % CI from"),
        _number("across_intra_high", "to"),
        _number("along", f"SD along ({unit})"),
        Column(name="share", label="Share of the error", digits=0, kind="percent"),
    )
    title = f"{found.code}: errors of the corners"
    note = "Only the part across the endplate turns its line."
    return Table.from_records(f"landmarks_{found.code}", title, columns, records, note)


def level_table(together: MultiObserverAgreement, pairs: Iterable[NamedKappa]) -> Table:
    """Agreement of the choice of levels."""
    records = [
        {"who": "all observers", "coefficient": estimate.name, **_cells(estimate)}
        for estimate in _estimates(together)
    ]
    for pair in pairs:
        if not isinstance(pair.kappa, NotComputed):
            records += [
                {"who": pair.label, "coefficient": estimate.name, **_cells(estimate)}
                for estimate in _estimates(pair.kappa)
            ]
    columns = (_text("who", "Between"), _text("coefficient", "Coefficient"), *INTERVAL)
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
        _text("group", "Measurement"),
        _text("observer", "Observer"),
        _number("films", "Films", None),
        _number("readings", "Readings", None),
        _number("bias", "Bias"),
        _number("bias_low", "95 % CI from"),
        _number("bias_high", "to"),
        _number("sd", "SD of errors"),
        _number("sd_low", "95 % CI from"),
        _number("sd_high", "to"),
        _number("mae", "Mean absolute error"),
        _number("largest", "Largest error"),
        _text("film", "On film"),
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
        _text("group", "Measurement"),
        _text("film", "Film"),
        _text("first", "First"),
        _number("first_value", "Value", 1),
        _text("second", "Second"),
        _number("second_value", "Value", 1),
        _number("difference", "Difference", 1),
        _number("limit", "MDC95", 1),
    )
    return Table.from_records("disagreements", "Gross disagreements", columns, records)


def readings_table(table: ReadingTable) -> Table:
    """Every reading that took part."""
    with_truth = any(row.truth is not None for row in table.values)
    columns = (
        _text("film", "Film"),
        _text("visit", "Visit"),
        _text("observer", "Observer"),
        _text("replicate", "Reading"),
        _text("code", "Measurement"),
        _number("value", "Value", 1),
        _text("unit", "Unit"),
        *((_number("truth", "Truth", 1),) if with_truth else ()),
    )
    records = [
        {column.name: getattr(row, column.name) for column in columns} for row in table.values
    ]
    return Table.from_records("readings", "Readings", columns, records)
