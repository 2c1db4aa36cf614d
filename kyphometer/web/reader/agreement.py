"""What was agreed on before reading: precision, levels, and whether the image may help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kyphometer.anatomy import Level
from kyphometer.followup.cohort.arm_rules import LOSS_LIMIT_DEG
from kyphometer.followup.precision import MeasurementPrecision, PrecisionSource
from kyphometer.followup.windows import DEFAULT_WINDOWS, VisitWindows
from kyphometer.measure import DEFAULT_CORNER_SD_MM
from kyphometer.store.study.settings import StudySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What was agreed on before reading.

    Attributes
    ----------
    corner_sd_mm
        SD of a hand-marked corner along each axis, in mm.
    precision
        SEM and MDC95 by measurement code, by which a change is judged; empty if none are known.
    levels
        Fractured levels by patient code.
    fractured_level
        Fractured level offered where `levels` and earlier readings say nothing, or None.
    may_assist
        True if the image may help.
    windows
        The visits: which is before surgery, which the one that loss counts from.
    loss_limit_deg
        A loss of correction of less than this is told as such, however certain it is.
    """

    corner_sd_mm: float = DEFAULT_CORNER_SD_MM
    precision: Mapping[str, MeasurementPrecision] = field(default_factory=dict)
    levels: Mapping[str, tuple[Level, ...]] = field(default_factory=dict)
    fractured_level: Level | None = None
    may_assist: bool = True
    windows: VisitWindows = DEFAULT_WINDOWS
    loss_limit_deg: float = LOSS_LIMIT_DEG


def stated_precision(stated: Mapping[str, float]) -> dict[str, MeasurementPrecision]:
    """Precision from stated standard errors of measurement in degrees, by code."""
    return {
        code: MeasurementPrecision(
            code=code,
            standard_error_of_measurement_deg=value,
            source=PrecisionSource.STATED,
            description="",
        )
        for code, value in stated.items()
    }


def study_agreement(settings: StudySettings, *, may_assist: bool = True) -> Agreement:
    """What a study's settings say."""
    return Agreement(
        corner_sd_mm=settings.corner_sd_mm or DEFAULT_CORNER_SD_MM,
        precision=stated_precision(settings.stated_standard_error_deg),
        levels=settings.levels,
        may_assist=may_assist,
        windows=settings.visits,
        loss_limit_deg=settings.loss_limit_deg,
    )
