"""The certificate page of an observer or an installation."""

from __future__ import annotations

from collections.abc import Sequence

from kyphometer.plots.reliability_time import plot_errors
from kyphometer.reliability import ReadingTable
from kyphometer.reports.document import Block, Column, Document, Heading, Paragraph, Table
from kyphometer.reports.reliability_figures import picture
from kyphometer.sessions.certificate import Certificate

COLUMNS = (
    Column(name="code", label="Measurement"),
    Column(name="quantity", label="Quantity"),
    Column(name="value", label="Value (deg)", digits=2),
    Column(name="low", label="95 % CI from", digits=2),
    Column(name="high", label="to", digits=2),
    Column(name="limit", label="Limit (deg)", digits=2),
    Column(name="verdict", label="That it is kept is"),
)
METHOD = (
    "Simulated films with exactly known endplates were read blinded. Bias is the mean error, with "
    "films as independent units; SEM is the SD of a single error about that bias; "
    "MDC95 = 1.96 sqrt(2) SEM. A limit is kept only where the whole confidence interval keeps it, "
    "and broken only where the whole interval lies beyond it. Simulated films show how well rim "
    "corners are found on known anatomy; they do not replace repeat readings of patients."
)


def certificate_document(
    certificate: Certificate,
    table: ReadingTable,
    *,
    facts: Sequence[tuple[str, str]] = (),
) -> Document:
    """The certificate.

    Parameters
    ----------
    certificate
        The judgement.
    table
        The readings that were judged.
    facts
        Name and value pairs under the title: kit, date, software.
    """
    blocks: list[Block] = [Paragraph(text=certificate.words, emphasis=True)]
    records = [line.record() for line in certificate.lines]
    counts = dict.fromkeys(
        f"{found.films} vertebrae or films, {found.readings} readings"
        for found in certificate.details
    )
    codes = ", ".join(dict.fromkeys(line.code for line in certificate.lines))
    note = f"Read ({codes}): {'; '.join(counts)}."
    blocks.append(Table.from_records("certificate", "Judgement", COLUMNS, records, note))
    for code in dict.fromkeys(line.code for line in certificate.lines):
        own = table.where(
            lambda row, code=code: (
                row.code == code  # type: ignore[misc]
                and certificate.subject in (row.observer, "all observers")
            )
        )
        title = f"{code}: reading minus truth against truth."
        blocks.append(picture(plot_errors(own), f"certificate {code}", title, title, 0.7))
    blocks += [Heading(text="How it was judged"), Paragraph(text=METHOD)]
    return Document(
        title="Certificate of reading",
        subtitle=certificate.subject,
        facts=tuple(facts),
        blocks=tuple(blocks),
    )
