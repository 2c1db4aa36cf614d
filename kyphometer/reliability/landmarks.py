"""Which corner of which endplate contributes the error, in mm along and across the endplate.

Only the part across the endplate line turns it: two corners with SDs s_a and s_p across a line of
length L give it an SD of (180/pi) sqrt(s_a^2 + s_p^2)/L (science.md#corner-noise), and the
angle of two lines the root of the sum of both squares.
Beside this prediction stands the SD of the angle observed;
where the corners of an endplate err together, the prediction with their correlation is the nearer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kyphometer.errors import StatisticsError, TooFewDataError
from kyphometer.reliability.component_intervals import Precision
from kyphometer.reliability.components import variance_components
from kyphometer.stats.distributions import Floats
from kyphometer.stats.estimate import NotComputed, Result

Covariance2 = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CornerError(Result):
    """Errors of one corner of one endplate, pooled over films.

    `along` runs from posterior to anterior, `across` at right angles towards the feet. `covariance`
    is that of (along, across) of a reading of any observer about the film's consensus, for the
    error ellipse. `observer_offsets` are each observer's mean (along, across) from the consensus.
    """

    corner: str
    along: Precision
    across: Precision
    covariance: Covariance2
    observer_offsets: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndplatePrecision(Result):
    """Both corners of one endplate and the SD that they give its line, in degrees."""

    name: str
    films: int
    mean_length: float
    unit: str
    anterior: CornerError
    posterior: CornerError
    corner_correlation: float
    predicted_sd_deg: float
    predicted_sd_with_correlation_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AngleError(Result):
    """The SD of an angle that the corners predict, beside the one observed (SEM, agreement).

    `shares` are the parts of the predicted variance by endplate and corner, in the order upper
    anterior, upper posterior, lower anterior, lower posterior.
    """

    upper: EndplatePrecision
    lower: EndplatePrecision
    predicted_sd_deg: float
    predicted_sd_with_correlation_deg: float
    predicted_intra_sd_deg: float | None
    observed: Precision | NotComputed
    shares: tuple[float, float, float, float]


def endplate_error(
    anterior: ArrayLike,
    posterior: ArrayLike,
    *,
    name: str,
    unit: str = "mm",
    confidence: float = 0.95,
) -> EndplatePrecision:
    """Return the errors of the two corners of one endplate.

    Parameters
    ----------
    anterior, posterior
        Positions, shape (films, observers, replicates, 2), x and y (down), NaN where missing, in
        `unit` (mm, or px of a film without calibration).

    Raises
    ------
    TooFewDataError
        Fewer than two films or observers, or a film without both corners.
    """
    marks = np.stack([np.asarray(v, dtype=np.float64) for v in (anterior, posterior)])
    if marks.ndim != 5 or marks.shape[-1] != 2:
        raise TooFewDataError("landmark_positions")
    marks = np.where(np.isfinite(marks).all(axis=(0, 4), keepdims=True), marks, np.nan)
    marks = marks[:, np.isfinite(marks).any(axis=(0, 2, 3, 4))]
    consensus = _consensus(marks)
    chord = consensus[0] - consensus[1]
    lengths = np.hypot(chord[:, 0], chord[:, 1])
    local = _to_endplate_axes(marks - consensus[:, :, None, None], chord / lengths[:, None])
    corners = [
        _corner(corner, local[i], unit, confidence)
        for i, corner in enumerate(("anterior", "posterior"))
    ]
    across = [corner.across.agreement.value for corner in corners]
    correlation = _pair_covariance(np.stack([local[0, ..., 1], local[1, ..., 1]], axis=-1))
    common = correlation[0][1] / max(math.sqrt(correlation[0][0] * correlation[1][1]), 1e-300)
    inverse_square = float(np.mean(lengths**-2.0))
    free = math.hypot(*across)
    tied = math.sqrt(max(0.0, free**2 - 2.0 * common * across[0] * across[1]))
    return EndplatePrecision(
        name=name,
        films=marks.shape[1],
        mean_length=float(lengths.mean()),
        unit=unit,
        anterior=corners[0],
        posterior=corners[1],
        corner_correlation=common,
        predicted_sd_deg=math.degrees(free * math.sqrt(inverse_square)),
        predicted_sd_with_correlation_deg=math.degrees(tied * math.sqrt(inverse_square)),
    )


def angle_error(
    upper: EndplatePrecision,
    lower: EndplatePrecision,
    angles: ArrayLike,
    *,
    confidence: float = 0.95,
) -> AngleError:
    """Return the predicted SD of the angle between two endplates beside the observed one.

    Parameters
    ----------
    angles
        The angles of the same readings in degrees, shape (films, observers, replicates).
    """
    observed: Precision | NotComputed
    try:
        observed = variance_components(angles, confidence=confidence).precision
    except StatisticsError as error:
        observed = NotComputed(statistic="observed angle SD", reason=str(error))
    variances = [
        _corner_variance(plate, corner)
        for plate in (upper, lower)
        for corner in (plate.anterior, plate.posterior)
    ]
    total = sum(variances)
    a, b, c, d = (v / total for v in variances)
    return AngleError(
        upper=upper,
        lower=lower,
        predicted_sd_deg=math.hypot(upper.predicted_sd_deg, lower.predicted_sd_deg),
        predicted_sd_with_correlation_deg=math.hypot(
            upper.predicted_sd_with_correlation_deg, lower.predicted_sd_with_correlation_deg
        ),
        predicted_intra_sd_deg=_predicted_intra(upper, lower),
        observed=observed,
        shares=(a, b, c, d),
    )


def _predicted_intra(*plates: EndplatePrecision) -> float | None:
    total = 0.0
    for plate in plates:
        for corner in (plate.anterior, plate.posterior):
            if corner.across.intra_observer is None:
                return None
            total += (corner.across.intra_observer.value / plate.mean_length) ** 2
    return math.degrees(math.sqrt(total))


def _corner_variance(plate: EndplatePrecision, corner: CornerError) -> float:
    return (corner.across.agreement.value / plate.mean_length) ** 2


def _consensus(marks: Floats) -> Floats:
    """Return the mean over observers of each observer's mean, shape (2, films, 2)."""
    return _mean(_mean(marks, axis=3), axis=2)


