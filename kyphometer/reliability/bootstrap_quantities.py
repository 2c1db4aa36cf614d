"""Log variances and log error shares of bootstrap samples, each with its own standard error.

With weights w over films (summing to 1), c the cell means, m = sum w c by observer and g their
mean, all mean squares are functions of the weighted averages of c, of sum c squared, of
(sum c) squared and of the scatter inside cells. Standard errors follow by the delta method from
the weighted covariance of these features of the films.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kyphometer.stats.distributions import Floats

QUANTITIES = (
    "SEM, intra-observer",
    "SEM, consistency",
    "SEM, agreement",
    "inter-observer ICC",
    "intra-observer ICC",
)
RESIDUAL, INTERACTION, OBSERVER, FILM = range(4)
ERRORS_OF = (
    (RESIDUAL,),
    (RESIDUAL, INTERACTION),
    (RESIDUAL, INTERACTION, OBSERVER),
    (RESIDUAL, INTERACTION, OBSERVER),
    (RESIDUAL,),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuantities:
    """Quantities of a batch of samples on the log scale, each array (samples, quantities).

    An SEM is log variance, an ICC is log(1 - ICC). `estimate` is the estimator with its degrees of
    freedom, `population` the same taken of the sample as if it were everybody.
    """

    estimate: Floats
    population: Floats
    standard_error: Floats


def film_features(cube: Floats) -> Floats:
    """Return the features of each film, shape (films, observers + 3), of centred readings."""
    centred = cube - cube.mean()
    cells = centred.mean(axis=2)
    _, observers, replicates = cube.shape
    scatter = np.sum((centred - cells[:, :, None]) ** 2, axis=(1, 2))
    scatter = scatter / (observers * max(1, replicates - 1))
    squares = np.sum(cells**2, axis=1)
    return np.column_stack([cells, squares, np.sum(cells, axis=1) ** 2 / observers, scatter])


def log_quantities(
    weights: Floats,
    features: Floats,
    shape: tuple[int, ...],
    owner: NDArray[np.int64] | None = None,
) -> LogQuantities:
    """Return the quantities of weighted films.

    Parameters
    ----------
    weights
        Shape (samples, films), each row summing to 1.
    features
        Of `film_features`.
    shape
        Films, observers and replicates of the readings.
    owner
        Number of the patient of each film, from 0; None if every film is of another. All films of
        a patient have the same weight.
    """
    films, observers, replicates = shape
    mean = weights @ features
    means, squares, rows, scatter = np.split(mean, np.cumsum([observers, 1, 1]), axis=1)
    grand = means.mean(axis=1, keepdims=True)
    bias = np.sum((means - grand) ** 2, axis=1, keepdims=True) / (observers - 1)
    crossed = (squares - rows) / (observers - 1) - bias
    between = rows - observers * grand**2
    enlarge = films / (films - 1.0)
    widen = enlarge if owner is None else _of_patients(features[:, :observers].mean(axis=1), owner)
    population = _variances(between, bias, crossed, scatter, observers, replicates)
    estimate = _variances(
        between * widen,
        bias - crossed * enlarge / films,
        crossed * enlarge,
        scatter,
        observers,
        replicates,
    )
    gradient = _gradients(means - grand, grand, observers, replicates)
    return LogQuantities(
        estimate=_on_log_scale(estimate),
        population=_on_log_scale(population),
        standard_error=_standard_errors(weights, features, mean, population, gradient, owner),
    )


def _of_patients(means: Floats, owner: NDArray[np.int64]) -> float:
    """What a variance of films is to be multiplied by where films of a patient are alike."""
    centred = means - means.mean()
    own = np.bincount(owner, centred)
    error = float(own @ own) / means.size**2 * own.size / (own.size - 1.0)
    return 1.0 + error / max(float(np.mean(centred**2)), 1e-300)


def _variances(
    between: Floats,
    bias: Floats,
    crossed: Floats,
    scatter: Floats,
    observers: int,
    replicates: int,
) -> Floats:
    """Return residual, film x observer, observer and film variances, shape (samples, 4)."""
    residual = scatter if replicates > 1 else np.zeros_like(scatter)
    interaction = crossed - residual / replicates
    film = (between - crossed) / observers
    return np.concatenate([residual, interaction, bias, film], axis=1)


def _gradients(centred: Floats, grand: Floats, observers: int, replicates: int) -> Floats:
    """Return derivatives of the four variances by the features, (samples, 4, observers + 3)."""
    samples, width = centred.shape[0], observers + 3
    bias = np.zeros((samples, width))
    bias[:, :observers] = 2.0 * centred / (observers - 1)
    crossed = -bias
    crossed[:, observers] += 1.0 / (observers - 1)
    crossed[:, observers + 1] -= 1.0 / (observers - 1)
    between = np.zeros((samples, width))
    between[:, :observers] = -2.0 * grand
    between[:, observers + 1] = 1.0
    residual = np.zeros((samples, width))
    residual[:, observers + 2] = 1.0 if replicates > 1 else 0.0
    interaction, film = crossed - residual / replicates, (between - crossed) / observers
    return np.stack([residual, interaction, bias, film], axis=1)


def _on_log_scale(variances: Floats) -> Floats:
    total = variances.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = [np.log(variances[:, list(parts)].sum(axis=1)) for parts in ERRORS_OF]
        shares = [error - np.log(total) for error in errors[3:]]
    return np.column_stack([*errors[:3], *shares])


def _standard_errors(
    weights: Floats,
    features: Floats,
    mean: Floats,
    variances: Floats,
    gradient: Floats,
    owner: NDArray[np.int64] | None,
) -> Floats:
    covariance, units = _covariance(weights, features, mean, owner)
    total, total_gradient = variances.sum(axis=1), gradient.sum(axis=1)
    found = []
    with np.errstate(divide="ignore", invalid="ignore"):
        for index, parts in enumerate(ERRORS_OF):
            error = variances[:, list(parts)].sum(axis=1)
            slope = gradient[:, list(parts)].sum(axis=1) / error[:, None]
            if index >= 3:
                slope = slope - total_gradient / total[:, None]
            square = np.einsum("bi,bij,bj->b", slope, covariance, slope)
            found.append(np.sqrt(np.maximum(square, 0.0) / (units - 1.0)))
    return np.column_stack(found)


def _covariance(
    weights: Floats, features: Floats, mean: Floats, owner: NDArray[np.int64] | None
) -> tuple[Floats, int]:
    """Covariance of the features of independent units (films or patients), and their number.

    Of patients it is that of the sums over their films, in units of the mean number of films.
    """
    films, width = features.shape
    if owner is None:
        products = (features[:, :, None] * features[:, None, :]).reshape(films, -1)
        second = (weights @ products).reshape(-1, width, width)
        return second - mean[:, :, None] * mean[:, None, :], films
    count = np.bincount(owner).astype(np.float64)
    units = count.size
    first = np.unique(owner, return_index=True)[1]
    drawn = weights[:, first] * units * (films / units)
    sums = np.stack([np.bincount(owner, column) for column in features.T], axis=1) * units / films
    sizes = count * units / films
    share = drawn / units
    products = (sums[:, :, None] * sums[:, None, :]).reshape(units, -1)
    second = (share @ products).reshape(-1, width, width)
    cross = share @ (sums * sizes[:, None])
    square = (share @ sizes**2)[:, None, None]
    mixed = cross[:, :, None] * mean[:, None, :]
    both = mean[:, :, None] * mean[:, None, :]
    return second - mixed - mixed.transpose(0, 2, 1) + square * both, units
