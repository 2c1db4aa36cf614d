"""`kyphometer study consensus`: films that several have read, and one reading made of them."""

from __future__ import annotations

from typing import Any

from kyphometer.cli.study_output import print_facts, print_rows
from kyphometer.errors import UsageError

_COLUMNS = ("film", "patient", "visit", "observers", "VKA_apart_deg", "RKA_apart_deg")


def consensus(args: Any) -> int:
    """List the films to adjudicate, or keep a consensus of one."""
    from kyphometer.store.study.study import Study
    from kyphometer.workflow.consensus import make_consensus, open_films

    asked = (args.film is not None, args.by is not None, args.mean or args.choose is not None)
    if any(asked) and not all(asked):
        raise UsageError("consensus_incomplete")
    with Study.open(args.study) as study:
        if not any(asked):
            print_rows(args, [_row(item) for item in open_films(study)], _COLUMNS)
            return 0
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
