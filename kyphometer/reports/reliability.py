"""The reliability report: what was read, how far it can be trusted, and the GRRAS checklist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kyphometer.reliability import (
    GroupAnalysis,
    LandmarkAnalysis,
    NotComputed,
    ReliabilityResults,
    VarianceComponents,
    at_most,
    change_sentence,
)
from kyphometer.reports.document import (
    Block,
    Bullets,
    Checklist,
    Column,
    Document,
    Figure,
    Heading,
    PageBreak,
    Paragraph,
    Table,
)
from kyphometer.reports.reliability_figures import (
    agreement_figure,
    chart_figure,
    ellipse_figure,
    error_figure,
    icc_figure,
    parts_figure,
)
from kyphometer.reports.reliability_pair_tables import agreement_tables
from kyphometer.reports.reliability_tables import (
    accuracy_table,
    components_table,
    disagreement_table,
    icc_table,
    landmark_table,
    level_table,
    observer_table,
    precision_table,
    readings_table,
)

HIDDEN_COLUMNS = (
    Column(name="code", label="Measurement"),
    Column(name="pairs", label="Pairs", kind="number"),
    Column(name="mirrored", label="Of these mirrored", kind="number"),
    Column(name="sem_deg", label="SEM within a round", digits=2),
    Column(name="low", label="95 % CI from", digits=2),
    Column(name="high", label="to", digits=2),
    Column(name="between_deg", label="SEM between rounds", digits=2),
)


def reliability_document(
    results: ReliabilityResults,
    *,
    facts: Sequence[tuple[str, str]] = (),
    adjudication: Sequence[Figure] = (),
    limit_deg: float | None = None,
) -> Document:
    """The report of an analysis.

    Parameters
    ----------
    results
        Everything that was computed.
    facts
        Name and value pairs under the title.
    adjudication
        Pictures that show the readings of a disputed film together.
    limit_deg
        Largest standard error of measurement that is acceptable; judged by the interval.
    """
    groups = results.analysis.groups
    whole = [group for group in groups if not group.group]
    blocks: list[Block] = [*_summary(whole, limit_deg)]
    blocks += [Heading(text="How it was read"), *_process(results)]
    blocks += [Heading(text="Precision"), precision_table(groups)]
    parts = parts_figure(groups)
    if parts is not None:
        blocks += [parts, components_table(groups)]
    blocks.append(Heading(text="Intraclass correlation", level=2))
    blocks += [
        block for block in (icc_figure(whole), icc_table(_with_visits(groups))) if block is not None
    ]
    blocks += [Heading(text="Agreement"), *_agreement(whole)]
    blocks += [Heading(text="Observers"), *_observers(results, whole)]
    blocks += _landmarks(results.landmarks)
    blocks += _levels(results)
    blocks += _accuracy(results, whole)
    blocks += [Heading(text="For adjudication"), *_adjudication(whole, adjudication)]
    blocks += [PageBreak(), Heading(text="Reporting guideline"), _checklist(results)]
    blocks += [Heading(text="Methods"), Paragraph(text=results.analysis.methods)]
    blocks += [Heading(text="All readings"), readings_table(results.table)]
    counts = whole[0].counts
    subtitle = (
        f"{counts.films} films, {counts.observers} observers, up to {counts.replicates} readings "
        "of a film by an observer"
    )
    return Document(
        title=results.title or "Reliability of readings",
        subtitle=subtitle,
        facts=tuple(facts),
        blocks=tuple(blocks),
    )


def _summary(whole: Sequence[GroupAnalysis], limit_deg: float | None) -> Iterator[Block]:
    yield Heading(text="In short")
    for group in whole:
        yield Heading(text=group.code or "Readings", level=2)
        yield Bullets(items=(*group.words, *_verdict(group, limit_deg)))


def _verdict(group: GroupAnalysis, limit_deg: float | None) -> tuple[str, ...]:
    if limit_deg is None or isinstance(group.components, NotComputed):
        return ()
    verdict = at_most(group.components.precision.agreement, limit_deg)
    return (
        f"That the standard error of measurement between observers is at most "
        f"{limit_deg:g} {group.unit} is {verdict} by its confidence interval.",
    )


def _with_visits(groups: Sequence[GroupAnalysis]) -> list[GroupAnalysis]:
    """Each measurement as a whole, and its visits where they were looked at."""
    return [group for group in groups if not group.group or group.group.startswith("visit ")]


def _process(results: ReliabilityResults) -> Iterator[Block]:
    known = results.facts
    for text in (known.sampling, known.process, known.independence, known.planning):
        if text:
            yield Paragraph(text=text)
    if not known.process:
        yield Paragraph(
            text="The readings were not made in a blinded session of this program; how they were "
            "made is for the authors to say."
        )
    if results.hidden:
        rows = [_hidden_row(item) for item in results.hidden]
        yield Table.from_records(
            "hidden_duplicates",
            "Films shown twice within a round",
            HIDDEN_COLUMNS,
            rows,
            "Readings of hidden duplicates are not part of any other result.",
        )
        yield Bullets(items=tuple(f"{item.code}: {item.words}" for item in results.hidden))


def _hidden_row(item: Any) -> dict[str, Any]:
    row = {"code": item.code, "pairs": item.pairs, "mirrored": item.mirrored_pairs}
    if item.between_rounds is not None:
        row["between_deg"] = item.between_rounds.value
    if not isinstance(item.within_round, NotComputed):
        sem = item.within_round.standard_error_of_measurement
        row.update(sem_deg=sem.value, low=sem.low, high=sem.high)
    return row


def _agreement(whole: Sequence[GroupAnalysis]) -> Iterator[Block]:
    yield from agreement_tables(whole)
    for group in whole:
        for pair in (*group.pairs, *group.repeats):
            figure = agreement_figure(group, pair)
            if figure is not None:
                yield figure


def _observers(results: ReliabilityResults, whole: Sequence[GroupAnalysis]) -> Iterator[Block]:
    yield observer_table(whole)
    for group in whole:
        for observer in group.observers:
            figure = chart_figure(group, observer)
            if figure is not None:
                yield figure
    if all(row.created is None for row in results.table.values):
        yield Paragraph(text="The readings carry no times, so that drift cannot be judged.")


def _landmarks(found: Sequence[LandmarkAnalysis | NotComputed]) -> Iterator[Block]:
    if not found:
        return
    yield Heading(text="Where the error comes from")
    for item in found:
        if isinstance(item, NotComputed):
            yield Paragraph(text=f"{item.statistic[0].upper()}{item.statistic[1:]}: {item.reason}")
            continue
        yield Paragraph(text=_landmark_words(item))
        yield ellipse_figure(item)
        yield landmark_table(item)


def _landmark_words(item: LandmarkAnalysis) -> str:
    error = item.error
    words = (
        f"{item.code}: the corners of {item.readings} readings of {item.films} films predict an SD "
        f"of {error.predicted_sd_with_correlation_deg:.2f}° of a single angle"
    )
    if not isinstance(error.observed, NotComputed):
        seen = error.observed.agreement
        words += f"; observed was {seen.value:.2f}°"
        if seen.low is not None and seen.high is not None:
            words += f" (95 % CI {seen.low:.2f} to {seen.high:.2f}°)"
    if item.left_out:
        words += f". {len(item.left_out)} readings used other levels or lacked an endplate"
    return words + "."


def _levels(results: ReliabilityResults) -> Iterator[Block]:
    yield Heading(text="Choice of levels")
    if isinstance(results.levels, NotComputed):
        yield Paragraph(text=results.levels.reason)
        return
    levels = results.levels
    if not isinstance(levels.together, NotComputed):
        kappa = levels.together
        yield Paragraph(
            text=f"Fractured levels were chosen on {levels.films} films by {levels.observers} "
            f"observers; they differ on {len(levels.disputed)}."
        )
        yield level_table(kappa, levels.pairs)
    else:
        yield Paragraph(
            text=f"Observers chose levels on {levels.films} films and differ on "
            f"{len(levels.disputed)}. {levels.together.reason}"
        )
    if levels.disputed:
        yield Bullets(
            items=tuple(
                f"{film}: " + ", ".join(f"{who} {level}" for who, level in chosen)
                for film, chosen in levels.disputed
            )
        )


def _accuracy(results: ReliabilityResults, whole: Sequence[GroupAnalysis]) -> Iterator[Block]:
    known = [group for group in whole if not isinstance(group.accuracy, NotComputed)]
    if not known:
        return
    yield Heading(text="Accuracy")
    yield accuracy_table(known)
    for group in known:
        yield error_figure(results.table, group)


def _adjudication(whole: Sequence[GroupAnalysis], pictures: Sequence[Figure]) -> Iterator[Block]:
    if not any(group.disagreements for group in whole):
        yield Paragraph(text="No two readings of a film differ by more than MDC95.")
        return
    yield Paragraph(
        text="These readings of one film differ by more than MDC95, which chance does one time in "
        "twenty. They are to be looked at together; readings stay as they are."
    )
    yield disagreement_table(whole)
    yield from pictures


def _checklist(results: ReliabilityResults) -> Checklist:
    return Checklist(
        title="Guidelines for reporting reliability and agreement studies (GRRAS)",
        items=tuple((str(item.number), item.item, item.text) for item in results.checklist),
    )


def mdc_sentences(results: ReliabilityResults) -> tuple[str, ...]:
    """The MDC95 of each measurement in words, for the follow-up."""
    return tuple(
        f"{group.code}: {change_sentence(group.components.precision.mdc95_agreement)}"
        for group in results.analysis.groups
        if not group.group and isinstance(group.components, VarianceComponents)
    )
