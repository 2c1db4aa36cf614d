"""Live results: from the marks so far to what the page shows. Computes nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kyphometer.errors import FacingError
from kyphometer.geometry import Facing, PixelGeometry
from kyphometer.measure import Measurement, Refusal, measure_reading
from kyphometer.reading import Reading
from kyphometer.reading.checks import check_reading
from kyphometer.reading.findings import Finding, FindingCode, Severity
from kyphometer.web.reader.answer import Answer
from kyphometer.web.reader.needs import needed_endplates


def measure_answer(
    reading: Reading,
    geometry: PixelGeometry,
    header_facing: Facing | None,
    corner_sd_mm: float,
    *,
    changes: Callable[[Sequence[Measurement]], list[Answer] | None] = lambda _: None,
) -> Answer:
    """Facing, measurements, what is wrong and what is missing, as the page gets them.

    `changes` tells what changed since the film before.
    """
    facing = reading.facing or header_facing
    answer: Answer = {
        "facing": None if facing is None else str(facing),
        "measurements": [],
        "findings": [],
        "missing": [],
        "warnings": [],
        "change": None,
    }
    if not reading.vertebrae:
        answer["findings"] = [finding_view(item) for item in check_reading(reading, geometry)]
        return answer
    try:
        measured = measure_reading(
            reading,
            geometry,
            corner_sd_mm=corner_sd_mm,
            header_facing=header_facing,
            strict=False,
        )
    except FacingError as error:
        found = check_reading(reading, geometry)
        answer["findings"] = [_facing_view(str(error)), *map(finding_view, found)]
        return answer
    answer["facing"] = str(measured.facing)
    answer["findings"] = [finding_view(item) for item in measured.findings]
    answer["measurements"] = [measurement_view(item) for item in measured.measurements]
    answer["missing"] = [missing_view(reading, item) for item in measured.refused]
    answer["warnings"] = list(measured.warnings)
    answer["change"] = changes(measured.measurements)
    return answer


def measurement_view(item: Measurement) -> Answer:
    """A measurement with its 95 % interval and its lines on the film (posterior end first)."""
    document = item.to_dict()
    document["interval95"] = document.pop("interval_95")
    document["lines"] = [[list(point) for point in line] for line in item.lines]
    return document


def finding_view(item: Finding) -> Answer:
    """Something impossible or improbable about the marks."""
    return {
        "code": str(item.code),
        "severity": str(item.severity),
        "where": item.where,
        "message": item.message,
        "remedy": item.remedy,
        "sentence": str(item),
        "levels": [level.value for level in item.levels],
        "corners": [
            {"level": level.value, "endplate": str(side), "corner": name}
            for level, side, name in item.corners
        ],
    }


def _facing_view(sentence: str) -> Answer:
    return {
        "code": str(FindingCode.FACING),
        "severity": str(Severity.ERROR),
        "where": "facing",
        "message": sentence,
        "remedy": "",
        "sentence": sentence,
        "levels": [],
        "corners": [],
    }


def missing_view(reading: Reading, item: Refusal) -> Answer:
    """A measurement that cannot be given yet, why, and the endplates that it still needs."""
    return {
        "code": item.code,
        "label": item.label,
        "reason": item.reason,
        "needs": needed_endplates(reading, item.code),
    }
