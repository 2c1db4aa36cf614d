"""A certificate: readings of films with known truth, judged against stated limits.

A limit is kept only if the whole confidence interval keeps it, and broken only if the whole
interval breaks it; in between more films are needed.
"""

from __future__ import annotations

from dataclasses import dataclass

from kyphometer.errors import ParameterRangeError, TooFewDataError
from kyphometer.reliability.accuracy import Accuracy, table_accuracy
from kyphometer.reliability.component_intervals import mdc95
from kyphometer.reliability.table import ReadingTable
from kyphometer.reliability.words import Verdict, at_most, within
from kyphometer.sessions.judged_line import JudgedLine, named, together
from kyphometer.stats.estimate import Result

EVERYBODY = "all observers"
LIMITS_VERSION = 1
"""Raised when what the limits bound, or how they are judged, changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateLimits(Result):
    """What is to be kept, in the unit of the measurement.

    `bias` bounds the mean error on both sides, `standard_error_of_measurement` the SD of a single
    error about it. A limit on MDC95 would be the latter times 1.96 sqrt(2), so there is none.
    """

    bias: float = 1.0
    standard_error_of_measurement: float = 2.0

    @property
    def words(self) -> str:
        """The limits with their version, for a certificate."""
        return (
            f"bias at most {self.bias:g}°, SEM at most {self.standard_error_of_measurement:g}° "
            f"(limits version {LIMITS_VERSION})"
        )

    def __post_init__(self) -> None:
        for name, value in (
            ("bias", self.bias),
            ("standard error of measurement", self.standard_error_of_measurement),
        ):
            if not value > 0.0:
                raise ParameterRangeError("certificate_limit", name=name, value=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate(Result):
    """The judgement of one observer, or of an installation (all observers together)."""

    subject: str
    limits: CertificateLimits
    lines: tuple[JudgedLine, ...]
    details: tuple[Accuracy, ...]
    verdict: Verdict

    @property
    def passed(self) -> bool:
        """True if every limit is shown to be kept."""
        return self.verdict is Verdict.SHOWN

    @property
    def words(self) -> str:
        """The verdict as a sentence."""
        if self.verdict is Verdict.SHOWN:
            return "PASS: every confidence interval keeps its limit."
        if broken := named(self.lines, Verdict.REFUTED):
            return f"FAIL: the whole confidence interval lies beyond the limit ({broken})."
        return (
            "NOT SHOWN: confidence intervals reach beyond the limits, so that neither pass nor "
            "fail is shown; read more films."
        )


def certify(
    table: ReadingTable,
    limits: CertificateLimits,
    *,
    observer: str | None = None,
    confidence: float = 0.95,
) -> Certificate:
    """Judge readings of films with known truth.

    Parameters
    ----------
    table
        Readings with truth; other rows are left out.
    limits
        What is to be kept by every measurement in the table.
    observer
        Whom to judge; None judges all together, as an installation.

    Raises
    ------
    TooFewDataError
        If there are fewer than three films of known truth for a measurement, or none at all.
    """
    known = table.where(lambda row: row.truth is not None and observer in (None, row.observer))
    if not known.values:
        who = "" if observer is None else f" by {observer}"
        raise TooFewDataError("certificate_no_readings", who=who)
    lines: list[JudgedLine] = []
    details = []
    for code in known.codes:
        own = known.where(lambda row, code=code: row.code == code)  # type: ignore[misc]
        whole = table_accuracy(own, confidence)[0]
        details.append(whole)
        lines += _lines(code, whole, limits)
    return Certificate(
        subject=observer or EVERYBODY,
        limits=limits,
        lines=tuple(lines),
        details=tuple(details),
        verdict=together(lines),
    )


def _lines(code: str, found: Accuracy, limits: CertificateLimits) -> list[JudgedLine]:
    sem = found.precision.scaled(1.0, "SEM, single reading against truth")
    bound = limits.standard_error_of_measurement
    return [
        JudgedLine(
            code=code,
            quantity=found.bias,
            limit=limits.bias,
            verdict=within(found.bias, limits.bias),
        ),
        JudgedLine(code=code, quantity=sem, limit=bound, verdict=at_most(sem, bound)),
        JudgedLine(code=code, quantity=mdc95(sem), limit=None, verdict=None),
    ]
