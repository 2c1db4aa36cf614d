"""Correction and loss of one patient and angle, judged against measurement error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kyphometer.followup.precision import MeasurementPrecision
from kyphometer.followup.remarks import Remark
from kyphometer.followup.visit_angles import Source, VisitAngle
from kyphometer.stats.tabular import Row, Tabular


class Verdict(StrEnum):
    """Whether a change is beyond measurement error."""

    IMPROVED = "improved"
    UNCHANGED = "unchanged within error"
    WORSE = "worse"
    NOT_JUDGED = "not judged"


class ChangeKind(StrEnum):
    """What is compared with what."""

    CORRECTION = "correction"
    """Baseline minus later visit: positive if kyphosis became less."""
    LOSS = "loss"
    """Later visit minus discharge: positive if kyphosis came back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Change of one angle between two visits (science.md#change).

    Attributes
    ----------
    kind
        Correction or loss; decides the sign of `amount_deg`.
    earlier, later
        The two angles.
    amount_deg
        Correction: earlier - later. Loss: later - earlier. None if the change may not be stated
        (see `reasons`).
    percent
        Correction: 100 x amount / baseline. Loss: 100 x amount / initial correction. None where the
        denominator is not beyond its own error (`percent_reason` says so).
    percent_reason
        Why there is no percentage, or empty.
    standard_uncertainty_deg
        Of the amount; None if unknown.
    uncertainty_source
        How it was found: `independent readings`, `marks carried over` (see `followup.carried`), or
        the caller's words for another correlated one; empty if there is none.
    beyond_uncertainty
        True if |amount| exceeds 1.96 standard uncertainties; None without uncertainty. It knows the
        marks of these two films only, the verdict knows readers.
    precision
        The SEM and MDC95 that the verdict rests on; None if there is none.
    verdict
        Improved, unchanged within error, worse, or not judged.
    eligible
        True if the change enters the statistics of the cohort.
    reasons
        Why it is not eligible or not judged, and what must be known about it.
    """

    kind: ChangeKind
    earlier: VisitAngle
    later: VisitAngle
    amount_deg: float | None
    percent: float | None
    percent_reason: str
    standard_uncertainty_deg: float | None
    uncertainty_source: str
    beyond_uncertainty: bool | None
    precision: MeasurementPrecision | None
    verdict: Verdict
    eligible: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientCorrection:
    """Everything about one endplate pair of one patient.

    Attributes
    ----------
    patient, code, upper, lower
        Whose and what.
    angles
        Values by visit, in order of time.
    corrections
        Each visit after the baseline against the baseline.
    losses
        Each visit after the reference (discharge) against it.
    remarks
        Why corrections or losses are missing.
    """

    patient: str
    code: str
    upper: str
    lower: str
    angles: tuple[VisitAngle, ...]
    corrections: tuple[Change, ...]
    losses: tuple[Change, ...]
    remarks: tuple[Remark, ...] = ()

    @property
    def label(self) -> str:
        """Code with its pair, for example `RKA (T12 sup - L2 inf)`."""
        return f"{self.code} ({_short(self.upper)} - {_short(self.lower)})"

    def angle(self, visit: str) -> VisitAngle | None:
        """The angle at a visit, or None."""
        return next((angle for angle in self.angles if angle.visit == visit), None)

    def correction(self, visit: str) -> Change | None:
        """The correction at a visit, or None."""
        return next((change for change in self.corrections if change.later.visit == visit), None)

    def loss(self, visit: str) -> Change | None:
        """The loss at a visit, or None."""
        return next((change for change in self.losses if change.later.visit == visit), None)


def _short(line: str) -> str:
    level, _, part = line.partition(".")
    return f"{level} {part.replace('superior', 'sup').replace('inferior', 'inf').replace('_', ' ')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortCorrections(Tabular):
    """Corrections of all patients.

    Attributes
    ----------
    patients
        One a patient, code and endplate pair.
    remarks
        Refusals (other levels, duplicate readings) and what the patients' own remarks say.
    visits
        Names of the visits in order of time.
    uncertainty_scales
        What standard uncertainties from marks were multiplied by, by code, so that they agree with
        the study's own repeats; codes without repeats are left out.
    """

    patients: tuple[PatientCorrection, ...]
    remarks: tuple[Remark, ...]
    visits: tuple[str, ...]
    uncertainty_scales: Mapping[str, float] = field(default_factory=dict)

    def of_code(self, code: str) -> tuple[PatientCorrection, ...]:
        """All with one code."""
        return tuple(item for item in self.patients if item.code == code)

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes present, in order of appearance."""
        return tuple(dict.fromkeys(item.code for item in self.patients))

    @property
    def elsewhere(self) -> str:
        """A sentence that says how many of the values were measured elsewhere; empty if none."""
        angles = [angle for item in self.patients for angle in item.angles]
        count = sum(angle.source is Source.ELSEWHERE for angle in angles)
        if not count:
            return ""
        many = f"{count} of the {len(angles)}" if count < len(angles) else f"All {count}"
        return f"{many} values were measured elsewhere, not on films of this study."

    def rows(self) -> list[Row]:
        """One row a patient, pair and visit."""
        return [row for item in self.patients for row in _rows(item)]


def _rows(item: PatientCorrection) -> list[Row]:
    label = item.label
    corrections = {change.later.visit: change for change in item.corrections}
    losses = {change.later.visit: change for change in item.losses}
    return [
        _angle_cells(label, angle)
        | _change_cells("correction", corrections.get(angle.visit))
        | _change_cells("loss", losses.get(angle.visit))
        for angle in item.angles
    ]


def _angle_cells(label: str, angle: VisitAngle) -> Row:
    return {
        "patient": angle.patient,
        "code": angle.code,
        "label": label,
        "upper": angle.upper,
        "lower": angle.lower,
        "visit": angle.visit,
        "day": angle.day,
        "position": angle.position.value,
        "within_tolerance": angle.within_tolerance,
        "observers": " ".join(angle.observers),
        "readings": angle.readings,
        "source": angle.source.value,
        "value_deg": angle.value_deg,
        "standard_uncertainty_deg": angle.standard_uncertainty_deg,
    }


def _change_cells(name: str, change: Change | None) -> Row:
    precision = change.precision if change else None
    return {
        f"{name}_deg": change.amount_deg if change else None,
        f"{name}_percent": change.percent if change else None,
        f"{name}_standard_uncertainty_deg": change.standard_uncertainty_deg if change else None,
        f"{name}_uncertainty_source": change.uncertainty_source if change else "",
        f"{name}_beyond_uncertainty": change.beyond_uncertainty if change else None,
        f"{name}_mdc95_deg": precision.minimal_detectable_change_95_deg if precision else None,
        f"{name}_mdc95_source": precision.source.value if precision else None,
        f"{name}_verdict": change.verdict.value if change else None,
        f"{name}_reasons": "; ".join(change.reasons) if change else "",
    }
