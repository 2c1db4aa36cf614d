"""Correction, loss of correction, and whether they are beyond measurement error."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from kyphometer.errors import DifferentLevelsError, DuplicateReadingError, UnusableDataError
from kyphometer.followup.correction_model import (
    Change,
    ChangeKind,
    CohortCorrections,
    PatientCorrection,
    Verdict,
)
from kyphometer.followup.positions import STRICT_POSITIONS, PositionPolicy
from kyphometer.followup.precision import MeasurementPrecision, repeat_scale
from kyphometer.followup.remarks import Remark, RemarkKind
from kyphometer.followup.visit_angles import VisitAngle, series_by_pair
from kyphometer.followup.windows import DEFAULT_WINDOWS, VisitWindows
from kyphometer.measure.model import Z95

ChangeKey = tuple[str, str, str, str, str, str]

INDEPENDENT = "independent readings"
"""Source of an uncertainty that takes both readings as made apart from each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeUncertainty:
    """Uncertainty of a change that uses the correlation of its two readings (carry-over).

    Attributes
    ----------
    patient, code, upper, lower, earlier, later
        Which change of which endplate pair; `earlier` and `later` are visits.
    standard_uncertainty_deg
        Standard uncertainty of the change, in degrees.
    source
        How it was found, for reports.
    """

    patient: str
    code: str
    upper: str
    lower: str
    earlier: str
    later: str
    standard_uncertainty_deg: float
    source: str

    @property
    def key(self) -> ChangeKey:
        """What `CorrectionRules.change_uncertainties` is looked up by."""
        return (self.patient, self.code, self.upper, self.lower, self.earlier, self.later)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionRules:
    """How changes are judged.

    Attributes
    ----------
    precision
        SEM and MDC95 by code; a code without one is not judged.
    windows
        Visits in order, baseline and reference.
    positions
        Which changes between positions may be stated.
    change_uncertainties
        Correlated uncertainties of changes, where known, by their `key`; see `followup.carried`.
    """

    precision: Mapping[str, MeasurementPrecision] = field(
        default_factory=lambda: MappingProxyType({})
    )
    windows: VisitWindows = DEFAULT_WINDOWS
    positions: PositionPolicy = STRICT_POSITIONS
    change_uncertainties: Mapping[ChangeKey, ChangeUncertainty] = field(
        default_factory=lambda: MappingProxyType({})
    )


def correct_cohort(angles: Iterable[VisitAngle], rules: CorrectionRules) -> CohortCorrections:
    """Corrections and losses of all patients and angles; refusals are listed and the rest goes on.

    Parameters
    ----------
    angles
        One a patient, visit, code and endplate pair; means of readings only if the caller made
        them with `mean_of_readings`.
    rules
        How to judge.
    """
    angles, scales = _scaled(list(angles), rules)
    groups: dict[tuple[str, str], list[VisitAngle]] = defaultdict(list)
    for angle in angles:
        groups[angle.patient, angle.code].append(angle)
    done: list[PatientCorrection] = []
    remarks: list[Remark] = []
    for (patient, code), group in groups.items():
        try:
            done.extend(correct_patient(group, rules))
        except (DifferentLevelsError, DuplicateReadingError, UnusableDataError) as error:
            remarks.append(
                Remark(kind=RemarkKind.REFUSED, patient=patient, code=code, sentence=str(error))
            )
    return CohortCorrections(
        patients=tuple(done),
        remarks=(*remarks, *(remark for item in done for remark in item.remarks)),
        visits=rules.windows.visits,
        uncertainty_scales=scales,
    )


def _scaled(
    angles: Sequence[VisitAngle], rules: CorrectionRules
) -> tuple[list[VisitAngle], dict[str, float]]:
    """Angles whose uncertainties agree with the study's repeats, and the factors by code."""
    scales: dict[str, float] = {}
    for code, precision in rules.precision.items():
        own = [(a.standard_uncertainty_deg, a.readings) for a in angles if a.code == code]
        scale = repeat_scale(code, own, precision)
        if scale != 1.0:
            scales[code] = scale
    return [
        replace(angle, standard_uncertainty_deg=known * scales[angle.code])
        if (known := angle.standard_uncertainty_deg) is not None and angle.code in scales
        else angle
        for angle in angles
    ], scales


