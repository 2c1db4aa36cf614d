"""The report of a study: patient flow to each patient's page, methods, exclusions and warnings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.followup.cohort.study import StudyResults
from kyphometer.followup.remarks import RemarkKind
from kyphometer.plots.figure import Figure as Drawing
from kyphometer.reports.document import (
    Block,
    Bullets,
    Column,
    Document,
    Heading,
    PageBreak,
    Paragraph,
    Table,
)
from kyphometer.reports.references import references
from kyphometer.reports.strobe import strobe_checklist
from kyphometer.reports.study_arms import arms_section
from kyphometer.reports.study_change_tables import (
    associations_table,
    changes_tables,
    complications_tables,
    corrections_table,
    mixed_table,
    neurology_tables,
    omnibus_table,
    outcomes_table,
)
from kyphometer.reports.study_figures import (
    angles_figure,
    flow_figure,
    scores_figure,
    waterfall_figures,
)
from kyphometer.reports.study_lost import lost_section
from kyphometer.reports.study_methods import methods
from kyphometer.reports.study_patients import patient_blocks
from kyphometer.reports.study_summary import summary_sentences
from kyphometer.reports.study_tables import (
    characteristics_table,
    characteristics_values,
    flow_table,
    labelled,
    losses_table,
    pairs_table,
    radiographic_table,
    scores_table,
)
from kyphometer.reports.study_times import symptoms_table, times_section

PICTURE_DPI = 100.0
PATIENTS_AT_FULL_SIZE = 21
"""With more patients their films are drawn smaller, so that the report can still be mailed."""


def study_document(
    results: StudyResults,
    *,
    made_at: datetime | None = None,
    pictures: Mapping[str, Iterable[tuple[str, Drawing]]] | None = None,
    verdict: str = "",
    author: str = "",
) -> Document:
    """The whole report of a study.

    Parameters
    ----------
    results
        Results with their provenance.
    made_at
        When the report was made; left out if None, so that the same study gives the same report.
    pictures
        Captions and drawings of each patient's films.
    verdict
        What the check of the study found, if it was made.
    author
        Whose report it is, for the files' properties.
    """
    facts = [
        ("Patients", str(results.counts.patients)),
        ("Films", str(results.counts.films)),
        *(
            [("Measured elsewhere", f"{results.counts.elsewhere} values")]
            if results.counts.elsewhere
            else []
        ),
        ("Observers", ", ".join(results.observers) or "none"),
        ("Software", results.software),
    ]
    if verdict:
        facts.append(("Check of the study", verdict))
    if made_at is not None:
        facts.append(("Made", made_at.strftime("%Y-%m-%d %H:%M UTC")))
    blocks: list[Block] = [
        *_summary(results),
        *_patients(results),
        *_radiographic(results),
        *_scores(results),
        *_neurology(results),
        *_complications(results),
        *times_section(results.cohort),
        *arms_section(results.cohort),
        *lost_section(results.cohort),
        *_methods(results),
        *_remarks(results),
        *_pages(results, pictures or {}),
    ]
    return Document(
        title=results.name,
        subtitle="Kyphosis before and after surgery: results of the study",
        facts=tuple(facts),
        blocks=tuple(blocks),
        author=author,
        made_at=made_at,
    )


def _summary(results: StudyResults) -> list[Block]:
    return [Heading(text="Summary"), Bullets(items=summary_sentences(results))]


def _patients(results: StudyResults) -> list[Block]:
    cohort = results.cohort
    blocks: list[Block] = [
        Heading(text="Patients"), flow_figure(cohort), flow_table(cohort),
    ]  # fmt: skip
    lost = losses_table(results)
    if lost is not None:
        blocks.append(lost)
    if cohort.table_one.characteristics:
        return [*blocks, characteristics_table(cohort)]
    return [*blocks, Paragraph(text="There is no clinical table, hence no table of patients.")]


def _radiographic(results: StudyResults) -> list[Block]:
    cohort = results.cohort
    heading = Heading(text="Angles and correction")
    if not cohort.angles:
        words = "No angle was measured at a visit; see the exclusions."
        return [heading, Paragraph(text=words)]
    figure = angles_figure(cohort)
    endpoints = [item.endpoint for item in cohort.angles]
    return [
        heading,
        radiographic_table(cohort),
        *([figure] if figure else []),
        *(pairs_table(endpoint, cohort.rules.windows.labels) for endpoint in endpoints),
        *changes_tables(cohort),
        *waterfall_figures(cohort),
        *_over_time(endpoints, results),
        radiographic_table(cohort, sensitivity=True),
        *_notes(endpoints, cohort.rules.windows.labels),
    ]


def _over_time(endpoints: Sequence[EndpointAnalysis], results: StudyResults) -> list[Block]:
    tables = (omnibus_table(endpoints), mixed_table(endpoints, results.cohort))
    prefix = "_".join(endpoint.name.lower() for endpoint in endpoints)
    return [
        Table(
            key=f"{prefix}_{table.key}",
            title=table.title,
            columns=table.columns,
            rows=table.rows,
            note=table.note,
        )
        for table in tables
        if table is not None
    ]


def _notes(endpoints: Sequence[EndpointAnalysis], labels: Mapping[str, str]) -> list[Block]:
    notes = []
    for endpoint in endpoints:
        for note in endpoint.notes:
            said = note
            for visit, label in labels.items():
                said = said.replace(visit, label)
            notes.append(f"{endpoint.name}: {said.rstrip('.')}.")
    return [Bullets(items=tuple(notes))] if notes else []


def _scores(results: StudyResults) -> list[Block]:
    cohort = results.cohort
    endpoints = cohort.scores
    heading = Heading(text="Pain and disability")
    felt = symptoms_table(cohort)
    symptoms = [felt] if felt else []
    if not endpoints:
        return [heading, Paragraph(text="The clinical table holds no VAS and no ODI."), *symptoms]
    figure = scores_figure(cohort)
    labels = cohort.rules.windows.labels
    tables = [table(e, labels) for table in (scores_table, pairs_table) for e in endpoints]
    against = outcomes_table(cohort)
    return [
        heading,
        *([figure] if figure else []),
        *tables,
        *_over_time(endpoints, results),
        *([against] if against else []),
        *symptoms,
        *_notes(endpoints, cohort.rules.windows.labels),
    ]


def _neurology(results: StudyResults) -> list[Block]:
    heading = Heading(text="Neurology")
    if not results.cohort.neurology.transitions:
        return [heading, Paragraph(text="The clinical table holds no AIS grades.")]
    return [heading, *neurology_tables(results.cohort)]


def _complications(results: StudyResults) -> list[Block]:
    heading = Heading(text="Complications")
    found = results.cohort.complications
    if not found.any.total:
        return [heading, Paragraph(text="No patient's complications are known.")]
    by = associations_table(results.cohort)
    return [heading, *complications_tables(results.cohort), *([by] if by else [])]


def _methods(results: StudyResults) -> list[Block]:
    return [
        Heading(text="Methods"),
        *(Paragraph(text=text) for text in methods(results)),
        Heading(text="References"),
        Bullets(items=references(results)),
        Heading(text="Reporting checklist"),
        strobe_checklist(results),
    ]


def _remarks(results: StudyResults) -> list[Block]:
    kinds = {RemarkKind.REFUSED: "refused", RemarkKind.EXCLUDED: "excluded"}
    ordered = sorted(results.remarks, key=lambda r: (list(RemarkKind).index(r.kind), r.patient))
    columns = (
        Column(name="kind", label="Kind"),
        Column(name="patient", label="Patient"),
        Column(name="visit", label="Visit"),
        Column(name="code", label="Angle"),
        Column(name="sentence", label="What is the matter"),
    )
    rows = [
        {
            "kind": kinds.get(remark.kind, remark.kind.value),
            "patient": remark.patient or "whole study",
            "visit": remark.visit,
            "code": remark.code,
            "sentence": remark.sentence,
        }
        for remark in ordered
    ]
    heading = Heading(text="Exclusions and warnings")
    if not rows:
        return [heading, Paragraph(text="Nothing was left out, and there are no warnings.")]
    table = Table.from_records("remarks", "Exclusions and warnings", columns, rows)
    return [heading, labelled(table, results.cohort.rules.windows.labels)]


def _pages(
    results: StudyResults, pictures: Mapping[str, Iterable[tuple[str, Drawing]]]
) -> list[Block]:
    patients = dict.fromkeys(item.patient for item in results.cohort.corrections.patients)
    blocks: list[Block] = [PageBreak(), Heading(text="Each patient")] if patients else []
    dpi = PICTURE_DPI * min(1.0, (PATIENTS_AT_FULL_SIZE / max(len(patients), 1)) ** 0.5)
    for patient in sorted(patients):
        blocks += patient_blocks(results, patient, pictures.get(patient, ()), dpi)
        blocks.append(PageBreak())
    values = [corrections_table(results.cohort)] if patients else []
    if results.cohort.table_one.characteristics:
        values.append(characteristics_values(results.cohort))
    if values:
        blocks += [Heading(text="Every value"), *values]
    return blocks
