"""From what the network says about its errors to standard uncertainties that hold.

The network's spreads rank its errors but do not size them. The card of a model carries, for each
quantity, pairs of (said, honest) SD: honest is what makes 95 % intervals cover the errors on films
of worlds that the network was not trained on, the hardest of them included. Between the pairs it is
interpolated in logarithms, beyond them the ratio of the last pair holds.

A network leans towards the bodies that it knows, so a steep wedge is read too flat, and by how much
differs from world to world. That part cannot be seen on the film at hand; it enters as a standard
uncertainty in proportion to the wedge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scale:
    """Honest against said SD of one quantity, both rising."""

    said: Array
    honest: Array

    @classmethod
    def of_record(cls, record: dict[str, list[float]] | None) -> Scale:
        """From a model's card; the identity if the card has none."""
        if not record:
            return cls(said=np.array([1.0]), honest=np.array([1.0]))
        return cls(said=np.array(record["said"]), honest=np.array(record["honest"]))

    def __call__(self, said: ArrayLike) -> Array:
        """Honest SD."""
        level = np.log(np.maximum(np.asarray(said, dtype=np.float64), 1e-9))
        knots, ratios = np.log(self.said), np.log(self.honest / self.said)
        out: Array = np.exp(level + np.interp(level, knots, ratios))
        return out


OFF_DEPTHS = 0.097
"""A corner is off if it lies further than this from its rim (3 mm of a body 31 mm deep)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """How likely a corner of an endplate is off, from the larger said SD of its two corners.

    A logistic curve over the logarithm of that SD in body depths.
    """

    offset: float
    slope: float

    def __call__(self, corner_sd: Array) -> Array:
        """Chance that a corner is off by more than 3 mm, by endplate, shape (2,).

        Parameters
        ----------
        corner_sd
            Said SD along and across, body depths, shape (4, 2).
        """
        largest = np.hypot(*corner_sd.T).reshape(2, 2).max(axis=1)
        chance: Array = 1 / (1 + np.exp(-(self.offset + self.slope * np.log(largest))))
        return chance


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """Scales of every quantity of a model.

    Attributes
    ----------
    line
        Direction of one endplate, degrees; sized so that angles between two endplates, whose
        variance is the sum of both, are covered.
    corner
        Position of a corner along its endplate, body depths.
    shrinkage
        Standard uncertainty of the angle between a body's endplates as a part of that angle.
    doubt
        How likely a corner is off; None if the card does not say.
    """

    line: Scale
    corner: Scale
    shrinkage: float = 0.0
    doubt: Doubt | None = None

    def line_sd_deg(self, said: ArrayLike, wedge_deg: float) -> Array:
        """Honest SD of both lines of a body whose endplates stand at an angle, shape (2,)."""
        flattened = self.shrinkage * abs(wedge_deg) / np.sqrt(2.0)
        sd: Array = np.hypot(self.line(said), flattened)
        return sd

    @classmethod
    def of_card(cls, card: dict[str, Any]) -> Calibration:
        """From a model's card."""
        found = card.get("calibration", {})
        line, corner = (Scale.of_record(found.get(name)) for name in ("line_deg", "corner_depths"))
        doubt = found.get("doubt")
        return cls(
            line=line,
            corner=corner,
            shrinkage=float(found.get("shrinkage", 0.0)),
            doubt=Doubt(offset=doubt["offset"], slope=doubt["slope"]) if doubt else None,
        )


def corner_covariances(corner_sd: Array, line_sd_deg: Array, lengths: Array) -> Array:
    """Covariances of the four corners whose propagation gives the lines' SD.

    Angles are computed from corners later, by people and programs that know no more than each
    corner's covariance. So the part across the endplate is taken from the SD of the endplate's
    direction, shared between the two corners as their own SD stand to each other.

    Parameters
    ----------
    corner_sd
        SD along and across the endplate, body depths, shape (4, 2).
    line_sd_deg
        SD of the two endplates' directions, shape (2,).
    lengths
        Lengths of the two endplates in body depths, shape (2,).

    Returns
    -------
    covariances
        In the vertebra's frame, body depths squared, shape (4, 2, 2).
    """
    across = corner_sd[:, 1].reshape(2, 2) ** 2
    share = across / np.maximum(across.sum(axis=1, keepdims=True), 1e-18)
    total = (np.radians(line_sd_deg) * lengths) ** 2
    covariances = np.zeros((4, 2, 2))
    covariances[:, 0, 0] = corner_sd[:, 0] ** 2
    covariances[:, 1, 1] = (share * total[:, None]).ravel()
    return covariances
