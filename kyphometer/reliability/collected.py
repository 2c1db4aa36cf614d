"""Everything that a study's repeated readings say, in one result: what a report is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kyphometer.errors import TooFewDataError
from kyphometer.reliability.analysis import ReliabilityAnalysis, analyse
from kyphometer.reliability.category_table import CategoryAnalysis, CategoryRow, analyse_categories
from kyphometer.reliability.components import VarianceComponents
from kyphometer.reliability.grras import ChecklistItem, StudyFacts, grras_checklist
from kyphometer.reliability.landmark_readings import (
    LandmarkAnalysis,
    MarkedFilm,
    landmark_analysis,
)
from kyphometer.reliability.observers import tried
from kyphometer.reliability.repeatability import Repeatability, repeatability
from kyphometer.reliability.table import ReadingTable
from kyphometer.reliability.table_csv import read_rows, readings_of
from kyphometer.stats.estimate import Estimate, NotComputed, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenPair:
    """Two showings of one film to one observer within one round; None if not measurable."""

    code: str
    film: str
    observer: str
    round: int
    mirrored: bool
    first: float | None
    second: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedReadings:
    """The readings of a study or session, as the statistics need them.

    Attributes
    ----------
    table
        Values of independent readings; hidden duplicates and training are not among them.
    hidden
        Pairs of showings within a round.
    marked
        The readings behind the table.
    levels
        Fractured levels that observers chose; empty where levels were fixed or no marks are known.
    facts
        How readings were made.
    title
        What they are of.
    """

    table: ReadingTable
    hidden: tuple[HiddenPair, ...] = ()
    marked: tuple[MarkedFilm, ...] = ()
    levels: tuple[CategoryRow, ...] = ()
    facts: StudyFacts = field(default_factory=StudyFacts)
    title: str = ""


def read_collected(path: Path, facts: StudyFacts) -> CollectedReadings:
    """Return the readings of a table; those that `session export` marks as hidden stand apart.

    Raises
    ------
    BadTableRowsError, DuplicateReadingsError
        As `read_reading_table`.
    """
    table, hidden = readings_of(read_rows(path))
    first = {(r.code, r.film, r.observer, r.replicate): r.value for r in table.values}
    return CollectedReadings(
        table=table,
        hidden=tuple(
            HiddenPair(
                code=row.code,
                film=row.film,
                observer=row.observer,
                round=int(row.replicate),
                mirrored=item.mirrored,
                first=first[key],
                second=row.value,
            )
            for item in hidden
            for row in (item.row,)
            if not item.training
            and (key := (row.code, row.film, row.observer, row.replicate)) in first
            and row.replicate.isdigit()
        ),
        facts=facts,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenResult(Result):
    """Repeatability within a round, from hidden duplicates, beside that between rounds.

    `words` say whether memory may have helped, judged by the intervals.
    """

    code: str
    pairs: int
    mirrored_pairs: int
    within_round: Repeatability | NotComputed
    between_rounds: Estimate | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityResults(Result):
    """All results of one set of readings."""

    title: str
    table: ReadingTable
    analysis: ReliabilityAnalysis
    hidden: tuple[HiddenResult, ...]
    landmarks: tuple[LandmarkAnalysis | NotComputed, ...]
    levels: CategoryAnalysis | NotComputed
    checklist: tuple[ChecklistItem, ...]
    facts: StudyFacts


def evaluate(
    collected: CollectedReadings,
    *,
    by: Sequence[str] = (),
    confidence: float = 0.95,
    tolerance: float | None = None,
    bootstrap_replicates: int = 2000,
) -> ReliabilityResults:
    """Compute all results; parameters as for `analyse`.

    Raises
    ------
    TooFewDataError
        If there is no reading at all.
    """
    if not collected.table.values:
        raise TooFewDataError("reliability_no_readings")
    analysis = analyse(
        collected.table,
        by=by,
        confidence=confidence,
        tolerance=tolerance,
        bootstrap_replicates=bootstrap_replicates,
    )
    angles = [code for code in collected.table.codes if collected.marked]
    return ReliabilityResults(
        title=collected.title,
        table=collected.table,
        analysis=analysis,
        hidden=_hidden_results(collected.hidden, analysis, confidence),
        landmarks=tuple(
            tried(
                f"landmark errors of {code}",
                lambda code=code: landmark_analysis(  # type: ignore[misc]
                    collected.marked, code, confidence=confidence
                ),
            )
            for code in angles
        ),
        levels=_levels(collected.levels, confidence),
        checklist=grras_checklist(analysis, collected.facts),
        facts=collected.facts,
    )


def _levels(rows: Sequence[CategoryRow], confidence: float) -> CategoryAnalysis | NotComputed:
    if not rows:
        reason = "Levels were fixed beforehand, or the table holds values only."
        return NotComputed(statistic="agreement of levels", reason=reason)
    return tried("agreement of levels", lambda: analyse_categories(rows, confidence=confidence))


def _hidden_results(
    hidden: Sequence[HiddenPair], analysis: ReliabilityAnalysis, confidence: float
) -> tuple[HiddenResult, ...]:
    return tuple(
        _hidden_result(code, [pair for pair in hidden if pair.code == code], analysis, confidence)
        for code in dict.fromkeys(pair.code for pair in hidden)
    )


def _hidden_result(
    code: str, pairs: list[HiddenPair], analysis: ReliabilityAnalysis, confidence: float
) -> HiddenResult:
    both = [(p.first, p.second) for p in pairs if p.first is not None and p.second is not None]
    values = np.array(both, dtype=np.float64).reshape(-1, 2)
    within = tried("within-round SEM", lambda: repeatability(values, confidence=confidence))
    between = _between_rounds(code, analysis)
    return HiddenResult(
        code=code,
        pairs=len(both),
        mirrored_pairs=sum(pair.mirrored for pair in pairs),
        within_round=within,
        between_rounds=between,
        words=_memory_words(within, between),
    )


def _between_rounds(code: str, analysis: ReliabilityAnalysis) -> Estimate | None:
    for group in analysis.groups:
        if group.label == code and isinstance(group.components, VarianceComponents):
            return group.components.precision.intra_observer
    return None


def _memory_words(within: Repeatability | NotComputed, between: Estimate | None) -> str:
    if isinstance(within, NotComputed):
        return within.reason
    own = within.standard_error_of_measurement.interval()
    other = None if between is None else between.interval()
    if own is None or other is None:
        return "Films were not read in two rounds, so that nothing can be said about memory."
    if own[1] < other[0]:
        return (
            "Readings within a round agree better than readings of different rounds: observers may "
            "have remembered films."
        )
    return "The intervals overlap: no sign that observers remembered films."
