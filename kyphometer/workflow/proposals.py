"""Films without a reading: what is proposed on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kyphometer import __version__
from kyphometer.anatomy import Level
from kyphometer.detect import Proposal, detect
from kyphometer.dicom import read_film
from kyphometer.film import Film
from kyphometer.geometry import Facing

SOFTWARE = f"kyphometer {__version__}"


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
    film = read_film(path, frame=frame, spacing_mm=spacing_mm, grey=grey)
    proposal = detect(
        film,
        lowest=None if lowest is None else Level.parse(lowest),
        facing=None if facing is None else Facing(facing),
    )
    return film, replace(proposal, reading=replace(proposal.reading, software=SOFTWARE))
