"""How far a measurement can be trusted: SEM and MDC95, with where they come from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from kyphometer.errors import UnusableDataError
from kyphometer.measure.model import Z95


class PrecisionSource(StrEnum):
    """Where a standard error of measurement comes from."""

    OWN_REPEATS = "own_repeats"
    """Repeat readings of this study."""
    STATED = "stated"
    """Stated by the user, for example from a publication."""
    PUBLISHED = "published"
    """Of a publication, taken because the study knows none."""


class PrecisionKind(StrEnum):
    """Which errors a standard error of measurement holds."""

    INTRA_OBSERVER = "intra-observer"
    """Repeats of one observer."""
    CONSISTENCY = "between observers, constant offsets left out"
    """The same observers read all visits of a patient, so that offsets cancel in a change."""
    AGREEMENT = "between observers, offsets included"
    """Visits of a patient were read by different observers."""
    STATED = "as stated"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementPrecision:
    """Standard error of measurement of one angle.

    Attributes
    ----------
    code
        Measurement code, for example `VKA`.
    standard_error_of_measurement_deg
        SD of the error of one value, in degrees; positive.
    source
        Own repeat readings, stated, or published.
    description
        In words: how many films and observers, or which publication.
    readings
        Number of readings whose mean the SEM is of; 1 for single readings.
    kind
        Which errors it holds.
    """

    code: str
    standard_error_of_measurement_deg: float
    source: PrecisionSource
    description: str
    readings: int = 1
    kind: PrecisionKind = PrecisionKind.STATED

    def __post_init__(self) -> None:
        value = self.standard_error_of_measurement_deg
        if not (math.isfinite(value) and value > 0):
            raise UnusableDataError("sem_value", code=self.code, value=value)

    @property
    def minimal_detectable_change_95_deg(self) -> float:
        """Smallest change of one patient beyond error: 1.96 sqrt(2) SEM (science.md#sem)."""
        return Z95 * math.sqrt(2.0) * self.standard_error_of_measurement_deg

    @property
    def words(self) -> str:
        """For tables and method paragraphs."""
        source = {
            PrecisionSource.OWN_REPEATS: "repeat readings of this study",
            PrecisionSource.STATED: "stated",
            PrecisionSource.PUBLISHED: "published",
        }[self.source]
        kind = "" if self.kind is PrecisionKind.STATED else f", {self.kind}"
        detail = f"{kind}: {self.description}" if self.description else kind
        return (
            f"MDC95 {self.minimal_detectable_change_95_deg:.1f}° from SEM "
            f"{self.standard_error_of_measurement_deg:.2f}° ({source}{detail})"
        )


def repeat_scale(
    code: str, uncertainties: Iterable[tuple[float | None, int]], precision: MeasurementPrecision
) -> float:
    """What standard uncertainties from marks are multiplied by to agree with the study's repeats.

    Their root mean square becomes the SEM of the repeats; what separates films stays. 1 where the
    SEM does not come from repeats of this study, or no uncertainty is known.

    Parameters
    ----------
    code
        The angle.
    uncertainties
        Standard uncertainty of each value, and of how many readings it is the mean.
    precision
        What is known of the error of the angle.
    """
    if precision.source is not PrecisionSource.OWN_REPEATS or precision.code != code:
        return 1.0
    squares = [u * u * n / precision.readings for u, n in uncertainties if u is not None]
    if not squares or not sum(squares):
        return 1.0
    return precision.standard_error_of_measurement_deg / math.sqrt(sum(squares) / len(squares))


LOCAL_ANGLES = ("VKA", "RKA", "GA", "MONO_CAUDAL", "ADJ")
"""Angles of a fractured vertebra and its neighbours, of which the publication tells."""
_PUBLISHED_REPEATABILITY_DEG = 9.3
"""Half-width of the 95 % intra-observer agreement, the widest of four methods (Alanay 2007)."""


def published_precision(code: str) -> MeasurementPrecision | None:
    """SEM of manual readings of osteoporotic fractures, or None for other angles.

    Alanay and others 2007 (35 fractures, four methods; science.md#manual-readers) found
    95 % intra-observer agreement of ±7.1° to ±9.3°. The widest is taken: a verdict by it errs
    towards `unchanged`.
    """
    if code not in LOCAL_ANGLES:
        return None
    return MeasurementPrecision(
        code=code,
        standard_error_of_measurement_deg=_PUBLISHED_REPEATABILITY_DEG / (Z95 * math.sqrt(2.0)),
        source=PrecisionSource.PUBLISHED,
        description="Alanay 2007, manual readings",
        kind=PrecisionKind.INTRA_OBSERVER,
    )


def choose_precision(
    own: Iterable[MeasurementPrecision] = (), stated: Iterable[MeasurementPrecision] = ()
) -> Mapping[str, MeasurementPrecision]:
    """One precision a code: the study's own repeat readings where there are any, else the stated.

    Raises
    ------
    UnusableDataError
        If one code is given twice in the same list.
    """
    chosen: dict[str, MeasurementPrecision] = {}
    for items in (stated, own):
        seen: set[str] = set()
        for item in items:
            if item.code in seen:
                raise UnusableDataError("precision_twice", code=item.code)
            seen.add(item.code)
            chosen[item.code] = item
    return MappingProxyType(chosen)
