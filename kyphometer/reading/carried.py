"""What a carried-over vertebra knows about the change since the film that it was carried from.

How far an endplate turned from film to film is known better than from two readings made apart,
because both marks of a line share the same anatomy; but only while both lines lie where they lay
when this was found. Whether they do is judged in `kyphometer.followup.carried`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from kyphometer.anatomy import EndplateSide
from kyphometer.errors import LandmarkError
from kyphometer.film import FilmReference
from kyphometer.geometry import Point

MOST_CHANGE_SD_DEG = 180.0
"""A line that may have turned by more than this is not known at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedLine:
    """One endplate on both films.

    Attributes
    ----------
    change_sd_deg
        Standard uncertainty of how far it turned from film to film, in degrees.
    before
        Anterior and posterior corner on the film that it was carried from, in pixels.
    here
        Anterior and posterior corner as they were proposed, in pixels.
    """

    change_sd_deg: float
    before: tuple[Point, Point]
    here: tuple[Point, Point]

    def __post_init__(self) -> None:
        if not 0 <= self.change_sd_deg <= MOST_CHANGE_SD_DEG:  # false for what is not a number
            found = str(self.change_sd_deg)
            raise LandmarkError("carried_change", found=found, most=MOST_CHANGE_SD_DEG)
        if not all(math.isfinite(value) for point in (*self.before, *self.here) for value in point):
            raise LandmarkError("carried_position")


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedBody:
    """One carried-over vertebra: the change of its two endplates.

    Attributes
    ----------
    film
        The film that it was carried from.
    superior, inferior
        Its endplates on both films; None for one that was not read there.
    correlation
        Correlation of the errors of the two lines' changes, -1 to 1.
    """

    film: FilmReference
    superior: CarriedLine | None
    inferior: CarriedLine | None
    correlation: float

    def __post_init__(self) -> None:
        if self.superior is None and self.inferior is None:
            raise LandmarkError("carried_empty")
        if not -1 <= self.correlation <= 1:  # false for what is not a number
            raise LandmarkError("carried_correlation", found=str(self.correlation))

    def line(self, side: EndplateSide) -> CarriedLine | None:
        """One of its endplates; None if it was not read."""
        return self.superior if side is EndplateSide.SUPERIOR else self.inferior

    def covariance_deg2(self, first: EndplateSide, second: EndplateSide) -> float:
        """Covariance of the errors of two of its lines' changes, in squared degrees.

        Raises
        ------
        LandmarkError
            If one of them was not read.
        """
        one, other = self.line(first), self.line(second)
        if one is None or other is None:
            raise LandmarkError("carried_unread")
        product = one.change_sd_deg * other.change_sd_deg
        return product if first is second else self.correlation * product
