"""One reported number with its interval, and how results turn into tables and JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

from kyphometer.errors import ParameterRangeError


class Result:
    """Base of every result of this package: plain values, nothing to compute any more."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the result as nested plain values, ready for JSON."""
        plain: dict[str, Any] = as_plain(self)
        return plain

    def table_rows(self) -> list[dict[str, Any]]:
        """Return every estimate in the result as one row of a table.

        Returns
        -------
        One mapping an estimate with the keys section, name, value, low, high, confidence, unit and
        method; section is the path of the estimate inside the result.
        """
        return [{"section": path, **estimate.to_dict()} for path, estimate in _walk(self, ())]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate(Result):
    """A number with its confidence interval.

    `low` and `high` are None where no interval exists, and `method` then says why.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    confidence: float = 0.95
    unit: str = ""
    method: str = ""

    def interval(self) -> tuple[float, float] | None:
        """Return (low, high), or None where the estimate has no interval."""
        if self.low is None or self.high is None:
            return None
        return self.low, self.high

    def scaled(self, factor: float, name: str, method: str = "") -> Estimate:
        """Return the estimate multiplied by a positive constant, under another name."""
        return Estimate(
            name=name,
            value=self.value * factor,
            low=None if self.low is None else self.low * factor,
            high=None if self.high is None else self.high * factor,
            confidence=self.confidence,
            unit=self.unit,
            method=method or self.method,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotComputed(Result):
    """Stands in a result where a statistic could not be computed, with the reason in words."""

    statistic: str
    reason: str


def as_plain(value: Any) -> Any:
    """Turn results into what JSON knows; numbers that are not finite become None."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): as_plain(item) for key, item in value.items()}
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return value
    if isinstance(value, Sequence):
        return [as_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return as_plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int) else str(value)


def _walk(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Estimate]]:
    if isinstance(value, Estimate):
        yield ".".join(path), value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _walk(getattr(value, field.name), (*path, field.name))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, _label(item, index)))


def _label(item: Any, index: int) -> str:
    return str(getattr(item, "label", "") or getattr(item, "name", "") or index + 1)


def check_confidence(confidence: float) -> float:
    """Return the confidence level, or refuse one that is not strictly between 0 and 1."""
    if not 0.0 < confidence < 1.0:
        raise ParameterRangeError("confidence_level", value=confidence)
    return confidence
