"""The report of a validation of help from the image."""

from __future__ import annotations

from collections.abc import Sequence

from kyphometer.plots.validation import plot_help
from kyphometer.reports.document import Block, Column, Document, Heading, Paragraph, Table
from kyphometer.reports.reliability_figures import picture
from kyphometer.sessions.validation import PairedReadings, Validation

COLUMNS = (
    Column(name="code", label="Measurement"),
    Column(name="quantity", label="Quantity"),
    Column(name="value", label="Value", digits=2),
    Column(name="low", label="95 % CI from", digits=2),
    Column(name="high", label="to", digits=2),
    Column(name="unit", label="Unit"),
    Column(name="margin", label="Margin", digits=2),
    Column(name="verdict", label="That it is kept is"),
)
METHOD = (
    "The same films were read blinded without and with help from the image, by every observer, "
    "half of them with help first. Bias is the mean of a helped reading less the same observer's "
    "reading alone. The truth of these films is not known; what observers share when they read "
    "alone stands for it, so that an observer's own scatter enters neither the error with help nor "
    "the slope: a slope below 0 (less 1) means that help straightens steep angles. Coverage "
    "compares helped readings with what the other observers read alone and allows for the error "
    "of the latter. Patients are the independent units of every interval. A margin is kept only "
    "where the whole interval keeps it, and broken only where the whole interval breaks it. Errors "
    "that all observers share when they read alone cannot be seen by this."
)


def validation_document(
    validation: Validation,
    readings: Sequence[PairedReadings],
    *,
    facts: Sequence[tuple[str, str]] = (),
) -> Document:
    """The report: judgement, table, helped against unhelped readings."""
    blocks: list[Block] = [Paragraph(text=validation.words, emphasis=True)]
    records = [line.record() for line in validation.lines]
    note = f"{validation.films} films. Margins were fixed before anything was read."
    blocks.append(Table.from_records("validation", "Judgement", COLUMNS, records, note))
    for found in readings:
        title = f"{found.code}: reading with help less reading without, against their mean."
        blocks.append(picture(plot_help(found), f"validation {found.code}", title, title, 0.7))
    blocks += [Heading(text="How it was judged"), Paragraph(text=METHOD)]
    return Document(
        title="Validation of help from the image",
        subtitle="on films of this study",
        facts=tuple(facts),
        blocks=tuple(blocks),
    )
