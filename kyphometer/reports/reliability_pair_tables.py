"""Tables of bias and limits of agreement of the reliability report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kyphometer.reliability import BlandAltman, GroupAnalysis, NotComputed
from kyphometer.reports.document import Column, Table
from kyphometer.reports.reliability_columns import number, text


def agreement_tables(groups: Sequence[GroupAnalysis]) -> tuple[Table, Table]:
    """Bias and limits of agreement of every pair."""
    records = [
        {"group": group.label, "pair": pair.label, **_pair_cells(pair.single)}
        for group in groups
        for pair in _compared(group)
    ]
    who = (text("group", "Measurement"), text("pair", "Difference"))
    notes = (text("note", "Note"),) if any(record.get("note") for record in records) else ()
    bias = (
        number("n", "n", None),
        number("bias", "Bias"),
        number("bias_low", "95 % CI from"),
        number("bias_high", "to"),
        Column(name="proportional_p", label="p slope", kind="p"),
        Column(name="normal_p", label="p normal", kind="p"),
    )
    limits = (
        number("lower", "Lower limit"),
        number("lower_low", "95 % CI from"),
        number("lower_high", "to"),
        number("upper", "Upper limit"),
        number("upper_low", "95 % CI from"),
        number("upper_high", "to"),
        number("pair_low", "Both from"),
        number("pair_high", "to"),
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


def _compared(group: GroupAnalysis) -> tuple[Any, ...]:
    """Pairs of observers, then each observer's own repeats."""
    return (*group.pairs, *group.repeats)


def _pair_cells(found: BlandAltman | NotComputed) -> dict[str, Any]:
    if isinstance(found, NotComputed):
        return {"note": found.reason}
    slope = found.proportional_bias
    return {
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
