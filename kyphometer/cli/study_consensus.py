"""`kyphometer study consensus`: films that several have read, and one reading made of them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

from kyphometer.cli.study_output import StudyDeed, print_facts, print_rows
from kyphometer.cli.words import say
from kyphometer.errors import UsageError

_COLUMNS = ("film", "patient", "visit", "observers", "VKA_apart_deg", "RKA_apart_deg")


@dataclass(frozen=True, kw_only=True)
class ConsensusOptions(StudyDeed):
    """Options of `kyphometer study consensus`."""

    film: int | None
    by: str | None
    mean: bool
    choose: str | None
    reason: str | None


def consensus(given: argparse.Namespace) -> int:
    """List the films to adjudicate, or keep a consensus of one."""
    from kyphometer.store.study.study import Study
    from kyphometer.workflow.consensus import make_consensus, open_films

    args = ConsensusOptions.of(given)
    how = args.mean or args.choose is not None
    with Study.open(args.study) as study:
        if args.film is None and args.by is None and not how:
            print_rows(args, [_row(item) for item in open_films(study)], _COLUMNS)
            return 0
        if args.film is None or args.by is None or not how:
            raise UsageError("consensus_incomplete")
        study.add_observer(args.by)
        kept = make_consensus(study, args.film, args.by, chosen=args.choose, reason=args.reason)
    agreed = kept.reading.consensus
    assert agreed is not None  # it was just made
    facts = {
        "film": kept.film_id,
        "observer": kept.observer,
        "version": kept.version,
        "method": agreed.method,
        "of": [f"{part.observer} version {part.version}" for part in agreed.of if part.used],
    }
    if args.format == "table":
        parts = [(part.observer, part.version) for part in agreed.of if part.used]
        facts["of"] = [say("version_of", observer=who, version=which) for who, which in parts]
    print_facts(args, facts)
    return 0


def _row(item: Any) -> dict[str, Any]:
    apart = {f"{code}_apart_deg": value for code, value in item.apart_deg.items()}
    film = item.film
    return {
        "film": film.id,
        "patient": film.patient,
        "visit": film.visit,
        "observers": " ".join(item.observers),
        **apart,
    }