def _mean(values: Floats, axis: int) -> Floats:
    """Return the mean of what is present, NaN where nothing is."""
    counts = np.isfinite(values).sum(axis=axis)
    sums = np.nansum(values, axis=axis)
    return np.asarray(np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0))


def _to_endplate_axes(offsets: Floats, along: Floats) -> Floats:
    """Return offsets (2, films, observers, replicates, 2) as (along, across towards the feet)."""
    across = np.stack([-along[:, 1], along[:, 0]], axis=-1)
    across = np.where(across[:, 1:] < 0.0, -across, across)
    axes = np.stack([along, across], axis=1)
    return np.asarray(np.einsum("fij,cforj->cfori", axes, offsets))


def _corner(corner: str, local: Floats, unit: str, confidence: float) -> CornerError:
    along, across = (
        variance_components(
            _films_as_fixed(local[..., axis]), confidence=confidence, unit=unit
        ).precision
        for axis in (0, 1)
    )
    offsets = _mean(_mean(local, axis=2), axis=0)
    return CornerError(
        corner=corner,
        along=along,
        across=across,
        covariance=_pair_covariance(local),
        observer_offsets=tuple((float(x), float(y)) for x, y in offsets),
    )


def _films_as_fixed(deviations: Floats) -> Floats:
    """Return deviations from each film's mean with widely spread film values added.

    The film's own position is no variance to estimate. Spreading films far apart makes the film
    effect as good as fixed, so that the other components do not depend on it.
    """
    spread = 20.0 * float(np.nanstd(deviations))
    return deviations + np.linspace(-spread, spread, deviations.shape[0])[:, None, None]


def _pair_covariance(local: Floats) -> Covariance2:
    """Return half the mean outer product of differences between observers, film by film.

    It estimates the covariance of a reading of any observer without bias, balanced or not.
    """
    total, pairs = np.zeros((2, 2)), 0
    observers = local.shape[1]
    for first in range(observers):
        for second in range(first + 1, observers):
            gap = local[:, first, :, None] - local[:, second, None, :]
            gap = gap.reshape(-1, 2)
            gap = gap[np.isfinite(gap).all(axis=1)]
            total += gap.T @ gap
            pairs += gap.shape[0]
    if not pairs:
        raise TooFewDataError("landmark_two_observers")
    half = total / (2.0 * pairs)
    return (float(half[0, 0]), float(half[0, 1])), (float(half[1, 0]), float(half[1, 1]))