def correct_patient(
    angles: Sequence[VisitAngle], rules: CorrectionRules
) -> tuple[PatientCorrection, ...]:
    """Corrections and losses of one patient and one code, one result an endplate pair.

    Raises
    ------
    DifferentLevelsError
        If visits were measured between different endplates.
    DuplicateReadingError
        If a visit has two readings of one pair.
    UnusableDataError
        If an angle is not finite or belongs to an unknown visit.
    """
    visits = rules.windows.visits
    for angle in angles:
        if not math.isfinite(angle.value_deg) or angle.visit not in visits:
            raise UnusableDataError(
                "angle_at_other_visit",
                code=angle.code,
                patient=angle.patient,
                visit=angle.visit,
                value_deg=angle.value_deg,
                names=", ".join(visits),
            )
    return tuple(_correct_series(series, rules) for series in series_by_pair(angles, visits))


def judge_change(earlier: VisitAngle, later: VisitAngle, rules: CorrectionRules) -> Change:
    """Correction from one film of a patient to a later one, whatever their visits.

    Raises
    ------
    DifferentLevelsError
        If they are not the same angle between the same endplates.
    """
    if (earlier.code, earlier.pair) != (later.code, later.pair):
        found = ", ".join(f"{angle.code} {angle.upper}-{angle.lower}" for angle in (earlier, later))
        raise DifferentLevelsError(earlier.patient, earlier.code, found)
    reason = "only asked for between visits"
    return _change(ChangeKind.CORRECTION, earlier, later, None, reason, rules)


def _correct_series(series: Sequence[VisitAngle], rules: CorrectionRules) -> PatientCorrection:
    by_visit = {angle.visit: angle for angle in series}
    first = series[0]
    baseline = by_visit.get(rules.windows.baseline)
    reference = by_visit.get(rules.windows.reference)
    corrections = _corrections(series, baseline, rules)
    at_reference = next((c for c in corrections if c.later is reference), None)
    return PatientCorrection(
        patient=first.patient,
        code=first.code,
        upper=first.upper,
        lower=first.lower,
        angles=tuple(series),
        corrections=corrections,
        losses=_losses(series, reference, at_reference, rules),
        remarks=_missing(first, baseline, reference, rules),
    )


def _after(series: Sequence[VisitAngle], start: VisitAngle) -> Sequence[VisitAngle]:
    return series[list(series).index(start) + 1 :]


def _corrections(
    series: Sequence[VisitAngle], baseline: VisitAngle | None, rules: CorrectionRules
) -> tuple[Change, ...]:
    if baseline is None:
        return ()
    precision = rules.precision.get(baseline.code)
    reason = ""
    if precision is None:
        reason = "no measurement error is known that the baseline could be compared with"
    elif baseline.value_deg <= precision.minimal_detectable_change_95_deg:
        reason = "the baseline angle is not beyond its MDC95"
    return tuple(
        _change(ChangeKind.CORRECTION, baseline, later, baseline.value_deg, reason, rules)
        for later in _after(series, baseline)
    )


def _losses(
    series: Sequence[VisitAngle],
    reference: VisitAngle | None,
    correction: Change | None,
    rules: CorrectionRules,
) -> tuple[Change, ...]:
    if reference is None:
        return ()
    gained = correction.amount_deg if correction is not None else None
    reason = ""
    if correction is None or gained is None:
        reason = "there is no initial correction to compare with"
    elif correction.precision is None:
        reason = "no measurement error is known that the initial correction could be compared with"
    elif gained <= correction.precision.minimal_detectable_change_95_deg:
        reason = "the initial correction is not beyond its MDC95"
    return tuple(
        _change(ChangeKind.LOSS, reference, later, gained, reason, rules)
        for later in _after(series, reference)
    )


