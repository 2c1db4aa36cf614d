"""`kyphometer deidentify`: a folder or study copied without identity, and a search in copies."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kyphometer.cli.options import Options
from kyphometer.cli.words import heading, in_words, tell, warn


@dataclass(frozen=True, kw_only=True)
class DeidentifyOptions(Options):
    """Options of `kyphometer deidentify`."""

    source: str
    out: Path | None
    key: Path | None
    dry_run: bool
    audit: bool
    names: Path | None
    pixels_checked: list[str]
    blank: list[tuple[str, tuple[int, int, int, int]]]
    keep_device: bool
    keep_column: list[str]
    accept_leftovers: bool
    json: bool


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "deidentify",
        help="copy a folder or a study without its patients' identity",
        description="Copy films, readings, clinical data and the study's database without anything "
        "that names a patient or a reader. The source is only read. The key is written apart from "
        "the copy: keep it where the originals are. See docs/deidentify.md.",
    )
    parser.add_argument("source", help="a folder, or a study; with --audit the copy")
    parser.add_argument("out", type=Path, nargs="?", help="a new folder for the copy")
    parser.add_argument(
        "--key", type=Path, help="file of the key (default: a new one, OUT.key.json)"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="do everything, tell what would be, keep nothing"
    )
    parser.add_argument(
        "--audit", action="store_true", help="look for identifiers of --key and --names in a copy"
    )
    parser.add_argument(
        "--names", type=Path, metavar="FILE", help="further values to look for, one a line"
    )
    _add_choices(parser)
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def _add_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pixels-checked",
        action="append",
        default=[],
        metavar="FILM",
        help="you have looked at this film ('*': at all): its pixels name nobody; may be repeated",
    )
    parser.add_argument(
        "--blank",
        action="append",
        default=[],
        type=_region,
        metavar="[FILM=]LEFT,TOP,WIDTH,HEIGHT",
        help="write this region of the pixels black; may be repeated",
    )
    parser.add_argument("--keep-device", action="store_true", help="keep what names the device")
    parser.add_argument(
        "--keep-column",
        action="append",
        default=[],
        metavar="X_NAME",
        help="keep the texts of this clinical column instead of labels; may be repeated",
    )
    parser.add_argument(
        "--accept-leftovers",
        action="store_true",
        help="keep a copy in which identifiers were found: you have seen that they name nobody",
    )


def _region(text: str) -> tuple[str, tuple[int, int, int, int]]:
    name, _, numbers = text.rpartition("=")
    try:
        left, top, width, height = (int(part) for part in numbers.split(","))
    except ValueError:
        message = f"'{text}' is no region: give LEFT,TOP,WIDTH,HEIGHT in pixels"
        raise argparse.ArgumentTypeError(message) from None
    return name or "*", (left, top, width, height)


def run(given: argparse.Namespace) -> int:
    """Copy, or look for leftovers."""
    args = DeidentifyOptions.of(given)
    if args.audit:
        return _audit(args)
    if args.out is None:
        warn("copy_where")
        return 2
    from kyphometer.cli.study_output import count_only
    from kyphometer.dicom.clean_pixels import Region
    from kyphometer.workflow.deidentified import Choices, deidentify_source

    counter = count_only("files")
    outcome = deidentify_source(
        args.source,
        args.out,
        key=args.key,
        dry_run=args.dry_run,
        choices=Choices(
            pixels_checked=frozenset(args.pixels_checked),
            blank=[(name, Region(*region)) for name, region in args.blank],
            keep_device=args.keep_device,
            keep_columns=frozenset(args.keep_column),
            names=_names(args.names),
            accept_leftovers=args.accept_leftovers,
        ),
        progress=None if counter is None else lambda done, total, _: counter(done, total),
    )
    if args.json:
        _print_json(outcome)
    else:
        _print(outcome)
    refused = any(item.refused for item in outcome.tally.left_out)
    return 1 if refused or outcome.leftovers else 0


def _names(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    lines = path.read_text("utf-8-sig").splitlines()
    return tuple(line.strip() for line in lines if line.strip())


def _print_json(outcome: Any) -> None:
    from kyphometer.cli.output import print_json

    print_json(
        {
            "out": None if outcome.out is None else str(outcome.out),
            "key": None if outcome.key is None else str(outcome.key),
            **outcome.tally.to_dict(),
            "left_out": [
                {"path": str(item.path), "sentence": item.sentence, "refused": item.refused}
                for item in outcome.tally.left_out
            ],
            "leftovers": [_leftover(item) for item in outcome.leftovers],
            "too_short_to_look_for": outcome.too_short,
        }
    )


def _leftover(item: Any) -> dict[str, str]:
    return {"place": item.place, "kind": item.kind, "value": item.value}


def _print(outcome: Any) -> None:
    from kyphometer.cli.output import print_table
    from kyphometer.messages.retold import retold

    tally = outcome.tally
    found = tally.to_dict()
    for item in tally.left_out:
        warn("left_out", path=item.path, why=item.sentence)
    written = [(heading(name), count) for name, count in found["written"].items()]
    print_table(("written", "number"), written, right=(1,))
    for name, rows in found["rows"].items():
        counts = ", ".join(f"{count} {table}" for table, count in rows.items() if count)
        print(f"{heading(name)}: {counts}")
    for what, names in found["attributes"].items():
        if names:
            print(f"\n{heading(what)}:")
            for name, count in names.items():
                print(f"  {retold(name)}: {count}")
    print()
    _print_leftovers(outcome.leftovers)
    tell("leftovers", count=len(outcome.leftovers), short=outcome.too_short)
    if outcome.out is None:
        tell("dry_run")
    else:
        tell("written_to", folder=outcome.out)
        tell("key_is", key=outcome.key)


def _print_leftovers(leftovers: Iterable[Any]) -> None:
    from kyphometer.messages.retold import retold

    for item in leftovers:
        tell("leftover", kind=in_words(item.kind), value=retold(item.value), place=item.place)


def _audit(args: DeidentifyOptions) -> int:
    from kyphometer.cli.output import print_json
    from kyphometer.dicom.identifiers import Identifier
    from kyphometer.errors import StudyRefusedError
    from kyphometer.store.deidentified.ledger import Ledger
    from kyphometer.workflow.deidentified import find_leftovers

    folder = Path(args.source)
    if not folder.is_dir():
        raise StudyRefusedError("no_folder", folder=folder)
    if args.key is None and args.names is None:
        warn("look_for_what")
        return 2
    ledger = Ledger.new() if args.key is None else Ledger.read(args.key)
    ledger.note(Identifier("given", name) for name in _names(args.names))
    found, short = find_leftovers(folder, ledger.identifiers, ledger.days)
    if args.json:
        print_json(
            {
                "looked_for": len(ledger.identifiers),
                "too_short_to_look_for": len(short),
                "leftovers": [_leftover(item) for item in found],
            }
        )
    else:
        _print_leftovers(found)
        tell("leftovers_of", count=len(found), values=len(ledger.identifiers), short=len(short))
    return 1 if found else 0
