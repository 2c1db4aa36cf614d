"""The GRRAS checklist, filled from what was done (Kottner 2011).

Kottner and others, J Clin Epidemiol 2011;64:96, doi 10.1016/j.jclinepi.2010.03.002.

Fifteen items. What the program knows it fills; what only the authors know is left open and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kyphometer.reliability.analysis import GroupAnalysis, ReliabilityAnalysis
from kyphometer.reliability.components import VarianceComponents
from kyphometer.reliability.repeatability import Repeatability
from kyphometer.stats.estimate import Result

ITEMS = (
    (1, "title", "Title or abstract says that reliability or agreement was investigated"),
    (2, "introduction", "Diagnostic or measurement device of interest, named explicitly"),
    (3, "introduction", "Subject population of interest"),
    (4, "introduction", "Observer population of interest"),
    (5, "introduction", "What is known about reliability and agreement; rationale of the study"),
    (6, "methods", "How the numbers of observers, films and replicates were chosen"),
    (7, "methods", "How observers and films were sampled"),
    (8, "methods", "Reading process: interval, information available, blinding"),
    (9, "methods", "Whether readings were made independently"),
    (10, "methods", "Statistical analysis"),
    (11, "results", "Actual numbers of observers, films and replicate readings"),
    (12, "results", "Characteristics of observers and films"),
    (13, "results", "Estimates of reliability and agreement with statistical uncertainty"),
    (14, "discussion", "Practical relevance of the results"),
    (15, "auxiliary", "Detailed results, if possible"),
)


class Filled(StrEnum):
    """Who filled an item."""

    PROGRAM = "filled from the study"
    AUTHOR = "given by the authors"
    OPEN = "to be written by the authors"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFacts(Result):
    """What a session knows about how readings were made; empty where unknown.

    `planning` is the sample size calculation, `sampling` the rule by which films were chosen,
    `process` interval, blinding and order, `independence` how readings were kept apart. `authors`
    maps item numbers to sentences of the authors, which come before those of the program.
    """

    planning: str = ""
    sampling: str = ""
    process: str = ""
    independence: str = ""
    software: str = ""
    authors: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistItem(Result):
    """One item of the checklist and how it was filled."""

    number: int
    section: str
    item: str
    filled: Filled
    text: str


def grras_checklist(
    analysis: ReliabilityAnalysis, facts: StudyFacts | None = None
) -> tuple[ChecklistItem, ...]:
    """Return the fifteen items, filled as far as analysis and facts allow."""
    facts = facts or StudyFacts()
    whole = [group for group in analysis.groups if not group.group]
    known = {
        2: f"{facts.software}." if facts.software else "",
        6: facts.planning,
        7: facts.sampling,
        8: facts.process,
        9: facts.independence,
        10: analysis.methods,
        11: " ".join(_numbers(group) for group in whole),
        13: " ".join(_estimates(group) for group in whole),
        15: "All readings, differences and estimates are in the tables of this report.",
    }
    return tuple(
        ChecklistItem(number=number, section=section, item=item, filled=filled, text=text)
        for number, section, item in ITEMS
        for filled, text in [_fill(number, known, facts)]
    )


def _fill(number: int, known: dict[int, str], facts: StudyFacts) -> tuple[Filled, str]:
    if facts.authors.get(number):
        return Filled.AUTHOR, facts.authors[number]
    if known.get(number):
        return Filled.PROGRAM, known[number]
    return Filled.OPEN, ""


def _numbers(group: GroupAnalysis) -> str:
    counts = group.counts
    text = (
        f"{group.label}: {counts.films} films, {counts.observers} observers, up to "
        f"{counts.replicates} readings of a film by an observer, {counts.readings} readings"
    )
    if counts.missing:
        text += f", {counts.missing} missing"
    if counts.not_measurable:
        text += f", {counts.not_measurable} not measurable"
    return text + "."


def _estimates(group: GroupAnalysis) -> str:
    alone = group.one_observer
    if isinstance(alone, Repeatability):
        found = [alone.standard_error_of_measurement, alone.mdc95]
    elif isinstance(group.components, VarianceComponents):
        found = [group.components.icc_inter_observer, group.components.precision.agreement]
        found.append(group.components.precision.mdc95_agreement)
    else:
        return f"{group.label}: {group.components.reason}"
    parts = [
        f"{e.name} {e.value:.2f} ({100 * e.confidence:g} % CI {e.low:.2f} to {e.high:.2f})"
        for e in found
        if e.low is not None and e.high is not None
    ]
    return f"{group.label}: {'; '.join(parts)}."
