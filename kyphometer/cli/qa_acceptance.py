"""`kyphometer qa acceptance`: whether an installation gives what it was released with."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kyphometer.cli.options import Options
from kyphometer.cli.output import print_table
from kyphometer.cli.words import in_words, warn

if TYPE_CHECKING:
    from kyphometer.plots.comparison import VisitPicture
    from kyphometer.sessions.acceptance import Acceptance
    from kyphometer.workflow.acceptance.steps import Material

USUAL_FOLDER = "kyphometer-acceptance"


@dataclass(frozen=True, kw_only=True)
class AcceptanceOptions(Options):
    """Options of `kyphometer qa acceptance`."""

    folder: Path
    against: Path | None
    leave_out: list[str]
    json: bool


def add_acceptance(deeds: Any) -> None:
    """Add the deed's parser."""
    page = deeds.add_parser(
        "acceptance",
        help="after an upgrade: does this installation give what it was released with?",
        description="Films with known truth, expected numbers, hashes of the networks and of the "
        "program's files, versions: held against what ships with the program, and compared with "
        "the last run. One PDF and one JSON a run. Exit status 0 if all is kept, 1 if anything is "
        "broken or was skipped.",
    )
    page.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=Path(USUAL_FOLDER),
        help="folder where runs are kept (default: %(default)s)",
    )
    page.add_argument(
        "--against", type=Path, metavar="JSON", help="run to compare with (default: the last)"
    )
    page.add_argument(
        "--leave-out",
        action="append",
        default=[],
        metavar="GROUP",
        help="a group of checks not to try; the acceptance is then incomplete and does not pass",
    )
    page.add_argument("--json", action="store_true", help="print the run as JSON")


def accept_installation(given: argparse.Namespace) -> int:
    """Run, keep, compare, print."""
    from kyphometer.errors import UsageError
    from kyphometer.reports.acceptance import acceptance_document
    from kyphometer.reports.pdf import write_pdf
    from kyphometer.sessions.acceptance import Verdict
    from kyphometer.workflow.acceptance import records
    from kyphometer.workflow.acceptance.run import accept
    from kyphometer.workflow.acceptance.steps import STEPS

    args = AcceptanceOptions.of(given)
    unknown = sorted(set(args.leave_out) - set(STEPS))
    if unknown:
        raise UsageError("no_such_group", unknown=unknown[0], names=", ".join(STEPS))
    before = args.against or records.last_run(args.folder)
    last = None if before is None else records.read_run(before)
    run, material = accept(last, leave_out=args.leave_out, progress=_progress)
    kept = records.keep_run(run, args.folder)
    write_pdf(acceptance_document(run, _pictures(material)), kept.with_suffix(".pdf"))
    if args.json:
        sys.stdout.write(records.as_text(run))
    else:
        _print(run)
    warn("written", paths=[str(kept), kept.with_suffix(".pdf").name])
    return 0 if run.verdict is Verdict.PASSED else 1


def _progress(group: str) -> None:
    warn("checking", group=group)


def _print(run: Acceptance) -> None:
    from kyphometer.messages.retold import retold
    from kyphometer.reports.acceptance import comparison_words, verdict_words
    from kyphometer.sessions.acceptance import State

    trouble = [check for check in run.checks if check.state is not State.KEPT]
    if trouble:
        rows = [
            (f"{c.group}: {c.name}", in_words(c.state), c.expected, c.found, retold(c.note))
            for c in trouble
        ]
        print_table(("check", "is", "expected", "found", "why"), rows)
    if run.differences:
        print_table(("what", "before", "now"), [(d.what, d.old, d.new) for d in run.differences])
    print(retold(comparison_words(run)))
    print(retold(verdict_words(run)))


def _pictures(material: Material) -> list[VisitPicture]:
    """Both films, each with its true endplates and with what was found."""
    from kyphometer.dicom import to_grey
    from kyphometer.errors import KyphometerError
    from kyphometer.measure import measure_reading
    from kyphometer.plots.comparison import VisitPicture

    made = []
    try:
        for visit, found in (("pre-op", material.refined), ("discharge", material.proposal)):
            film = material.films[visit]
            for name, reading in (("truth", material.truth[visit]), ("found", found)):
                measured = measure_reading(reading, film.geometry)
                values = tuple(f"{code} {measured[code].value:.1f}°" for code in ("VKA", "RKA"))
                shown = VisitPicture(
                    title=f"{visit}, {name}",
                    grey=to_grey(film),
                    reading=reading,
                    aspect=film.geometry.aspect,
                    values=values,
                )
                made.append(shown)
    except KyphometerError:
        return []  # the checks have told it
    return made
