"""Plain arrays from what callers hand in: missing values found, impossible ones refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kyphometer.errors import UnusableDataError

FloatArray = NDArray[np.float64]

CONSTANT_TOLERANCE = 1e-12
"""Spread below this share of the largest magnitude is rounding noise, not variation."""


def as_values(values: Iterable[float | None] | ArrayLike, what: str) -> FloatArray:
    """One-dimensional float array with NaN for None.

    Raises
    ------
    UnusableDataError
        If a value is no number, is infinite, or the array has more than one dimension.
    """
    listed = values.tolist() if isinstance(values, np.ndarray) else list(values)  # type: ignore[arg-type]
    try:
        array = np.array([np.nan if v is None else v for v in listed], dtype=float)
    except (TypeError, ValueError):
        raise UnusableDataError("no_number", what=what) from None
    if array.ndim != 1:
        raise UnusableDataError("no_list_of_numbers", what=what)
    if np.isinf(array).any():
        raise UnusableDataError("infinite_value", what=what)
    return array


def as_table(columns: Sequence[Iterable[float | None] | ArrayLike], what: str) -> FloatArray:
    """Patients x columns, NaN for missing.

    Raises
    ------
    UnusableDataError
        If the columns differ in length.
    """
    arrays = [as_values(column, what) for column in columns]
    lengths = {len(array) for array in arrays}
    if len(lengths) > 1:
        raise UnusableDataError(
            "unequal_columns", what=what, names=", ".join(map(str, sorted(lengths)))
        )
    return np.column_stack(arrays)


def is_constant(values: FloatArray, scale: float | None = None) -> bool:
    """True if the values do not vary beyond floating-point noise.

    Parameters
    ----------
    values
        Values, shape (n,).
    scale
        Magnitude of the numbers that the values were computed from; largest value if None.
    """
    if len(values) == 0:
        return True
    largest = float(np.max(np.abs(values))) if scale is None else scale
    return bool(np.ptp(values) <= CONSTANT_TOLERANCE * max(largest, 1e-300))
