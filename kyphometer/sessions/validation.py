"""Whether help from the image is valid on films of one's own, judged by margins fixed beforehand.

Two observers or more read the same films without and with help. Nobody knows the truth of a real
film, but observers' errors without help are independent of each other, so that what they share is
the truth: it gives the error of helped readings and their slope on the truth without being biased
by the observers' own scatter (errors in variables; Fuller 1987, doi 10.1002/9780470316665, with the
other observer as the instrument).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kyphometer.errors import ParameterRangeError, TooFewDataError
from kyphometer.reliability.observers import mean_estimate
from kyphometer.reliability.words import Verdict, at_least, at_most, within
from kyphometer.sessions.judged_line import JudgedLine, named, together
from kyphometer.stats.distributions import t_quantile
from kyphometer.stats.estimate import Estimate, Result
from kyphometer.stats.options import StatisticsOptions
from kyphometer.stats.proportions import clustered_rate

Array = NDArray[np.float64]

LEAST_FILMS = 12
"""Fewer films show nothing about a slope."""
REPLICATES = 1000
SEED = 20_000
STATED = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationMargins(Result):
    """What must be kept for help to be valid; fixed before anything is read.

    Attributes
    ----------
    bias
        Mean of reading with help less without, on both sides, degrees.
    error_sd
        SD of a single helped reading about what observers agree on, degrees.
    shrinkage
        How far the slope of helped readings on the truth may lie from 1, on both sides.
    coverage
        Least part of the helped readings whose stated 95 % interval holds what the other
        observers read without help.
    """

    bias: float = 1.0
    error_sd: float = 2.0
    shrinkage: float = 0.10
    coverage: float = 0.80

    def __post_init__(self) -> None:
        for name in ("bias", "error_sd", "shrinkage"):
            if not getattr(self, name) > 0.0:
                raise ParameterRangeError("margin_positive", name=name, value=getattr(self, name))
        if not 0.0 < self.coverage < 1.0:
            raise ParameterRangeError("margin_coverage", value=self.coverage)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedReadings:
    """One angle of every film, without and with help.

    Attributes
    ----------
    code
        Which angle.
    observers
        Codes, in the order of the columns.
    patients
        Of each film; films of one patient are drawn together.
    alone, helped
        Degrees, shape (films, observers), NaN where a reading lacks.
    stated_sd
        Stated standard uncertainty of the helped readings, same shape; NaN where none is stated.
    seconds_alone, seconds_helped
        Time at the film, same shape; NaN where unknown.
    """

    code: str
    observers: tuple[str, ...]
    patients: tuple[str, ...]
    alone: Array
    helped: Array
    stated_sd: Array
    seconds_alone: Array
    seconds_helped: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation(Result):
    """The judgement of help from the image on these films."""

    margins: ValidationMargins
    films: int
    lines: tuple[JudgedLine, ...]
    verdict: Verdict

    @property
    def words(self) -> str:
        """The verdict as a sentence."""
        if self.verdict is Verdict.SHOWN:
            return "VALID HERE: every confidence interval keeps its margin."
        if broken := named(self.lines, Verdict.REFUTED):
            return f"NOT VALID HERE: the whole confidence interval breaks the margin of {broken}."
        left = named(self.lines, Verdict.NOT_SHOWN)
        return f"NOT SHOWN: intervals reach beyond the margin of {left}; read more films."


def validate_help(
    readings: tuple[PairedReadings, ...], margins: ValidationMargins | None = None
) -> Validation:
    """Judge help from the image.

    Parameters
    ----------
    readings
        One entry an angle; films that an observer read only one way are left out for him.

    Raises
    ------
    TooFewDataError
        If fewer than 12 films of an angle were read both ways by two observers.
    """
    margins = margins or ValidationMargins()
    lines: list[JudgedLine] = []
    films = 0
    for found in readings:
        whole = _complete(found)
        films = max(films, len(whole.patients))
        lines += _lines(whole, margins)
    return Validation(margins=margins, films=films, lines=tuple(lines), verdict=together(lines))


def looks_line(code: str, sd_by_patient: Mapping[str, Sequence[float]]) -> JudgedLine | None:
    """How far the helped angle moves with the look of a film, for information; None if unknown.

    Parameters
    ----------
    code
        Which angle.
    sd_by_patient
        SD over looks of one film, degrees, of every film of each patient; NaN where unknown.
    """
    squares = [
        float(np.mean(np.square(known)))
        for sds in sd_by_patient.values()
        if (known := [sd for sd in sds if math.isfinite(sd)])
    ]
    if len(squares) < 2:
        return None
    mean = mean_estimate("SD over looks of one film", np.array(squares), 0.95, "deg")
    quantity = Estimate(
        name=mean.name,
        value=math.sqrt(mean.value),
        low=math.sqrt(max(mean.low or 0.0, 0.0)),
        high=math.sqrt(max(mean.high or 0.0, 0.0)),
        unit="deg",
        method="root of the mean variance, Student t by patient",
    )
    return JudgedLine(code=code, quantity=quantity)


def _complete(found: PairedReadings) -> PairedReadings:
    """The films that every observer read both ways."""
    keep = np.asarray(np.isfinite(found.alone + found.helped).all(axis=1))
    if found.alone.shape[1] < 2:
        raise TooFewDataError("validation_two", count=str(found.alone.shape[1]))
    if keep.sum() < LEAST_FILMS:
        raise TooFewDataError(
            "validation_least", code=found.code, least_films=LEAST_FILMS, count=str(int(keep.sum()))
        )
    return PairedReadings(
        code=found.code,
        observers=found.observers,
        patients=tuple(p for p, kept in zip(found.patients, keep, strict=True) if kept),
        alone=found.alone[keep],
        helped=found.helped[keep],
        stated_sd=found.stated_sd[keep],
        seconds_alone=found.seconds_alone[keep],
        seconds_helped=found.seconds_helped[keep],
    )


def _lines(found: PairedReadings, margins: ValidationMargins) -> list[JudgedLine]:
    groups = _groups(found.patients)
    difference = (found.helped - found.alone).mean(axis=1)
    by_patient = np.array([difference[rows].mean() for rows in groups])
    bias = mean_estimate("bias of help", by_patient, 0.95, "deg")
    error, slope, alone = _agreed(found, groups)
    lines = [
        JudgedLine(
            code=found.code, quantity=bias, limit=margins.bias, verdict=within(bias, margins.bias)
        ),
        JudgedLine(
            code=found.code, quantity=error, limit=margins.error_sd,
            verdict=at_most(error, margins.error_sd),
        ),
        JudgedLine(
            code=found.code, quantity=slope, limit=margins.shrinkage,
            verdict=within(slope, margins.shrinkage),
        ),
        _coverage(found, groups, alone.value, margins.coverage),
        JudgedLine(code=found.code, quantity=alone),
    ]  # fmt: skip
    time = _time_ratio(found, groups)
    return lines if time is None else [*lines, JudgedLine(code=found.code, quantity=time)]


def _groups(patients: tuple[str, ...]) -> list[NDArray[np.int_]]:
    names = np.array(patients)
    return [np.flatnonzero(names == name) for name in dict.fromkeys(patients)]


def _agreed(
    found: PairedReadings, groups: list[NDArray[np.int_]]
) -> tuple[Estimate, Estimate, Estimate]:
    """Error SD of helped readings, their slope on the truth less 1, error SD without help."""
    rng = np.random.default_rng(SEED)
    observed = _moments(found.alone, found.helped)
    drawn = []
    for _ in range(REPLICATES):
        rows = np.concatenate([groups[g] for g in rng.integers(0, len(groups), len(groups))])
        drawn.append(_moments(found.alone[rows], found.helped[rows]))
    names = ("error SD with help", "slope with help on the truth, less 1", "error SD without help")
    units = ("deg", "", "deg")
    samples = np.array(drawn)
    made = [
        _bootstrapped(name, observed[i], samples[:, i], len(groups), unit, floor=unit == "deg")
        for i, (name, unit) in enumerate(zip(names, units, strict=True))
    ]
    return made[0], made[1], made[2]


def _moments(alone: Array, helped: Array) -> tuple[float, float, float]:
    """See `_agreed`; from variances of differences and covariances between observers."""
    observers = alone.shape[1]
    pairs = [(j, k) for j in range(observers) for k in range(observers) if j != k]
    own = float(np.mean([np.var(alone[:, j] - alone[:, k], ddof=1) for j, k in pairs])) / 2
    cross = float(np.mean([np.var(helped[:, j] - alone[:, k], ddof=1) for j, k in pairs]))
    shared = float(np.mean([np.cov(alone[:, j], alone[:, k])[0, 1] for j, k in pairs]))
    kept = float(np.mean([np.cov(helped[:, j], alone[:, k])[0, 1] for j, k in pairs]))
    slope = kept / shared - 1.0 if shared > 0 else math.nan
    return math.sqrt(max(cross - own, 0.0)), slope, math.sqrt(own)


def _bootstrapped(
    name: str, value: float, drawn: Array, groups: int, unit: str, *, floor: bool
) -> Estimate:
    """Percentile interval, widened for few groups as a t interval is against a normal one."""
    method = "cluster bootstrap by patient, percentiles widened for few"
    usable = drawn[np.isfinite(drawn)]
    if not math.isfinite(value) or len(usable) < 0.95 * len(drawn):
        return Estimate(name=name, value=value, unit=unit, method="readings share no variation")
    wide = t_quantile(0.975, groups - 1) / STATED * math.sqrt(groups / (groups - 1))
    low, high = (value + wide * (q - value) for q in np.quantile(usable, [0.025, 0.975]))
    if floor:
        low = max(low, 0.0)
        high *= (groups / (groups - 1)) ** 1.5
    return Estimate(
        name=name, value=value, low=float(min(low, value)), high=float(max(high, value)),
        unit=unit, method=method,
    )  # fmt: skip


def _coverage(
    found: PairedReadings, groups: list[NDArray[np.int_]], alone_sd: float, margin: float
) -> JudgedLine:
    """Whether stated intervals hold what the others read alone, whose own error is allowed for."""
    observers = found.alone.shape[1]
    total = found.alone.sum(axis=1, keepdims=True)
    others = (total - found.alone) / (observers - 1)
    allowed = STATED * np.sqrt(found.stated_sd**2 + alone_sd**2 / (observers - 1))
    stated = np.isfinite(found.stated_sd)
    held = stated & (np.abs(found.helped - others) <= allowed)
    rate = clustered_rate(
        [int(held[rows].sum()) for rows in groups],
        [int(stated[rows].sum()) for rows in groups],
        StatisticsOptions(),
    )
    quantity = Estimate(
        name="part covered by stated 95 % intervals",
        value=math.nan if rate.rate is None else rate.rate,
        low=rate.low,
        high=rate.high,
        method=rate.method,
    )
    return JudgedLine(
        code=found.code, quantity=quantity, limit=margin, verdict=at_least(quantity, margin)
    )


def _time_ratio(found: PairedReadings, groups: list[NDArray[np.int_]]) -> Estimate | None:
    """Time with help over time without, geometric mean; None if times are not known."""
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(found.seconds_helped / found.seconds_alone)
    means = [logs[rows][np.isfinite(logs[rows])].mean() for rows in groups
             if np.isfinite(logs[rows]).any()]  # fmt: skip
    if len(means) < 2:
        return None
    plain = mean_estimate("time with help over time without", np.array(means), 0.95, "")
    assert plain.low is not None
    assert plain.high is not None
    return Estimate(
        name=plain.name,
        value=math.exp(plain.value),
        low=math.exp(plain.low),
        high=math.exp(plain.high),
        method="Student t of logarithms, by patient",
    )
