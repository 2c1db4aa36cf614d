"""Films without a reading: what is proposed on them, and what may be measured of that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kyphometer.anatomy import Level
from kyphometer.errors import UncertainLevelsError
from kyphometer.film import Film
from kyphometer.geometry import Facing
from kyphometer.workflow.films import MeasuredFilm, measure_film, stamped

if TYPE_CHECKING:
    from kyphometer.detect import Proposal


def propose_file(
    path: Path,
    *,
    spacing_mm: tuple[float, float] | None = None,
    frame: int | None = None,
    grey: bool = False,
    lowest: str | None = None,
    facing: str | None = None,
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

    Raises
    ------
    FilmError
        If the film cannot be read.
    NoLateralSpineError
        If no column of bodies is seen.
    """
    from kyphometer.detect import detect
    from kyphometer.dicom import read_film

    film = read_film(path, frame=frame, spacing_mm=spacing_mm, grey=grey)
    proposal = detect(
        film,
        lowest=None if lowest is None else Level.parse(lowest),
        facing=None if facing is None else Facing(facing),
    )
    return film, replace(proposal, reading=stamped(proposal.reading))


def measure_proposed(
    path: Path,
    *,
    spacing_mm: tuple[float, float] | None = None,
    frame: int | None = None,
    grey: bool = False,
    lowest: str | None = None,
    facing: str | None = None,
    **options: Any,
) -> tuple[Film, MeasuredFilm]:
    """Measure what is proposed on a film; its warnings say that nobody has confirmed it.

    Parameters
    ----------
    path, spacing_mm, frame, grey, lowest, facing
        See `propose_file`.
    **options
        For `workflow.measure_film`.

    Raises
    ------
    UncertainLevelsError
        If the bodies cannot be named: an angle is between levels.
    """
    film, proposal = propose_file(
        path, spacing_mm=spacing_mm, frame=frame, grey=grey, lowest=lowest, facing=facing
    )
    if not proposal.numbering.is_sure:
        raise UncertainLevelsError(proposal.numbering.others)
    item = measure_film(film.header, proposal.reading, film=film, **options)
    fractures = tuple(f"{f.level}?: {f.reason}." for f in proposal.fractures)
    said = (*map(str, proposal.notes), *fractures)
    return film, replace(item, header=replace(item.header, warnings=(*said, *item.header.warnings)))
