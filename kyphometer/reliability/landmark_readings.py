"""From marked films to landmark errors: the endplates of one angle, read by several observers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import KyphometerError, TooFewDataError
from kyphometer.geometry import PixelGeometry
from kyphometer.measure import Measurement, measure_reading
from kyphometer.reading import Reading
from kyphometer.reliability.landmarks import AngleError, angle_error, endplate_error
from kyphometer.stats.distributions import Floats
from kyphometer.stats.estimate import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedFilm:
    """One reading of one film, with the replicate that it is and the film's pixel geometry."""

    film: str
    observer: str
    replicate: str
    reading: Reading
    geometry: PixelGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut(Result):
    """A reading that does not take part, with the reason."""

    film: str
    observer: str
    replicate: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LandmarkAnalysis(Result):
    """Landmark errors of one angle over all films.

    `left_out` lists readings in which the angle could not be measured or whose observer used other
    endplates than the majority for that film: those are disagreements about levels, not corners.
    """

    code: str
    unit: str
    films: int
    readings: int
    error: AngleError
    left_out: tuple[LeftOut, ...]


def landmark_analysis(
    readings: Sequence[MarkedFilm], code: str, *, confidence: float = 0.95
) -> LandmarkAnalysis:
    """Return which corner of which endplate of an angle contributes the error.

    Parameters
    ----------
    readings
        Every reading of every film; corners are compared in mm where all films are calibrated, in
        pixel widths otherwise.
    code
        An angle between two endplates, such as "VKA" or "RKA".

    Raises
    ------
    TooFewDataError
        Too few readings of the angle by two observers.
    """
    measured, left_out = _measured(readings, code)
    kept, others = _same_endplates(measured)
    if not kept:
        raise TooFewDataError("landmark_no_readings", code=code)
    unit = "mm" if all(item.geometry.is_calibrated for item, _ in kept) else "px"
    upper, lower, angles = _arrays(kept)
    error = angle_error(
        endplate_error(*upper, name=f"{code} upper endplate", unit=unit, confidence=confidence),
        endplate_error(*lower, name=f"{code} lower endplate", unit=unit, confidence=confidence),
        angles,
        confidence=confidence,
    )
    return LandmarkAnalysis(
        code=code,
        unit=unit,
        films=len({item.film for item, _ in kept}),
        readings=len(kept),
        error=error,
        left_out=(*left_out, *others),
    )


def _measured(
    readings: Sequence[MarkedFilm], code: str
) -> tuple[list[tuple[MarkedFilm, Measurement]], list[LeftOut]]:
    found, left_out = [], []
    for item in readings:
        try:
            measured = measure_reading(item.reading, item.geometry, codes=[code])
        except KyphometerError as error:
            left_out.append(_left_out(item, str(error)))
            continue
        angle = measured.get(code) or next(iter(measured.measurements), None)
        if angle is None or angle.upper is None or angle.lower is None:
            reasons = [refusal.reason for refusal in measured.refused]
            left_out.append(_left_out(item, reasons[0] if reasons else f"{code} is no angle."))
        else:
            found.append((item, angle))
    return found, left_out


def _same_endplates(
    measured: list[tuple[MarkedFilm, Measurement]],
) -> tuple[list[tuple[MarkedFilm, Measurement]], list[LeftOut]]:
    pairs: dict[str, Counter[tuple[str | None, str | None]]] = defaultdict(Counter)
    for item, angle in measured:
        pairs[item.film][angle.upper, angle.lower] += 1
    kept, left_out = [], []
    for item, angle in measured:
        usual = pairs[item.film].most_common(1)[0][0]
        if (angle.upper, angle.lower) == usual:
            kept.append((item, angle))
        else:
            reason = f"It was measured {angle.label}, the others from {usual[0]} to {usual[1]}."
            left_out.append(_left_out(item, reason))
    return kept, left_out


def _arrays(
    kept: list[tuple[MarkedFilm, Measurement]],
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats], Floats]:
    """Return (anterior, posterior) of the upper and of the lower line, and the angles."""
    axes = [
        {name: i for i, name in enumerate(dict.fromkeys(getattr(item, axis) for item, _ in kept))}
        for axis in ("film", "observer", "replicate")
    ]
    shape = tuple(len(axis) for axis in axes)
    marks, angles = np.full((4, *shape, 2), np.nan), np.full(shape, np.nan)
    for item, angle in kept:
        at = (axes[0][item.film], axes[1][item.observer], axes[2][item.replicate])
        angles[at] = angle.value
        for row, name in enumerate((angle.upper, angle.lower)):
            marks[2 * row, *at], marks[2 * row + 1, *at] = _corners(item, name or "")
    return (marks[0], marks[1]), (marks[2], marks[3]), angles


def _corners(item: MarkedFilm, name: str) -> tuple[Floats, Floats]:
    level, side = name.split(".")
    if side not in ("superior", "inferior"):
        raise TooFewDataError("landmark_no_angle", name=name)
    plate = item.reading.endplate(Level.parse(level), EndplateSide(side))
    if plate is None:
        raise TooFewDataError("landmark_no_endplate", name=name)
    scale = np.array(item.geometry.scale)
    anterior, posterior = (np.array(p.xy) * scale for p in (plate.anterior, plate.posterior))
    return anterior, posterior


def _left_out(item: MarkedFilm, reason: str) -> LeftOut:
    return LeftOut(film=item.film, observer=item.observer, replicate=item.replicate, reason=reason)
