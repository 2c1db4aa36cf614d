"""The main results of a study in sentences, from result objects."""

from __future__ import annotations

from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.followup.cohort.group_changes import GroupChange
from kyphometer.followup.cohort.radiographic import AngleAnalysis
from kyphometer.followup.cohort.study import StudyResults
from kyphometer.followup.correction_model import Verdict
from kyphometer.reports.study_arms import arm_sentences
from kyphometer.reports.study_times import times_sentences
from kyphometer.stats.formatting import (
    format_interval,
    format_mean_sd,
    format_number,
    format_p_statement,
)


def summary_sentences(results: StudyResults) -> tuple[str, ...]:
    """One sentence or two for each endpoint; what is missing is said to be missing."""
    cohort = results.cohort
    labels = cohort.rules.windows.labels
    sentences = [_angle(item, labels) for item in cohort.angles]
    if cohort.corrections.elsewhere:
        sentences.append(cohort.corrections.elsewhere)
    if not sentences:
        sentences = ["No angle was measured at a visit; the exclusions say why."]
    sentences += [_change(item, labels, _unit(item.unit)) for item in cohort.scores]
    sentences += arm_sentences(cohort)
    last = cohort.neurology.last
    if last is not None:
        sentences.append(
            f"AIS: {last.improved} of {last.n} improved, {last.unchanged} the same, {last.worse} "
            f"worse (exact sign test, {format_p_statement(last.p_sign)})."
        )
    found = cohort.complications
    if found.any.total and found.any.exact_low is not None and found.any.exact_high is not None:
        interval = format_interval(100 * found.any.exact_low, 100 * found.any.exact_high)
        sentences.append(
            f"Complications in {found.any.count} of {found.any.total} patients (exact 95 % CI "
            f"{interval} %), symptomatic in {found.symptomatic.count}."
        )
    sentences += times_sentences(results.cohort)
    left_out = sum(remark.kind.value != "warning" for remark in results.remarks)
    warnings = len(results.remarks) - left_out
    sentences.append(
        f"Exclusions and refusals: {left_out}, warnings: {warnings}; each is listed in the report."
        if results.remarks
        else "Nothing was left out, and there are no warnings."
    )
    return tuple(sentences)


def _unit(unit: str) -> str:
    return unit if unit in ("°", "") else f" {unit}"


def _angle(item: AngleAnalysis, labels: dict[str, str]) -> str:
    text = _change(item.endpoint, labels, "°")
    correction = item.last_correction
    return text if correction is None else f"{text} {_verdicts(correction, item)}"


def _verdicts(change: GroupChange, item: AngleAnalysis) -> str:
    share = change.verdicts[Verdict.IMPROVED]
    if item.precision is None or not share.total:
        return "No patient's change was judged, since no measurement error is known."
    limit = format_number(item.precision.minimal_detectable_change_95_deg)
    return (
        f"{share.count} of {share.total} patients improved beyond measurement error (MDC95 "
        f"{limit}°), {change.verdicts[Verdict.UNCHANGED].count} unchanged within it and "
        f"{change.verdicts[Verdict.WORSE].count} worse."
    )


def _change(endpoint: EndpointAnalysis, labels: dict[str, str], unit: str) -> str:
    """From the first to the last visit: means of the patients who have both, and the change."""
    first, last = endpoint.visits[0], endpoint.visits[-1]
    a, b = endpoint.summaries[first], endpoint.summaries[last]
    if first == last:
        shown = f"{format_mean_sd(a.mean, a.sd)}{unit} {labels.get(first, first)} (n = {a.n})"
        return f"{endpoint.name} {shown}; no other visit."
    pair = endpoint.first_to_last
    if pair is None or pair.t is None:
        return (
            f"{endpoint.name} {format_mean_sd(a.mean, a.sd)}{unit} {labels.get(first, first)} "
            f"(n = {a.n}) and {format_mean_sd(b.mean, b.sd)}{unit} at {labels.get(last, last)} "
            f"(n = {b.n}), too few patients with both to compare."
        )
    t = pair.t
    p = "no p, since all differences are equal"
    if pair.p_t_holm is not None:
        p = f"{format_p_statement(pair.p_t_holm)} after Holm"
    return (
        f"{endpoint.name} {format_mean_sd(t.mean_first, t.sd_first)}{unit} "
        f"{labels.get(first, first)} and {format_mean_sd(t.mean_second, t.sd_second)}{unit} at "
        f"{labels.get(last, last)} in the {t.n} patients with both: difference "
        f"{format_number(t.mean_difference)}{unit}, 95 % CI {format_interval(t.low, t.high)}, {p}."
    )
