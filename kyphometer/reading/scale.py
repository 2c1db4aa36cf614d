"""A sphere or ruler of known size on a film, from which the size of its pixels is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from kyphometer.errors import LandmarkError
from kyphometer.geometry import Point

MOST_MM = 1000.0


class ScaleKind(StrEnum):
    """What lies on the film."""

    SPHERE = "sphere"
    RULER = "ruler"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSize:
    """An object of known size that was marked on a film.

    Attributes
    ----------
    kind
        What it is.
    ends
        Both ends of the known length, in pixels: of a sphere a diameter.
    known_mm
        That length, in mm.
    known_sd_mm
        Its standard uncertainty, in mm; also for not lying in the plane of the spine.
    mark_sd_mm
        Standard uncertainty of each marked end along the length, in mm.
    """

    kind: ScaleKind
    ends: tuple[Point, Point]
    known_mm: float
    known_sd_mm: float
    mark_sd_mm: float

    def __post_init__(self) -> None:
        (ax, ay), (bx, by) = self.ends
        numbers = (ax, ay, bx, by, self.known_mm, self.known_sd_mm, self.mark_sd_mm)
        usable = all(map(math.isfinite, numbers)) and 0 < self.known_mm <= MOST_MM
        if not usable or min(self.known_sd_mm, self.mark_sd_mm) < 0 or self.relative_sd >= 1:
            raise LandmarkError("known_size", most=MOST_MM)
        if math.hypot(bx - ax, by - ay) < 1:
            raise LandmarkError("known_size_short")

    @property
    def relative_sd(self) -> float:
        """Standard uncertainty of a millimetre that rests on it, as a share of it."""
        marked = 2 * self.mark_sd_mm**2
        return math.sqrt(self.known_sd_mm**2 + marked) / self.known_mm
