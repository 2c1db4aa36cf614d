"""What a measurement is, and a set of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kyphometer.anatomy import Level
from kyphometer.errors import NotMeasuredError
from kyphometer.geometry import Facing, Point
from kyphometer.measure.printing import half_width_text, value_text
from kyphometer.reading.findings import Finding

Z95 = 1.959963984540054
"""97.5th percentile of the standard normal distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One number measured on one film.

    Attributes
    ----------
    code
        Short name, for example `VKA`.
    label
        Code with its endplate pair or levels, for example `VKA (L1 sup - L1 inf)`.
    value
        The number, unrounded. Angles: kyphosis positive.
    unit
        `deg`, `mm`, `%`, `ratio` or `grade`.
    standard_uncertainty
        Standard deviation of `value` from the uncertainty of its landmarks, same unit; None where
        it has none (a grade).
    definition
        In words, with its version.
    upper, lower
        The two lines of an angle, for example `L1.superior`; None for other measurements.
    levels
        Levels used, cranial to caudal.
    lines
        The lines in image coordinates, each (posterior, anterior), for drawing.
    note
        What the reader must know about this number; empty if nothing.
    details
        Further numbers that belong to it, for example the probabilities of a grade.
    """

    code: str
    label: str
    value: float
    unit: str
    standard_uncertainty: float | None
    definition: str
    upper: str | None = None
    lower: str | None = None
    levels: tuple[Level, ...] = ()
    lines: tuple[tuple[Point, Point], ...] = ()
    note: str = ""
    details: tuple[tuple[str, float], ...] = ()

    @property
    def interval_95(self) -> tuple[float, float] | None:
        """Value minus and plus 1.96 standard uncertainties, or None without uncertainty."""
        if self.standard_uncertainty is None:
            return None
        half = Z95 * self.standard_uncertainty
        return (self.value - half, self.value + half)

    def __str__(self) -> str:
        text = f"{self.label}: {value_text(self.value, self.unit)}"
        return f"{text} {half_width_text(self.interval_95, self.unit)}".rstrip()

    def to_dict(self) -> dict[str, Any]:
        """JSON document of the measurement (ARCHITECTURE.md, File formats)."""
        document: dict[str, Any] = {
            "code": self.code,
            "label": self.label,
            "upper": self.upper,
            "lower": self.lower,
            "value": self.value,
            "unit": self.unit,
            "standard_uncertainty": self.standard_uncertainty,
            "interval_95": None if self.interval_95 is None else list(self.interval_95),
            "levels": [level.value for level in self.levels],
            "definition": self.definition,
            "note": self.note,
        }
        if self.details:
            document["details"] = dict(self.details)
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A measurement that was asked for and cannot be made, with the sentence that says why."""

    code: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementSet:
    """Everything measured from one reading.

    Attributes
    ----------
    facing
        Where anterior lies.
    measurements
        The numbers, in the order of the registry.
    refused
        What could not be measured, and why.
    warnings
        Sentences about the marks and assumptions.
    findings
        What is impossible or improbable about the marks, errors first, as `check_reading` found it;
        errors only where the reading was not measured strictly.
    """

    facing: Facing
    measurements: tuple[Measurement, ...]
    refused: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def get(self, code: str) -> Measurement | None:
        """First measurement with that code or label, or None."""
        wanted = code.strip().casefold()
        for item in self.measurements:
            if wanted in (item.code.casefold(), item.label.casefold()):
                return item
        return None

    def __getitem__(self, code: str) -> Measurement:
        """First measurement with that code or label.

        Raises
        ------
        NotMeasuredError
            If there is none, with the reason of its refusal.
        """
        found = self.get(code)
        if found is None:
            wanted = code.strip().casefold()
            reasons = [item.reason for item in self.refused if item.code.casefold() == wanted]
            raise NotMeasuredError(code, reasons[0] if reasons else None)
        return found

    def all(self, code: str) -> tuple[Measurement, ...]:
        """Every measurement with that code."""
        return tuple(item for item in self.measurements if item.code == code)
