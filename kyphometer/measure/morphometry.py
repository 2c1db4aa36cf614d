"""Heights and ratios of one vertebra from its six points, with their uncertainty.

Ha, Hm, Hp are the distances between the anterior, middle and posterior points of the two endplates
(six-point morphometry, science.md#heights). Ratios need no pixel spacing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from kyphometer.errors import DegenerateLineError, MissingEndplateError
from kyphometer.geometry import NULL_LENGTH
from kyphometer.measure.uncertainty import CornerNoise, Matrix, along
from kyphometer.messages import Word
from kyphometer.reading import Endplate, Landmark, Vertebra

_A_HEIGHT = Word("what.a_height")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its variance, in the square of its unit."""

    value: float
    variance: float

    @property
    def standard_uncertainty(self) -> float:
        """Square root of the variance."""
        return math.sqrt(self.variance)


@dataclass(frozen=True, slots=True)
class Heights:
    """Heights of a vertebra in square units (mm if calibrated)."""

    anterior: Quantity
    posterior: Quantity
    middle: Quantity | None


def _offset(a: Landmark, b: Landmark, scale: tuple[float, float]) -> tuple[float, float]:
    """From `b` to `a`, in square units."""
    return ((a.xy.x - b.xy.x) * scale[0], (a.xy.y - b.xy.y) * scale[1])


def distance(a: Landmark, b: Landmark, noise: CornerNoise) -> Quantity:
    """Distance between two landmarks; only errors along the line between them matter."""
    dx, dy = _offset(a, b, noise.scale)
    length = math.hypot(dx, dy)
    if length < NULL_LENGTH:
        raise DegenerateLineError(Word("line.height"))
    unit = (dx / length, dy / length)
    return Quantity(length, along(unit, noise.of(a)) + along(unit, noise.of(b)))


def heights(vertebra: Vertebra, noise: CornerNoise, measurement: str | Word = _A_HEIGHT) -> Heights:
    """Anterior, posterior and (if both middle points are marked) middle height.

    Raises
    ------
    MissingEndplateError
        If one of the two endplates was not marked.
    DegenerateLineError
        If two points that bound a height are in one place.
    """
    superior, inferior = vertebra.superior, vertebra.inferior
    if superior is None or inferior is None:
        missing = "superior" if superior is None else "inferior"
        raise MissingEndplateError(
            "endplate_missing",
            measurement=measurement,
            level=vertebra.level,
            side=Word(f"word.{missing}"),
        )
    middle = None
    if superior.middle is not None and inferior.middle is not None:
        middle = distance(superior.middle, inferior.middle, noise)
    return Heights(
        anterior=distance(superior.anterior, inferior.anterior, noise),
        posterior=distance(superior.posterior, inferior.posterior, noise),
        middle=middle,
    )


def ratio(numerator: Quantity, denominator: Quantity) -> Quantity:
    """Quotient of two independent quantities, to first order."""
    value = numerator.value / denominator.value
    relative = numerator.variance / numerator.value**2 + denominator.variance / denominator.value**2
    return Quantity(value, value * value * relative)


def compression_percent(height: Quantity, neighbours: tuple[Quantity, ...]) -> Quantity:
    """Height loss in percent of the mean height of the neighbours: 100 (1 - H / mean).

    The mean of the neighbours above and below cancels the growth of height down the spine; one
    neighbour does not (science.md#heights).

    Parameters
    ----------
    height
        Height of the fractured vertebra.
    neighbours
        The same height of its neighbours, at least one.
    """
    count = len(neighbours)
    mean = sum(item.value for item in neighbours) / count
    mean_variance = sum(item.variance for item in neighbours) / count**2
    quotient = ratio(height, Quantity(mean, mean_variance))
    return Quantity(100.0 * (1.0 - quotient.value), 1e4 * quotient.variance)


def depression(endplate: Endplate, outward: int, noise: CornerNoise, facing_sign: int) -> Quantity:
    """Depth of the middle point under the chord of the rim, in square units.

    Positive if the floor lies inside the vertebral body (concave or dented endplate).

    Parameters
    ----------
    endplate
        An endplate with its middle point.
    outward
        -1 for a superior endplate (its body lies caudal), +1 for an inferior one.
    noise
        Uncertainty of the landmarks.
    facing_sign
        +1 if anterior is at image right, -1 if left.

    Raises
    ------
    MissingEndplateError
        If the middle point was not marked.
    """
    if endplate.middle is None:
        raise MissingEndplateError("middle_missing", measurement=Word("what.the_depression"))
    ux, uy = _offset(endplate.anterior, endplate.posterior, noise.scale)
    length = math.hypot(ux, uy)
    if length < NULL_LENGTH:
        raise DegenerateLineError
    # Normal to the chord, towards caudal: anterior turned by a quarter, the way the film faces.
    nx, ny = -uy / length * facing_sign, ux / length * facing_sign
    mx, my = _offset(endplate.middle, endplate.posterior, noise.scale)
    t = (mx * ux + my * uy) / length**2
    value = -outward * (mx * nx + my * ny)
    normal = (nx, ny)
    variance = (
        along(normal, noise.of(endplate.middle))
        + (1.0 - t) ** 2 * along(normal, noise.of(endplate.posterior))
        + t * t * along(normal, noise.of(endplate.anterior))
    )
    return Quantity(value, variance)


def translation_percent(
    upper_inferior: Endplate, lower_superior: Endplate, noise: CornerNoise
) -> Quantity:
    """Anterior slip of the upper vertebra on the lower, in percent of the lower's endplate.

    100 ((IP_upper - SP_lower) . e) / |SA_lower - SP_lower| with e from posterior to anterior along
    the lower superior endplate; positive for anterolisthesis (science.md#slip).
    """
    ex, ey = _offset(lower_superior.anterior, lower_superior.posterior, noise.scale)
    wx, wy = _offset(upper_inferior.posterior, lower_superior.posterior, noise.scale)
    square = ex * ex + ey * ey
    if square < NULL_LENGTH**2:
        raise DegenerateLineError
    projected = (wx * ex + wy * ey) / square
    to_upper = (ex / square, ey / square)
    to_anterior = (
        wx / square - 2.0 * projected * ex / square,
        wy / square - 2.0 * projected * ey / square,
    )
    to_posterior = (-to_anterior[0] - to_upper[0], -to_anterior[1] - to_upper[1])
    terms: tuple[tuple[tuple[float, float], Matrix], ...] = (
        (to_upper, noise.of(upper_inferior.posterior)),
        (to_anterior, noise.of(lower_superior.anterior)),
        (to_posterior, noise.of(lower_superior.posterior)),
    )
    return Quantity(100.0 * projected, 1e4 * sum(along(*term) for term in terms))
