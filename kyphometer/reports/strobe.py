"""The STROBE checklist of a cohort study, filled from what was done (von Elm 2007).

Twenty-two items in words of our own. What the study knows is filled in; what only the authors know
is left open.
"""

from __future__ import annotations

from kyphometer.followup.cohort.study import StudyResults
from kyphometer.followup.remarks import RemarkKind
from kyphometer.reports.document import Checklist
from kyphometer.reports.study_methods import methods

_ITEMS = (
    ("1", "Title and abstract: design named, balanced summary"),
    ("2", "Background and reasons"),
    ("3", "Objectives and hypotheses"),
    ("4", "Design, early in the paper"),
    ("5", "Setting, places, dates of recruitment and follow-up"),
    ("6", "Who was eligible, how they were chosen and followed"),
    ("7", "Outcomes, exposures, confounders, defined"),
    ("8", "Sources of data and methods of measurement"),
    ("9", "Efforts against bias"),
    ("10", "How the size of the study was chosen"),
    ("11", "How quantities were handled"),
    ("12", "Statistical methods, missing data, sensitivity"),
    ("13", "Numbers at each stage, reasons for losses, flow"),
    ("14", "Characteristics of patients, missing data, follow-up time"),
    ("15", "Outcome events or values over time"),
    ("16", "Estimates, unadjusted and adjusted, with precision"),
    ("17", "Other analyses: subgroups, interactions, sensitivity"),
    ("18", "Key results"),
    ("19", "Limitations"),
    ("20", "Interpretation"),
    ("21", "Generalisability"),
    ("22", "Funding"),
)


def strobe_checklist(results: StudyResults) -> Checklist:
    """The items, each with what the study says about it; empty ones are the authors' to write."""
    known = _known(results)
    return Checklist(
        title="STROBE, cohort study (von Elm and others 2007)",
        items=tuple((number, topic, known.get(number, "")) for number, topic in _ITEMS),
    )


def _known(results: StudyResults) -> dict[str, str]:
    cohort, paragraphs = results.cohort, methods(results)
    found = {
        "7": _outcomes(results),
        "8": paragraphs[1],
        "9": _against_bias(results),
        "11": "Angles in degrees, VAS 0 to 10 and ODI in percent are analysed as numbers, never "
        "cut into classes but for responders and events; AIS as ordered grades.",
        "12": _statistics(results),
        "13": _numbers(results),
        "15": "Tables of angles and scores by visit; complications; "
        + ("times to events." if cohort.times else "no events in time."),
        "16": "Differences with their intervals stand in the tables of comparisons"
        + (", unadjusted and adjusted for the value before surgery." if cohort.arms else "."),
        "17": "Wider visit windows, mixed models of all patients"
        + (", missing values shifted" if cohort.lost else "")
        + ", complications by characteristics (exploratory): in the tables.",
    }
    if cohort.table_one.characteristics:
        known = f"Table 1 of {cohort.table_one.patients} patients, with the number known of each."
        found["14"] = known
    return found


def _outcomes(results: StudyResults) -> str:
    cohort = results.cohort
    angles = [f"{code}: {text.rstrip('.')}" for code, text in results.definitions.items() if text]
    names = [*angles, *(item.name for item in cohort.scores)]
    parts = [f"Outcomes: {'; '.join(names)}."] if names else []
    if cohort.arms is not None:
        beside = ", ".join(("the value before surgery", *cohort.arms.rules.covariates))
        parts.append(f"Exposure: treatment group ({', '.join(cohort.arms.arms)}).")
        parts.append(f"Adjusted for: {beside.replace('_', ' ')}.")
    return " ".join(parts)


def _against_bias(results: StudyResults) -> str:
    known = [item.precision for item in results.cohort.angles if item.precision]
    error = "Single changes are judged against measurement error." if known else ""
    position = (
        "Changes between positions that differ or are not known are not stated unless allowed; the "
        "same endplates are used at every visit of a patient."
    )
    return f"{position} {error}".strip()


def _statistics(results: StudyResults) -> str:
    lost = "; a table shows what becomes of it if they are not" if results.cohort.lost else ""
    return f"See Methods. Mixed models keep patients with gaps (missing at random){lost}."


def _numbers(results: StudyResults) -> str:
    flow = results.cohort.flow
    visits = ", ".join(f"{v.label} {v.measured}" for v in flow.visits if v.filmed or v.measured)
    left_out = sum(remark.kind is not RemarkKind.WARNING for remark in results.remarks)
    labels = results.cohort.rules.windows.labels
    lost = "; ".join(
        f"{labels[visit]}, {what}: {len(patients)} ({reason})"
        for (visit, what, reason), patients in results.losses.grouped().items()
    )
    return (
        f"{flow.enrolled} patients enrolled, measured at {visits or 'no visit'}. "
        f"Lost: {lost or 'nobody'}. The flow figure, and {left_out} exclusions and refusals with a "
        "reason for each, are in the report."
    )
