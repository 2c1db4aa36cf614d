"""Is there an endplate under this line? Signed contrast across it, counted in standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kyphometer.endplates.strips import across, along

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


def plate_evidence(strips: Image) -> PlateEvidence:
    """Evidence across the superior and the inferior endplate, from `sample_strips` along them."""
    inside, outside, line = (_bands() @ strips[:2].astype(np.float64)).transpose(1, 0, 2)
    return PlateEvidence(
        step=_in_standard_errors(inside - outside),
        ridge=_in_standard_errors(line - (inside + outside) / 2),
    )


@cache
def _bands() -> Array:
    """What takes the means inside, outside and on the line from a profile, shape (3, ROWS)."""
    s = across()
    bands = np.array(((s < -NEAR) & (s > -FAR), (s > NEAR) & (s < FAR), np.abs(s) < NEAR))
    means: Array = bands / bands.sum(axis=1, keepdims=True)
    return means


@cache
def _between_corners() -> slice:
    """The profiles that lie well between both corners."""
    at = np.flatnonzero((along() > 0.05) & (along() < 0.95))
    return slice(int(at[0]), int(at[-1]) + 1)


def _in_standard_errors(profiles: Array) -> Array:
    """Mean over the profiles between the corners in units of its standard error."""
    inner = profiles[:, _between_corners()]
    count = inner.shape[1]
    mean = inner.sum(axis=1) / count
    rest = inner - mean[:, None]
    spread = np.sqrt((rest * rest).sum(axis=1) / count) + 1e-6
    counted: Array = mean * np.sqrt(count / CORRELATED) / spread
    return counted
