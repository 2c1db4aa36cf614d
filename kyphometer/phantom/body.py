"""The shape of one vertebral body, in its own axes.

Local axes in mm: x anterior, y caudal, z lateral (to the detector), origin at the middle of the
body. The cross-section is a superellipse; the endplates are tilted planes (their rims) with a
rounded edge, a concave floor inside the ring apophysis, and dents where the bone has given way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import EndplateSide, Level

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dent:
    """A depression of an endplate: a smooth pit.

    Attributes
    ----------
    depth_mm
        Depth at its middle.
    x, z
        Its middle, in parts of the half depth and the half width (-1 to 1).
    spread_x, spread_z
        Its extent, in the same parts.
    """

    depth_mm: float
    x: float = 0.0
    z: float = 0.0
    spread_x: float = 0.5
    spread_z: float = 0.7

    def pit(self, x: Array, z: Array) -> Array:
        """Depth in mm at relative positions."""
        q = ((x - self.x) / self.spread_x) ** 2 + ((z - self.z) / self.spread_z) ** 2
        pit: Array = self.depth_mm * np.exp(-q * q)
        return pit


@dataclass(frozen=True, slots=True, kw_only=True)
class EndplateShape:
    """One endplate.

    Attributes
    ----------
    slope_deg
        Inclination of the rim against the vertebra's mid-plane, positive when it narrows the
        anterior height (wedge).
    concavity_mm
        Depth of the floor below the plane of the rims.
    centre_x
        Where the floor is deepest, in parts of the half depth (positive anterior).
    ring
        Radius of the inner edge of the ring apophysis, in parts of the body's radius.
    radius_anterior_mm, radius_posterior_mm
        Radius of the rounded rim.
    dents
        Depressions.
    """

    slope_deg: float = 0.0
    concavity_mm: float = 2.0
    centre_x: float = 0.0
    ring: float = 0.8
    radius_anterior_mm: float = 1.4
    radius_posterior_mm: float = 1.0
    dents: tuple[Dent, ...] = ()

    @property
    def slope(self) -> float:
        """Tangent of the slope."""
        return math.tan(math.radians(self.slope_deg))


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyShape:
    """One vertebral body and what it is made of.

    Attributes
    ----------
    level
        Its level.
    depth_mm, half_width_mm
        Antero-posterior depth and half of its lateral width at the rims.
    height_mm
        Posterior height between the planes of the rims.
    superior, inferior
        Its endplates.
    exponent_anterior, exponent_posterior
        Superellipse exponents of the cross-section.
    waist_anterior_mm, waist_posterior_mm
        How far the walls stand back half way between the rims.
    shell_endplate_mm, shell_wall_mm
        Thickness of the cortex.
    cortical_per_mm, trabecular_per_mm
        Attenuation above that of soft tissue.
    band_superior_per_mm, band_inferior_per_mm
        Extra attenuation of impacted bone below a broken endplate.
    band_mm
        Thickness of that band.
    """

    level: Level
    depth_mm: float
    half_width_mm: float
    height_mm: float
    superior: EndplateShape = EndplateShape()
    inferior: EndplateShape = EndplateShape()
    exponent_anterior: float = 2.3
    exponent_posterior: float = 3.2
    waist_anterior_mm: float = 2.0
    waist_posterior_mm: float = 1.0
    shell_endplate_mm: float = 0.6
    shell_wall_mm: float = 0.5
    cortical_per_mm: float = 0.036
    trabecular_per_mm: float = 0.006
    band_superior_per_mm: float = 0.0
    band_inferior_per_mm: float = 0.0
    band_mm: float = 4.0

    @property
    def wedge_deg(self) -> float:
        """Angle between the planes of the rims, kyphosis positive."""
        return self.superior.slope_deg + self.inferior.slope_deg

    @property
    def mid_height_mm(self) -> float:
        """Height between the planes of the rims at the middle of the depth."""
        slopes = self.superior.slope + self.inferior.slope
        return self.height_mm - self.depth_mm / 2 * slopes

    @property
    def anterior_height_mm(self) -> float:
        """Height between the planes of the rims at the anterior wall."""
        return 2 * self.mid_height_mm - self.height_mm

    def endplate(self, side: EndplateSide) -> EndplateShape:
        """The endplate of that side."""
        return self.superior if side is EndplateSide.SUPERIOR else self.inferior

    def radial(self, x: Array, z: Array) -> Array:
        """Superellipse radius of the cross-section: 0 at the axis, 1 on the wall at the rims."""
        u = np.abs(x) * float(2 / self.depth_mm)
        v = np.abs(z) * float(1 / self.half_width_mm)
        front = x > 0
        rho = np.empty(np.broadcast(u, v).shape, np.float32)
        for part, n in ((front, self.exponent_anterior), (~front, self.exponent_posterior)):
            rho[part] = (u[part] ** n + v[part] ** n) ** float(1 / n)
        return rho

    def surface(self, side: EndplateSide, x: Array, z: Array, rho: Array) -> Array:
        """Local y of the outer surface of an endplate at (x, z), given the radius there."""
        plate = self.endplate(side)
        inwards = 1.0 if side is EndplateSide.SUPERIOR else -1.0
        sunk = self._floor(plate, x, z, rho) + self._rounding(plate, x, rho)
        y: Array = inwards * (plate.slope * x - self.mid_height_mm / 2 + sunk)
        return y

    def _floor(self, plate: EndplateShape, x: Array, z: Array, rho: Array) -> Array:
        """How far the floor lies below the plane of the rims."""
        u, v = x * float(2 / self.depth_mm), z * float(1 / self.half_width_mm)
        shift = plate.centre_x
        r = np.hypot((u - shift * (1 - np.abs(u))) / plate.ring, v / plate.ring)
        inside = np.maximum(1 - np.maximum(r, rho / plate.ring) ** 2, 0)
        floor: Array = plate.concavity_mm * inside * np.sqrt(inside)
        for dent in plate.dents:
            floor = floor + dent.pit(u, v)
        return floor

    def _rounding(self, plate: EndplateShape, x: Array, rho: Array) -> Array:
        """How far the rounded rim lies below the plane of the rims."""
        blend = np.clip(x * float(2 / self.depth_mm) * 2 + 0.5, 0, 1)
        radius = plate.radius_posterior_mm + blend * float(
            plate.radius_anterior_mm - plate.radius_posterior_mm
        )
        from_wall = np.clip((1 - rho) * float(self.depth_mm / 2), 0, radius)
        drop: Array = radius - np.sqrt(radius**2 - (radius - from_wall) ** 2)
        return drop

    def waist(self, x: Array) -> Array:
        """How far the wall stands back at mid-height, in parts of the radius."""
        blend = np.clip(x * float(2 / self.depth_mm) + 0.5, 0, 1)
        back = self.waist_posterior_mm + blend * float(
            self.waist_anterior_mm - self.waist_posterior_mm
        )
        part: Array = np.maximum(back * float(2 / self.depth_mm), 1e-3)
        return part


APEX = 1.0 - np.sqrt(0.5)
"""Where the apex of a rounded rim lies, in radii from the wall and from the plane of the rims."""


def rim_apex_mm(body: BodyShape, side: EndplateSide) -> NDArray[np.float64]:
    """Local (x, y, z) of the anterior and the posterior rim apex in the mid-sagittal plane.

    The apex is the middle of the rounded edge: `(1 - sqrt(1/2))` radii from the wall and from the
    rim's plane; dents that reach the rim take it with them. Shape (2, 3).
    """
    plate = body.endplate(side)
    x = np.array(
        [
            body.depth_mm / 2 - APEX * plate.radius_anterior_mm,
            -body.depth_mm / 2 + APEX * plate.radius_posterior_mm,
        ]
    )
    return _on_surface(body, side, x)


def floor_middle_mm(body: BodyShape, side: EndplateSide, x_mm: float) -> NDArray[np.float64]:
    """Local (x, y, z) of the mid-sagittal floor at `x_mm`, half way between the rim apexes."""
    middle: NDArray[np.float64] = _on_surface(body, side, np.array([x_mm]))[0]
    return middle


def _on_surface(body: BodyShape, side: EndplateSide, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mid-sagittal surface points at local x, in double precision; shape (N, 3)."""
    z = np.zeros_like(x)
    rho = np.abs(x) * 2 / body.depth_mm
    y = body.surface(side, x, z, rho)
    return np.stack([x, y, z], axis=-1)
