"""Simulated observers: hand-like readings made from the truth of a simulated film."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from kyphometer.anatomy import EndplateSide
from kyphometer.geometry import PixelGeometry, Point
from kyphometer.messages import Word
from kyphometer.phantom.streams import stream
from kyphometer.reading import (
    Endplate,
    Landmark,
    MarkSource,
    NotMeasurable,
    Reading,
    Vertebra,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedObserver:
    """How an observer marks.

    Attributes
    ----------
    code
        Name in the reading.
    across_sd_mm
        SD of a corner across its endplate line; this is what makes the error of an angle.
    along_sd_mm
        SD of a corner along the line.
    depth_bias_mm
        How far the observer marks inside the body on average, across the line: following the
        concavity instead of the rim. Leaves most angles alone, lowers heights.
    tilt_bias_deg
        How much further every superior endplate is tilted anteriorly than it is: a systematic
        error of every angle that starts at one.
    corner_bias_sd_mm
        SD of a lasting shift across the line, drawn once for this observer's code and each kind of
        corner: what makes observers differ from each other on every film.
    """

    code: str
    across_sd_mm: float = 0.75
    along_sd_mm: float = 1.0
    depth_bias_mm: float = 0.0
    tilt_bias_deg: float = 0.0
    corner_bias_sd_mm: float = 0.0

    def corner_bias_mm(self, side: EndplateSide, name: str) -> float:
        """Lasting shift of a kind of corner by this observer, into the body, in mm."""
        if self.corner_bias_sd_mm == 0.0:
            return 0.0
        draw = stream(0, "corner bias", self.code, side, name).standard_normal()
        return self.corner_bias_sd_mm * float(draw)


def mark_by_hand(
    truth: Reading,
    geometry: PixelGeometry,
    observer: SimulatedObserver,
    seed: int,
    *,
    created: datetime | None = None,
    middles: bool = True,
) -> Reading:
    """A reading as the observer would make it: the truth with errors of hand.

    An endplate whose mark would fall outside the film is listed as not measurable.

    Parameters
    ----------
    truth
        Truth of the film.
    geometry
        Pixel geometry of the film; it must have a spacing.
    observer
        How the observer marks.
    seed
        Another seed is another reading of the same film.
    created
        When the reading was made.
    middles
        Whether the middle points are marked too.

    Raises
    ------
    NotCalibratedError
        If the film has no pixel spacing.
    """
    rng = stream(seed, "observer", observer.code, truth.film.sop_instance_uid or "")
    hand = _Hand(
        observer, truth.facing.sign if truth.facing else 1, *geometry.require_mm(Word("what.mark"))
    )
    vertebrae, missing = {}, list(truth.not_measurable)
    for level, vertebra in truth.vertebrae.items():
        plates = {
            side: hand.endplate(vertebra.endplate(side), side, rng, middles)
            for side in EndplateSide
        }
        for side, plate in plates.items():
            if plate is not None and not _on_film(plate, truth):
                plates[side] = None
                missing.append(NotMeasurable(level=level, endplate=side, reason="outside film"))
        if any(plates.values()):
            vertebrae[level] = Vertebra(
                level=level,
                superior=plates[EndplateSide.SUPERIOR],
                inferior=plates[EndplateSide.INFERIOR],
            )
    return replace(
        truth,
        vertebrae=vertebrae,
        not_measurable=tuple(missing),
        observer=observer.code,
        created=created,
        comment="",
    )


def _on_film(plate: Endplate, reading: Reading) -> bool:
    """Whether an observer could have put every mark of an endplate where it is."""
    film = reading.film
    return all(
        0.0 <= mark.xy.x <= film.columns and 0.0 <= mark.xy.y <= film.rows
        for mark in plate.landmarks.values()
    )


@dataclass(frozen=True, slots=True)
class _Hand:
    observer: SimulatedObserver
    facing_sign: int
    x_mm: float
    y_mm: float

    def endplate(
        self,
        plate: Endplate | None,
        side: EndplateSide,
        rng: np.random.Generator,
        middles: bool,
    ) -> Endplate | None:
        if plate is None:
            return None
        forward, inward, length = self._frame(plate, side)
        tilt = self.observer.tilt_bias_deg if side is EndplateSide.SUPERIOR else 0.0
        half = math.radians(tilt) * length / 2

        def mark(landmark: Landmark, lift: float) -> Landmark:
            along = rng.normal(0.0, self.observer.along_sd_mm)
            across = rng.normal(self.observer.depth_bias_mm + lift, self.observer.across_sd_mm)
            dx = (along * forward[0] + across * inward[0]) / self.x_mm
            dy = (along * forward[1] + across * inward[1]) / self.y_mm
            return Landmark(
                xy=Point(landmark.xy.x + dx, landmark.xy.y + dy), source=MarkSource.HAND
            )

        bias = {name: self.observer.corner_bias_mm(side, name) for name in plate.landmarks}
        anterior = mark(plate.anterior, half + bias["anterior"])
        posterior = mark(plate.posterior, -half + bias["posterior"])
        middle = plate.middle
        return Endplate(
            anterior=anterior,
            posterior=posterior,
            middle=mark(middle, bias["middle"]) if middles and middle is not None else None,
        )

    def _frame(
        self, plate: Endplate, side: EndplateSide
    ) -> tuple[tuple[float, float], tuple[float, float], float]:
        """Unit vectors in mm: posterior to anterior, and from the endplate into its body."""
        vx, vy = plate.vector
        dx, dy = vx * self.x_mm, vy * self.y_mm
        length = math.hypot(dx, dy)
        forward = (dx / length, dy / length)
        down = (-forward[1] * self.facing_sign, forward[0] * self.facing_sign)
        sign = 1.0 if side is EndplateSide.SUPERIOR else -1.0
        return forward, (sign * down[0], sign * down[1]), length
