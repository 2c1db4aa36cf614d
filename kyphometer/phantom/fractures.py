"""Fractures of vertebral bodies: wedge, biconcave, crush, and a depressed endplate."""

from __future__ import annotations

import math
from dataclasses import replace
from enum import StrEnum

import numpy as np

from kyphometer.phantom.body import BodyShape, Dent, EndplateShape
from kyphometer.phantom.streams import between

SUPERIOR_SHARE = (0.6, 0.95)
"""Part of a lost wedge that the superior endplate takes, unless asked otherwise."""
DEEPEST_DENT = 1 / 3
"""Deepest dent, in parts of the height in the middle."""


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
    body: BodyShape,
    kind: FractureKind,
    severity: float,
    rng: np.random.Generator,
    *,
    superior_share: tuple[float, float] = SUPERIOR_SHARE,
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
    superior_share
        Range of the part of the lost wedge that the superior endplate takes.
    """
    share = between(rng, *superior_share)
    loss = float(np.clip(severity, 0.0, 0.6))
    if kind is FractureKind.WEDGE:
        broken = _wedge(body, loss, between(rng, 0.0, 0.35) * loss, share)
    elif kind is FractureKind.CRUSH:
        broken = _wedge(body, loss, between(rng, 0.55, 0.9) * loss, share)
    elif kind is FractureKind.BICONCAVE:
        broken = _sink(_wedge(body, 0.3 * loss, 0.15 * loss, share), loss / 2, rng, both=True)
    else:
        broken = _sink(_wedge(body, 0.35 * loss, 0.05 * loss, share), loss, rng, both=False)
    return _impact(broken, loss, rng)


def _wedge(body: BodyShape, anterior: float, posterior: float, share: float) -> BodyShape:
    """Lose parts of the anterior and posterior height; `share` of the wedge lies superior."""
    height = body.height_mm * (1 - posterior)
    front = max(body.anterior_height_mm * (1 - anterior), 0.3 * body.height_mm)
    lost = (height - front) / body.depth_mm - body.superior.slope - body.inferior.slope
    superior, inferior = (
        body.superior.slope + share * lost,
        body.inferior.slope + (1 - share) * lost,
    )
    return replace(
        body,
        height_mm=height,
        superior=replace(body.superior, slope_deg=math.degrees(math.atan(superior))),
        inferior=replace(body.inferior, slope_deg=math.degrees(math.atan(inferior))),
    )


def _sink(body: BodyShape, loss: float, rng: np.random.Generator, *, both: bool) -> BodyShape:
    """Dent one endplate or both."""
    depth = min(loss, DEEPEST_DENT) * body.mid_height_mm
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
        spread_x=between(rng, 0.5, 0.75) if central else between(rng, 0.4, 0.7),
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