def _change(
    kind: ChangeKind,
    earlier: VisitAngle,
    later: VisitAngle,
    whole: float | None,
    percent_reason: str,
    rules: CorrectionRules,
) -> Change:
    judgement = rules.positions.judge(earlier.position, later.position)
    precision, precision_reason = _precision(earlier, later, rules)
    uncertainty, source = _uncertainty(earlier, later, rules)
    sign = 1.0 if kind is ChangeKind.CORRECTION else -1.0
    amount = sign * (earlier.value_deg - later.value_deg) if judgement.eligible else None
    reasons = [judgement.sentence] if judgement.sentence else []
    reasons += [precision_reason] if precision_reason else []
    if not judgement.eligible:
        percent_reason = "the change itself may not be stated"
    stated = amount is not None and not percent_reason and whole is not None
    return Change(
        kind=kind,
        earlier=earlier,
        later=later,
        amount_deg=amount,
        percent=100.0 * amount / whole if stated and amount is not None and whole else None,
        percent_reason=percent_reason,
        standard_uncertainty_deg=uncertainty,
        uncertainty_source=source,
        beyond_uncertainty=None
        if uncertainty is None or amount is None
        else abs(amount) > Z95 * uncertainty,
        precision=precision,
        verdict=_verdict(sign, amount, precision),
        eligible=judgement.eligible,
        reasons=tuple(reasons),
    )


def _precision(
    earlier: VisitAngle, later: VisitAngle, rules: CorrectionRules
) -> tuple[MeasurementPrecision | None, str]:
    """The precision that may judge this change, and what must be said about it."""
    precision = rules.precision.get(earlier.code)
    fewest = min(earlier.readings, later.readings)
    if precision is None:
        return None, f"no SEM of {earlier.code} is known; repeat readings or a stated one give it"
    if precision.readings > fewest:
        return None, (
            f"the SEM of {earlier.code} is that of means of {precision.readings} readings, the "
            f"value is of {fewest}"
        )
    if precision.readings < fewest:
        return precision, "cautious: the MDC95 of fewer readings is applied to means of more"
    return precision, ""


def _verdict(sign: float, amount: float | None, precision: MeasurementPrecision | None) -> Verdict:
    if amount is None or precision is None:
        return Verdict.NOT_JUDGED
    gain = sign * amount
    limit = precision.minimal_detectable_change_95_deg
    if gain > limit:
        return Verdict.IMPROVED
    return Verdict.WORSE if gain < -limit else Verdict.UNCHANGED


def _uncertainty(
    earlier: VisitAngle, later: VisitAngle, rules: CorrectionRules
) -> tuple[float | None, str]:
    key = (earlier.patient, earlier.code, *earlier.pair, earlier.visit, later.visit)
    correlated = rules.change_uncertainties.get(key)
    if correlated is not None:
        return correlated.standard_uncertainty_deg, correlated.source
    a, b = earlier.standard_uncertainty_deg, later.standard_uncertainty_deg
    if a is None or b is None:
        return None, ""
    return math.hypot(a, b), INDEPENDENT


def _missing(
    first: VisitAngle,
    baseline: VisitAngle | None,
    reference: VisitAngle | None,
    rules: CorrectionRules,
) -> tuple[Remark, ...]:
    found = []
    if baseline is None:
        found.append((rules.windows.baseline, "no correction can be computed"))
    if reference is None and rules.windows.reference in rules.windows.filmed:
        found.append((rules.windows.reference, "no loss of correction can be computed"))
    return tuple(
        Remark(
            kind=RemarkKind.EXCLUDED,
            patient=first.patient,
            visit=visit,
            code=first.code,
            sentence=f"Patient {first.patient} has no {first.code} at {visit}: {effect}.",
        )
        for visit, effect in found
    )
