"""Films without a reading: what is proposed on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from kyphometer import __version__
from kyphometer.anatomy import Level
from kyphometer.carry.recognise import EarlierVisit
from kyphometer.detect import Proposal, detect
from kyphometer.dicom import read_film
from kyphometer.errors import (
    DoubtfulBodiesError,
    KyphometerError,
    NoLateralSpineError,
    UncertainLevelsError,
)
from kyphometer.film import Film
from kyphometer.geometry import Facing
from kyphometer.messages import Word
from kyphometer.reading import Reading
from kyphometer.reading.document import reading_to_dict
from kyphometer.workflow.earlier import earlier_visit, visit_before
from kyphometer.workflow.waiting import FORMAT, VERSION, Stamp, leave, proposal_beside, stamp_of

SOFTWARE = f"kyphometer {__version__}"


def propose_file(
    path: Path,
    *,
    spacing_mm: tuple[float, float] | None = None,
    frame: int | None = None,
    grey: bool = False,
    lowest: str | None = None,
    facing: str | None = None,
    earlier: Path | None = None,
) -> tuple[Film, Proposal]:
    """A film and the reading that is proposed on it, confirmed by nobody.

    Parameters
    ----------
    path
        The film.
    spacing_mm, frame, grey
        See `workflow.measure_file`.
    lowest
        Level of the lowest whole body in view, if known.
    facing
        `left` or `right`: where anterior lies, if known.
    earlier
        A read film of the same patient, whose bodies say which levels these are; None takes the
        latest earlier one in the film's folder, if there is one.

    Raises
    ------
    FilmError
        If the film cannot be read.
    NoLateralSpineError
        If no column of bodies is seen.
    CarryOverError, ReadingError
        If the earlier film that was named has no reading of a vertebral body.
    """
    film = read_film(path, frame=frame, spacing_mm=spacing_mm, grey=grey)
    proposal = detect(
        film,
        lowest=None if lowest is None else Level.parse(lowest),
        facing=None if facing is None else Facing(facing),
        earlier=None if lowest is not None else _earlier(path, film, earlier),
    )
    return film, replace(proposal, reading=replace(proposal.reading, software=SOFTWARE))


def propose_and_leave(path: Path, **known: Any) -> tuple[Film, Proposal]:
    """The same, and what came of it waits beside the film (`workflow.waiting`)."""
    stamp = stamp_of(path)
    found: Proposal | KyphometerError
    try:
        film, found = propose_file(path, **known)
        return film, found
    except KyphometerError as error:
        found = error
        raise
    finally:
        if stamp is not None:
            leave(proposal_beside(path), left_document(path, stamp, found))


def taken_unseen(proposal: Proposal) -> tuple[Reading, tuple[str, ...]]:
    """The bodies of a proposal that may be taken without a look at each, and what is to be said.

    Raises
    ------
    UncertainLevelsError
        If it is not certain which levels the bodies are.
    DoubtfulBodiesError
        If no body may be taken without a look at it.
    """
    if not proposal.numbering.is_sure:
        raise UncertainLevelsError(proposal.numbering.others)
    left_out = [
        Word("detect.level_doubt", {"level": body.level, "percent": 100 * body.doubt})
        for body in proposal.doubtful
    ]
    if len(left_out) == len(proposal.bodies):
        raise DoubtfulBodiesError(left_out)
    doubtful = [Word("detect.not_measured", {"levels": left_out})] if left_out else []
    fractures = (f"{f.level}?: {f.reason}." for f in proposal.fractures)
    return proposal.likely_reading(), (*map(str, (*proposal.notes, *doubtful)), *fractures)


def _earlier(path: Path, film: Film, named: Path | None) -> EarlierVisit | None:
    """What an earlier visit says of the levels; one that was not named may be unfit for it."""
    if named is not None:
        return earlier_visit(named)
    beside = visit_before(path, film.header)
    try:
        return None if beside is None else earlier_visit(beside)
    except KyphometerError:
        return None


def proposal_document(proposal: Proposal) -> dict[str, Any]:
    """A proposal as JSON: the reading, and what is known of its doubts."""
    numbering = proposal.numbering
    return {
        "reading": reading_to_dict(proposal.reading),
        "bodies": body_rows(proposal),
        "numbering": {
            "sure": numbering.is_sure,
            "probability": numbering.probability,
            "uppermost": {str(level): chance for level, chance in numbering.alternatives.items()},
            "evidence": dict(numbering.evidence),
            "transitional": numbering.transitional,
        },
        "facing_probability": proposal.facing_probability,
        "fractures": [
            {"level": str(f.level), "loss": f.loss, "reason": str(f.reason)}
            for f in proposal.fractures
        ],
        "notes": [str(note) for note in proposal.notes],
    }


def left_document(film: Path, stamp: Stamp, found: Proposal | KyphometerError) -> dict[str, Any]:
    """What a proposal file says of a film: what is proposed, or why nothing is."""
    document = {"format": FORMAT, "version": VERSION, "software": SOFTWARE}
    document |= {"film": film.name, "film_stamp": stamp}
    if not isinstance(found, KyphometerError):
        return document | proposal_document(found)
    document["reason"] = str(found)
    if isinstance(found, NoLateralSpineError):
        document["refused"] = {"code": found.code, **found.facts}
    return document


def body_rows(proposal: Proposal) -> list[dict[str, Any]]:
    """One row a body."""
    return [
        {
            "level": str(body.level),
            "chance": body.chance,
            "expected_error_percent": 100 * body.expected_error,
            "doubt": round(body.doubt, 4),
            "refined": body.refined,
            "likely": body.likely,
            "metal_percent": None if body.metal is None else round(100 * body.metal, 1),
            "holds_metal": body.holds_metal,
            "note": body.note,
        }
        for body in proposal.bodies
    ]
