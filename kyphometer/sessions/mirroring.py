"""A reading as it lies on the mirror image of its film."""

from __future__ import annotations

from dataclasses import replace

from kyphometer.geometry import Facing, Point
from kyphometer.reading import Endplate, Landmark, Reading, Vertebra


def mirror_facing(facing: Facing | None) -> Facing | None:
    """Where anterior lies on the mirror image."""
    if facing is None:
        return None
    return Facing.RIGHT if facing is Facing.LEFT else Facing.LEFT


def mirror_reading(reading: Reading) -> Reading:
    """The same reading on the film mirrored left to right; doing it twice changes nothing.

    x becomes columns - x, since (0, 0) is the outer corner of the first pixel. Every angle keeps
    its value and sign, because facing turns with the marks.
    """
    width = reading.film.columns
    vertebrae = {
        level: Vertebra(
            level=level,
            superior=_endplate(vertebra.superior, width),
            inferior=_endplate(vertebra.inferior, width),
        )
        for level, vertebra in reading.vertebrae.items()
    }
    return replace(reading, vertebrae=vertebrae, facing=mirror_facing(reading.facing))


def _endplate(plate: Endplate | None, width: int) -> Endplate | None:
    if plate is None:
        return None
    return Endplate(
        anterior=_landmark(plate.anterior, width),
        posterior=_landmark(plate.posterior, width),
        middle=None if plate.middle is None else _landmark(plate.middle, width),
    )


def _landmark(mark: Landmark, width: int) -> Landmark:
    covariance = mark.covariance
    if covariance is not None:
        (xx, xy), (yx, yy) = covariance
        covariance = ((xx, -xy), (-yx, yy))
    raw = None if mark.raw is None else Point(width - mark.raw.x, mark.raw.y)
    return replace(mark, xy=Point(width - mark.xy.x, mark.xy.y), raw=raw, covariance=covariance)
