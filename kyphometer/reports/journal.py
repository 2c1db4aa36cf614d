"""A report as an author sends it: compact tables as in papers, figures, and results in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from kyphometer.followup.cohort.analysis import CohortResults
from kyphometer.followup.cohort.study import StudyResults
from kyphometer.followup.windows import DEFAULT_WINDOWS, VisitWindows
from kyphometer.messages import language, speaking
from kyphometer.plots.drawing import Drawing, drawn
from kyphometer.reports.decimals import with_decimals
from kyphometer.reports.document import Block, Bullets, Document, Figure, Heading, Paragraph
from kyphometer.reports.journal_methods import journal_methods
from kyphometer.reports.journal_sentences import journal_sentences
from kyphometer.reports.journal_tables import journal_tables
from kyphometer.reports.journal_words import say, word
from kyphometer.reports.references import references
from kyphometer.reports.study_arms import effects_figures
from kyphometer.reports.study_figures import angles_figure, scores_figure
from kyphometer.reports.study_methods import methods

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
    """Tables 1 to 5 and figures of a paper, its results in sentences, and its methods.

    Bitmaps have 600 dots an inch.
    """
    with (
        speaking(style.language),
        drawn(Drawing(dpi=FIGURE_DPI, decimal=style.decimal)),
    ):
        cohort = in_language(results.cohort)
        blocks: list[Block] = [
            Heading(text=say("journal.results")),
            *(Paragraph(text=text) for text in journal_sentences(cohort)),
            Heading(text=say("journal.tables")),
            *journal_tables(cohort),
            Heading(text=say("journal.figures")),
            *_figures(cohort),
            Heading(text=say("journal.methods")),
            *_methods(replace(results, cohort=cohort)),
            Heading(text=say("journal.references")),
            Bullets(items=references(results)),
        ]
        subtitle = say("journal.subtitle")
    document = Document(
        title=results.name,
        subtitle=subtitle,
        blocks=tuple(blocks),
        author=style.author,
        made_at=made_at,
        language=style.language,
    )
    return with_decimals(document, style.decimal)


def in_language(cohort: CohortResults) -> CohortResults:
    """Visits that have their usual English label get that of the language."""
    usual = DEFAULT_WINDOWS.labels
    windows = tuple(
        replace(w, label=word(f"visit.{w.visit}", w.label)) if w.label == usual.get(w.visit) else w
        for w in cohort.rules.windows.windows
    )
    known: VisitWindows = replace(cohort.rules.windows, windows=windows)
    return replace(cohort, rules=replace(cohort.rules, windows=known))


def _methods(results: StudyResults) -> list[Paragraph]:
    """Methods as they were: those of the report in English, in other languages a shorter form."""
    written = methods(results) if language() == "en" else journal_methods(results)
    return [Paragraph(text=text) for text in written]


def _figures(cohort: CohortResults) -> list[Figure]:
    names = " & ".join(item.code for item in cohort.angles)
    angles, over_time = angles_figure(cohort), scores_figure(cohort)
    found = []
    if angles is not None:
        found.append(replace(angles, title=say("journal.angles_figure", names=names)))
    if over_time is not None:
        title = say("journal.scores_figure", names=" & ".join(item.name for item in cohort.scores))
        found.append(replace(over_time, title=title))
    if cohort.arms is not None:
        found += effects_figures(cohort.arms, cohort.rules.windows.labels)
    return found
