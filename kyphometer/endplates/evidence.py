"""Is there an endplate under this line? Signed contrast across it, counted in standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kyphometer.endplates.strips import across, along, sample_strips

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Image = NDArray[np.float32]

NEAR, FAR = 0.02, 0.075
"""The bands beside an endplate that are compared, in body depths (0.6 to 2.3 mm)."""
CORRELATED = 3.0
"""Neighbouring profiles that share one independent value."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlateEvidence:
    """What lies across the two endplates of a vertebra.

    Attributes
    ----------
    step
        Brightness inside less brightness outside, in standard errors, shape (2,); positive for an
        endplate of this body, negative for its neighbour's or for inverted polarity.
    ridge
        Brightness on the line less that beside it, in standard errors, shape (2,).
    """

    step: Array
    ridge: Array

    @property
    def strength(self) -> Array:
        """The stronger of the two, shape (2,)."""
        strongest: Array = np.maximum(np.abs(self.step), self.ridge)
        return strongest


def plate_evidence(crop: Image, depths: float, corners: Array) -> PlateEvidence:
    """Evidence across the superior and the inferior endplate given by corners in the frame."""
    strips = sample_strips(crop, depths, corners)[:2].astype(np.float64)
    t, s = along(), across()
    inner = strips[:, :, (t > 0.05) & (t < 0.95)]
    inside = inner[:, (s < -NEAR) & (s > -FAR)].mean(axis=1)
    outside = inner[:, (s > NEAR) & (s < FAR)].mean(axis=1)
    line = inner[:, np.abs(s) < NEAR].mean(axis=1)
    return PlateEvidence(
        step=_in_standard_errors(inside - outside),
        ridge=_in_standard_errors(line - (inside + outside) / 2),
    )


def _in_standard_errors(profiles: Array) -> Array:
    """Mean over profiles in units of its standard error."""
    count = profiles.shape[1] / CORRELATED
    spread = profiles.std(axis=1) + 1e-6
    counted: Array = profiles.mean(axis=1) * np.sqrt(count) / spread
    return counted
