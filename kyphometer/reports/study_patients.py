"""Each patient's page: films of the visits with endplates drawn, values, corrections, remarks."""

from __future__ import annotations

from collections.abc import Iterable

from kyphometer.followup.cohort.study import StudyResults
from kyphometer.plots.figure import Figure as Drawing
from kyphometer.reports.document import Block, Bullets, Column, Heading, Paragraph, Table, slug
from kyphometer.reports.study_columns import VISIT, count, elsewhere, number
from kyphometer.reports.study_figures import picture
from kyphometer.reports.study_tables import labelled

_COLUMNS = (
    Column(name="label", label="Angle"),
    VISIT,
    count("day", "Day"),
    Column(name="position", label="Position"),
    number("value_deg", "Value (°)"),
    Column(name="elsewhere", label="Source", optional=True),
    number("standard_uncertainty_deg", "u (°)"),
    number("correction_deg", "Correction (°)"),
    number("correction_standard_uncertainty_deg", "u of correction (°)"),
    Column(name="correction_verdict", label="Against MDC95"),
    number("loss_deg", "Loss (°)"),
    number("loss_standard_uncertainty_deg", "u of loss (°)"),
)

PAGE_WIDE = 6.7
"""Width of a printed page's text in inches: what is drawn narrower keeps its size."""
FILMS_SHARE = 0.94
"""Share of the page's width that films take, so that a patient's table has room below them."""
SHARPER = 1.8
"""Resolution of small pictures in that of large ones."""


def patient_blocks(
    results: StudyResults, patient: str, drawings: Iterable[tuple[str, Drawing]], dpi: float
) -> list[Block]:
    """Heading, films at that resolution, table and remarks of one patient."""
    blocks: list[Block] = [Heading(text=f"Patient {patient}", level=2)]
    levels = results.levels.get(patient, ())
    if levels:
        blocks.append(Paragraph(text=f"Fractured: {', '.join(levels)}."))
    name = slug(patient).replace("-", "_")
    for place, (caption, drawing) in enumerate(drawings):
        width = drawing.get_figwidth()
        blocks.append(
            picture(
                f"patient_{name}_{place + 1}",
                f"Patient {patient}. {caption}",
                drawing,
                _alternative(results, patient),
                min(FILMS_SHARE, width / PAGE_WIDE),
                dpi if width > FILMS_SHARE * PAGE_WIDE else SHARPER * dpi,
            )
        )
    own = [
        row | {"elsewhere": elsewhere(row)}
        for row in results.cohort.corrections.rows()
        if row["patient"] == patient
    ]
    table = Table.from_records(f"patient_{name}", f"Angles of patient {patient}", _COLUMNS, own)
    blocks.append(labelled(table, results.cohort.rules.windows.labels))
    remarks = tuple(r.sentence for r in results.remarks if r.patient == patient)
    return [*blocks, Bullets(items=remarks)] if remarks else blocks


def _alternative(results: StudyResults, patient: str) -> str:
    """The values that the picture carries, in words."""
    labels = results.cohort.rules.windows.labels
    parts = [
        f"{item.code} at {labels.get(angle.visit, angle.visit)} {angle.value_deg:.1f} degrees"
        for item in results.cohort.corrections.patients
        if item.patient == patient
        for angle in item.angles
    ]
    return f"Films of patient {patient} with endplates drawn; {', '.join(parts)}."
