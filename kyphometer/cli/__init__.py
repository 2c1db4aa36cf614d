"""The command line: parse, call the workflow, print. One module a subcommand, loaded when used.

A subcommand module offers `add_parser(subparsers)`, which adds its parser, and `run(args) -> int`,
which does the work and returns the exit status. Nothing heavy may be imported at its top.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from kyphometer import __version__
from kyphometer.messages import LANGUAGES, sentence, speaking

COMMANDS = {
    "annotate": "mark films in the browser, on this machine",
    "batch": "measure every film of a folder, by patient and visit, and draw overlays",
    "carry-over": "propose the marks of a read film on the next film",
    "deidentify": "copy a folder or a study without its patients' identity",
    "detect": "propose the vertebral bodies of a whole film without a click (experimental)",
    "export": "write readings as DICOM objects (SR, picture, PDF), FHIR, COCO, CVAT, Slicer",
    "import-marks": "take in marks from a DICOM SR, COCO keypoints, a CVAT or a 3D Slicer file",
    "info": "show what a film's header says",
    "listen": "receive films that others send (storage SCP)",
    "measure": "measure one film from its reading",
    "pacs": "find films in an archive, fetch them, send films and results there",
    "plan": "sample size of a reliability study or of a follow-up",
    "qa": "acceptance after an upgrade; certification on films with hidden truth; validation",
    "refine": "move rough marks onto the rim corners that the film shows",
    "report": "results of a study as a report, tables and figures",
    "reliability": "how far readings can be trusted: ICC, SEM, MDC95, agreement, report",
    "schema": "print the JSON Schema of a file format",
    "session": "blinded reading sessions of a study: new, status, lock, reopen, export",
    "simulate": "make simulated films with known truth",
    "serve": "serve a study to a department, with accounts",
    "study": "make, fill and look at a study: films, patients, readings, clinical data",
    "user": "accounts of a served study",
    "waiting": "films on which a proposal waits, the most doubtful first (experimental)",
    "watch": "propose on every film that arrives in a folder (experimental)",
}
"""Subcommands with their summaries; each lives in the module of its name, - replaced by _."""

_LANGUAGE_HELP = (
    "language of what is printed for people (default: KYPHOMETER_LANGUAGE, else English); "
    "these helps are English"
)

_STATUSES = """\
exit status:
  0  done
  1  done, but some of the files failed (each was named)
  2  the command itself is wrong
  3  a film cannot be read
  4  a reading cannot be used
  5  a measurement cannot be made
  6  too little or impossible data for a statistic
  7  a table that was handed in is wrong
  8  the study database refuses
  9  a server refuses or is not there
 10  the image cannot help
130  interrupted
"""


def _parser(chosen: str | None) -> argparse.ArgumentParser:
    """Parser that knows every subcommand by name, and the chosen one in full."""
    parser = argparse.ArgumentParser(
        prog="kyphometer",
        description="Kyphosis angles from lateral spine films, with their uncertainty and change. "
        "Without a command the annotator opens what was opened last, else a study of your own.",
        epilog=_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"kyphometer {__version__}")
    parser.add_argument("--language", choices=LANGUAGES, help=_LANGUAGE_HELP)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        if name == chosen:
            module = importlib.import_module(f"kyphometer.cli.{name.replace('-', '_')}")
            module.add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=summary, add_help=False)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv
        Arguments without the program's name; None takes those of the process.

    Returns
    -------
    status
        Exit status, see `kyphometer --help`.
    """
    spoken, arguments = _language(list(sys.argv[1:] if argv is None else argv))
    arguments = arguments or ["annotate"]
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    parser = _parser(chosen)
    args = parser.parse_args(arguments)
    module = importlib.import_module(f"kyphometer.cli.{args.command.replace('-', '_')}")
    with speaking(spoken):
        return _guarded(module.run, args)


def _language(arguments: list[str]) -> tuple[str, list[str]]:
    """The language asked for, before or after the subcommand, and the other arguments."""
    parser = argparse.ArgumentParser(prog="kyphometer", add_help=False, allow_abbrev=False)
    parser.add_argument("--language", choices=LANGUAGES, help=_LANGUAGE_HELP)
    end = arguments.index("--") if "--" in arguments else len(arguments)
    known, others = parser.parse_known_args(arguments[:end])
    spoken = known.language or os.environ.get("KYPHOMETER_LANGUAGE", "")
    return spoken, [*others, *arguments[end:]]


def _guarded(run: object, args: argparse.Namespace) -> int:
    """Run a subcommand; turn what we raise on purpose into one sentence and an exit status."""
    from kyphometer.errors import KyphometerError

    try:
        status = run(args)  # type: ignore[operator]
        sys.stdout.flush()
    except KyphometerError as error:
        print(f"kyphometer: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print(sentence("cli.interrupted", {}), file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f" '{error.filename}'" if error.filename else ""
        print(f"kyphometer: {error.strerror or error}{where}.", file=sys.stderr)
        return 1
    return int(status or 0)
