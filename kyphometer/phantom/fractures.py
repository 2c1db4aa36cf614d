"""Fractures of vertebral bodies: wedge, biconcave, crush, and a depressed endplate."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from kyphometer.phantom.body import Dent
from kyphometer.phantom.streams import between

if TYPE_CHECKING:
    from kyphometer.phantom.body import BodyShape, EndplateShape


class FractureKind(StrEnum):
    """Shape of a broken vertebral body."""

    WEDGE = "wedge"
    """Anterior height lost, posterior mostly kept."""
    BICONCAVE = "biconcave"
    """Both endplates sunk in the middle."""
    CRUSH = "crush"
    """Anterior and posterior height lost."""
    DEPRESSED = "depressed"
    """One endplate dented, anywhere."""


def fracture(
    body: BodyShape, kind: FractureKind, severity: float, rng: np.random.Generator
) -> BodyShape:
    """The body after a fracture.

    Parameters
    ----------
    body
        The intact body.
    kind
        Shape of the fracture.
    severity
        Part of the height that is lost where most is lost, 0 to 0.6.
    rng
        Source of the details: dents, impaction, how the two endplates share the loss.
    """
    loss = float(np.clip(severity, 0.0, 0.6))
    if kind is FractureKind.WEDGE:
        broken = _wedge(body, loss, between(rng, 0.0, 0.35) * loss, rng)
    elif kind is FractureKind.CRUSH:
        broken = _wedge(body, loss, between(rng, 0.55, 0.9) * loss, rng)
    elif kind is FractureKind.BICONCAVE:
        broken = _sink(_wedge(body, 0.3 * loss, 0.15 * loss, rng), loss / 2, rng, both=True)
    else:
        broken = _sink(_wedge(body, 0.35 * loss, 0.05 * loss, rng), loss, rng, both=False)
    return _impact(broken, loss, rng)


def _wedge(
    body: BodyShape, anterior: float, posterior: float, rng: np.random.Generator
) -> BodyShape:
    """Lose parts of the anterior and posterior height, mostly at the superior endplate."""
    height = body.height_mm * (1 - posterior)
    front = max(body.anterior_height_mm * (1 - anterior), 0.3 * body.height_mm)
    total = (height - front) / body.depth_mm
    share = between(rng, 0.6, 0.95)
    below = np.tan(np.radians(body.inferior.slope_deg)) * (1 - share)
    slopes = np.degrees(np.arctan([total - below, below]))
    return replace(
        body,
        height_mm=height,
        superior=replace(body.superior, slope_deg=float(slopes[0])),
        inferior=replace(body.inferior, slope_deg=float(slopes[1])),
    )


def _sink(body: BodyShape, loss: float, rng: np.random.Generator, *, both: bool) -> BodyShape:
    """Dent one endplate or both."""
    depth = loss * body.mid_height_mm
    superior = _dented(body.superior, depth, rng, central=both)
    if not both:
        return replace(body, superior=superior)
    return replace(
        body, superior=superior, inferior=_dented(body.inferior, depth, rng, central=True)
    )


def _dented(
    plate: EndplateShape, depth_mm: float, rng: np.random.Generator, *, central: bool
) -> EndplateShape:
    reach = 0.2 if central else 0.5
    dent = Dent(
        depth_mm=max(depth_mm, 0.5),
        x=between(rng, -reach, reach),
        z=between(rng, -0.3, 0.3),
        spread_x=between(rng, 0.45, 0.7) if central else between(rng, 0.28, 0.55),
        spread_z=between(rng, 0.5, 1.2),
    )
    return replace(plate, dents=(*plate.dents, dent))


def _impact(body: BodyShape, loss: float, rng: np.random.Generator) -> BodyShape:
    """Denser bone where it was pressed together, and a blunter anterior rim."""
    superior = replace(
        body.superior,
        radius_anterior_mm=body.superior.radius_anterior_mm * between(rng, 1.0, 1.0 + 1.5 * loss),
        concavity_mm=body.superior.concavity_mm * between(rng, 0.5, 1.3),
    )
    return replace(
        body,
        superior=superior,
        trabecular_per_mm=body.trabecular_per_mm * (1 + between(rng, 0.0, 0.8) * loss),
        band_superior_per_mm=between(rng, 0.0, 0.010) * min(1.0, 2 * loss),
        band_mm=between(rng, 2.5, 6.0),
        waist_anterior_mm=body.waist_anterior_mm * (1 - loss),
    )
