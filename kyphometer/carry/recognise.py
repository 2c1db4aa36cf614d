"""The bodies of an earlier visit, recognised on a later film: what they say about its levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from kyphometer.carry.columns import MOST_ODDS
from kyphometer.carry.grow import settled
from kyphometer.carry.sight import Sight, compare
from kyphometer.carry.surroundings import witnesses
from kyphometer.endplates.corners import square_factors
from kyphometer.errors import CarryOverError
from kyphometer.film import Film
from kyphometer.geometry import Facing, PixelGeometry
from kyphometer.reading import Reading
from kyphometer.reading.facing import derive_facing

Array = NDArray[np.float64]


def same_body_odds(seen: Mapping[Level, Sight], there: Sequence[Sight | None]) -> Array:
    """Log odds that a read body (row) and one on another film (column) are the same.

    None of either sign is larger than `MOST_ODDS`; a body that is not seen counts as another.
    """
    return np.array(
        [
            [
                -MOST_ODDS
                if sight is None
                else float(np.clip(compare(body, sight).log_odds, -MOST_ODDS, MOST_ODDS))
                for sight in there
            ]
            for body in seen.values()
        ]
    ).reshape(len(seen), len(there))


@dataclass(frozen=True, slots=True, eq=False)
class EarlierVisit:
    """A read film of the same patient.

    Attributes
    ----------
    seen
        Its vertebrae, cranial to caudal.
    """

    seen: Mapping[Level, Sight]

    @classmethod
    def of(
        cls, film: Film, reading: Reading, geometry: PixelGeometry | None = None
    ) -> EarlierVisit:
        """What the network sees of a reading's bodies.

        Parameters
        ----------
        film, reading
            The earlier film and its reading.
        geometry
            Pixel geometry to use instead of the film's.

        Raises
        ------
        CarryOverError
            If the reading has no body from T1 to L5 with an endplate.
        FacingError
            If it does not tell where anterior is.
        """
        side = reading.facing or derive_facing(reading)
        seen, marked = witnesses(film, square_factors(geometry or film.geometry), side, reading)
        if not marked:
            raise CarryOverError("carry_no_body")
        return cls(seen)

    def __call__(
        self, film: Film, geometry: PixelGeometry, facing: Facing, bodies: Sequence[Array]
    ) -> dict[Level, Array]:
        """Log odds that each level's body is each of those on another film.

        Parameters
        ----------
        film, geometry, facing
            The other film, and where anterior is on it.
        bodies
            Corners in pixels, each (4, 2): superior anterior, superior posterior, inferior
            anterior, inferior posterior.
        """
        factors = square_factors(geometry)
        there = [settled(film, factors, facing, corners * factors) for corners in bodies]
        return dict(zip(self.seen, same_body_odds(self.seen, there), strict=True))
