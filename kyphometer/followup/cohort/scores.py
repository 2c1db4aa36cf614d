"""Pain (VAS) and disability (ODI) over visits, from the clinical table."""

from __future__ import annotations

from kyphometer.followup.clinical.record import ClinicalTable
from kyphometer.followup.cohort.endpoints import Columns, EndpointAnalysis, analyse_endpoint
from kyphometer.followup.windows import DEFAULT_WINDOWS, VisitWindows
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions


def analyse_pain(
    table: ClinicalTable,
    windows: VisitWindows = DEFAULT_WINDOWS,
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> EndpointAnalysis | None:
    """VAS over time with all pairwise comparisons; None if nobody has a value."""
    return _analyse(table, "VAS", "points", windows, options)


def analyse_disability(
    table: ClinicalTable,
    windows: VisitWindows = DEFAULT_WINDOWS,
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> EndpointAnalysis | None:
    """ODI over time with all pairwise comparisons; None if nobody has a value."""
    return _analyse(table, "ODI", "%", windows, options)


def _analyse(
    table: ClinicalTable,
    name: str,
    unit: str,
    windows: VisitWindows,
    options: StatisticsOptions,
) -> EndpointAnalysis | None:
    columns: Columns = {
        str(visit): [getattr(record, name.lower()).get(visit) for record in table.records]
        for visit in windows.visits
    }
    return analyse_endpoint(
        name,
        unit,
        [record.patient for record in table.records],
        columns,
        options,
        days_from_target=_days(table, windows),
    )


def _days(table: ClinicalTable, windows: VisitWindows) -> Columns | None:
    """Clinic day minus target day at visits with a target; None if no clinic date is known."""
    if not any(record.clinic_dates for record in table.records):
        return None
    days: Columns = {}
    for window in windows.windows:
        if window.target_day is None:
            continue
        column: list[float | None] = []
        for record in table.records:
            seen = record.clinic_dates.get(window.visit)
            known = seen is not None and record.surgery_date is not None
            column.append(
                float((seen - record.surgery_date).days - window.target_day)  # type: ignore[operator]
                if known
                else None
            )
        days[str(window.visit)] = column
    return days
