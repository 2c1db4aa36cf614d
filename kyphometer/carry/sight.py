"""A vertebra on a film, what the network sees there, and how two such sights compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kyphometer.carry.change_model import BodyChange, change_model
from kyphometer.endplates.crop import CROP_DEPTHS, CROP_PIXELS, Window, cut_window, network_tone
from kyphometer.endplates.estimate import Estimate, Refiner, estimate
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.tone import bone_sign
from kyphometer.film import Film
from kyphometer.geometry import Facing

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A vertebra on a film.

    Attributes
    ----------
    film, factors, facing
        The film, its square units a pixel, where anterior is on it.
    corners
        Where the vertebra was marked or is expected, square units, shape (4, 2).
    window
        The film around it.
    found
        What the network sees there.
    """

    film: Film
    factors: Array
    facing: Facing
    corners: Array
    window: Window
    found: Estimate

    @property
    def own(self) -> Array:
        """The network's corners in square units, shape (4, 2)."""
        return self.found.frame.to_square(self.found.corners)

    @property
    def depth(self) -> float:
        """Mean length of the endplates that the network sees, square units."""
        first, second, third, fourth = self.own
        return float(np.hypot(*(second - first)) + np.hypot(*(fourth - third))) / 2

    def canonical(self, corners: Array) -> Array:
        """Corners as if every film faced left (its own inverse)."""
        return corners * ((1.0, 1.0) if self.facing.sign < 0 else (-1.0, 1.0))

    @property
    def inside_film(self) -> bool:
        """True if all corners found lie on the film."""
        height, width = self.film.shape
        pixels = self.own / self.factors
        return bool(np.all((pixels > 0) & (pixels < (width, height))))


def look(film: Film, factors: Array, facing: Facing, corners: Array) -> Sight | None:
    """What there is to see of a vertebra that lies about there; None outside the film."""
    frame = VertebraFrame.of_corners(corners, factors, facing.sign)
    window = cut_window(film.pixels, frame, sign=bone_sign(film))
    if window is None:
        return None
    found = estimate(window, frame, corners, Refiner.LEARNED)
    return Sight(film, factors, facing, corners, window, found)


def compare(seen: Sight, found: Sight) -> BodyChange:
    """What the network of changes says of a body that may be the same on two films."""
    before, after = (
        network_tone(sight.window.crop(sight.found.frame, CROP_PIXELS, CROP_DEPTHS))
        for sight in (seen, found)
    )
    return change_model().compare(before, after)
