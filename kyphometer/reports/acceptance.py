"""The page of an acceptance: verdict, what was compared, the films, every check."""

from __future__ import annotations

from collections.abc import Sequence

from kyphometer.plots.comparison import VisitPicture, plot_side_by_side
from kyphometer.plots.export import figure_png
from kyphometer.reports.document import (
    Block,
    Column,
    Document,
    Figure,
    Heading,
    Paragraph,
    Table,
)
from kyphometer.sessions.acceptance import Acceptance, Check, State, Value, Verdict
from kyphometer.stats.formatting import MISSING, format_number

GROUPS = (
    Column(name="group", label="Group"),
    Column(name="checks", label="Checks", kind="number"),
    Column(name="kept", label="Kept", kind="number"),
    Column(name="broken", label="Broken", kind="number"),
    Column(name="skipped", label="Skipped", kind="number"),
)
CHECKS = (
    Column(name="name", label="Check"),
    Column(name="expected", label="Expected"),
    Column(name="tolerance", label="±"),
    Column(name="found", label="Found"),
    Column(name="state", label="Is"),
)
TROUBLE = (
    Column(name="check", label="Check"),
    Column(name="expected", label="Expected"),
    Column(name="found", label="Found"),
    Column(name="state", label="Is"),
    Column(name="note", label="Why", optional=True),
)
CHANGES = (
    Column(name="what", label="What"),
    Column(name="old", label="Before"),
    Column(name="new", label="Now"),
)
NAMES = (Column(name="name", label="What"), Column(name="value", label="Version or SHA-256"))
METHOD = (
    "Two films that ship with the program, of a simulated patient with exactly known endplates, "
    "were read, measured, refined from rough clicks and carried from visit to visit, and a third "
    "film was simulated on the spot. What came out is held against the list that ships with the "
    "program: numbers within the stated tolerance, hashes and refusals to the letter. Numbers "
    "that the image decides are held against the truth too. A value that was not found is "
    "skipped, and an acceptance with one skipped value does not pass. It shows that this "
    "installation gives what it was released with; how good that is on films of patients is the "
    "matter of a validation (kyphometer qa validate)."
)
_HASH = 64
_SHOWN = 12


def verdict_words(run: Acceptance) -> str:
    """The verdict as a sentence."""
    total = len(run.checks)
    broken, skipped = len(run.of_state(State.BROKEN)), len(run.of_state(State.SKIPPED))
    if run.verdict is Verdict.PASSED:
        return f"Passed: all {total} checks are kept."
    left = f"{skipped} of {total} checks {'was' if skipped == 1 else 'were'} skipped."
    if run.verdict is Verdict.INCOMPLETE:
        return f"Incomplete, hence not passed: {left}"
    words = f"Failed: {broken} of {total} checks {'is' if broken == 1 else 'are'} broken."
    return f"{words} {left}" if skipped else words


def comparison_words(run: Acceptance) -> str:
    """What is said of the earlier run."""
    if run.compared_with is None:
        return "There is no earlier run to compare with."
    if not run.differences:
        return f"Nothing differs from the run of {run.compared_with}."
    number = len(run.differences)
    what = "thing differs" if number == 1 else "things differ"
    return f"{number} {what} from the run of {run.compared_with}."


def acceptance_document(run: Acceptance, pictures: Sequence[VisitPicture] = ()) -> Document:
    """The page.

    Parameters
    ----------
    run
        What was found.
    pictures
        The films with marks, side by side; none if they could not be read.
    """
    blocks: list[Block] = [
        Paragraph(text=verdict_words(run), emphasis=True),
        Paragraph(text=comparison_words(run)),
        _groups(run),
    ]
    trouble = [check for check in run.checks if check.state is not State.KEPT]
    if trouble:
        blocks.append(_trouble(trouble))
    if run.differences:
        blocks.append(_changes(run))
    if pictures:
        blocks.append(_films(pictures))
    blocks += [Heading(text="What was done"), Paragraph(text=METHOD)]
    blocks.append(Heading(text="Every check"))
    blocks += [_checks(run, group) for group in _order(run)]
    blocks.append(Heading(text="What it ran on"))
    rows = tuple(run.versions.items())
    blocks.append(Table(key="versions", title="Versions", columns=NAMES, rows=rows))
    parts = tuple(run.parts.items())
    note = (
        "Over the names and contents of a part's files; it changes with every change of the code."
    )
    title = "Parts of the program that decide numbers"
    blocks.append(Table(key="parts", title=title, columns=NAMES, rows=parts, note=note))
    return Document(
        title="Acceptance of an installation",
        subtitle=f"kyphometer {run.versions['kyphometer']}",
        facts=(
            ("Made", f"{run.made.removesuffix('+00:00').replace('T', ' ')} UTC"),
            ("On", f"{run.versions['system']}, Python {run.versions['Python']}"),
            ("Took", f"{run.seconds:.0f} s"),
            ("Accepted by", "____________________    Date ____________"),
        ),
        blocks=tuple(blocks),
    )


def _order(run: Acceptance) -> list[str]:
    return list(dict.fromkeys(check.group for check in run.checks))


def _groups(run: Acceptance) -> Table:
    rows = []
    for group in _order(run):
        own = [check for check in run.checks if check.group == group]
        counts = [sum(check.state is state for check in own) for state in State]
        rows.append((group, len(own), *counts))
    return Table(key="groups", title="Checks", columns=GROUPS, rows=tuple(rows))


def _trouble(checks: Sequence[Check]) -> Table:
    rows = tuple(
        (f"{c.group}: {c.name}", _shown(c.expected), _shown(c.found), str(c.state), c.note)
        for c in checks
    )
    return Table(key="trouble", title="What is not kept", columns=TROUBLE, rows=rows)


def _changes(run: Acceptance) -> Table:
    rows = tuple((d.what, _shown(d.old, whole=6), _shown(d.new, whole=6)) for d in run.differences)
    title = f"What is not as it was on {run.compared_with}"
    return Table(key="differences", title=title, columns=CHANGES, rows=rows)


def _checks(run: Acceptance, group: str) -> Table:
    rows = tuple(
        (
            check.name,
            f"{_shown(check.expected)} {_unit(check)}".rstrip(),
            "" if not check.tolerance else f"{check.tolerance:g}",
            _shown(check.found),
            str(check.state),
        )
        for check in run.checks
        if check.group == group
    )
    key = f"checks_{group.replace(' ', '_').replace('-', '_')}"
    return Table(key=key, title=group.capitalize(), columns=CHECKS, rows=rows)


def _unit(check: Check) -> str:
    return "°" if check.unit == "deg" else check.unit


def _films(pictures: Sequence[VisitPicture]) -> Figure:
    return Figure(
        key="films",
        title="The films: true endplates, and what was found from rough clicks (pre-op) and by "
        "carry-over from there (discharge).",
        png=figure_png(plot_side_by_side(pictures)),
        alternative="Four pictures of two simulated films with endplates drawn on them.",
    )


def _shown(value: Value | None, *, whole: int = 4) -> str:
    """A value for people: numbers rounded, hashes cut."""
    if value is None:
        return MISSING
    if isinstance(value, str):
        return f"{value[:_SHOWN]}…" if len(value) == _HASH and value.isalnum() else value
    return format_number(value, whole)
