"""What a study has agreed on beforehand: visits, stated precision, rules of reading."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from kyphometer.anatomy import Level
from kyphometer.errors import StudyRefusedError
from kyphometer.reading import CornerRule

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitWindow:
    """Days after surgery (day 0) in which a film belongs to a visit (SCIENCE 4).

    Attributes
    ----------
    target_day
        Planned day; None where the nearest to surgery is wanted (before it, or first after it).
    first_day, last_day
        The primary window, both days included.
    """

    name: str
    target_day: int | None = None
    first_day: int
    last_day: int

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise StudyRefusedError("A visit has no name", "name it, for example '6 months'")
        if self.first_day > self.last_day:
            raise StudyRefusedError(
                f"The window of visit '{self.name}' ends before it begins",
                "give its first day first",
            )


DEFAULT_VISITS = (
    VisitWindow(name="pre-op", first_day=-14, last_day=-1),
    VisitWindow(name="discharge", first_day=1, last_day=14),
    VisitWindow(name="1 month", target_day=30, first_day=23, last_day=37),
    VisitWindow(name="6 months", target_day=182, first_day=152, last_day=212),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySettings:
    """Settings of a study.

    Attributes
    ----------
    visits
        The visits with their windows.
    stated_standard_error_deg
        Standard error of measurement by measurement code, stated beforehand; used where the study
        has no repeat readings of its own.
    corner_rule
        Which point of the rim observers are asked to mark.
    corner_sd_mm
        Stated SD of a hand-marked corner along each axis, or None for the program's default.
    levels
        Fractured levels by patient code, agreed beforehand (the level map); empty if left to the
        observers.
    """

    visits: tuple[VisitWindow, ...] = DEFAULT_VISITS
    stated_standard_error_deg: Mapping[str, float] = field(default_factory=dict)
    corner_rule: CornerRule = CornerRule.RIM_CHORD
    corner_sd_mm: float | None = None
    levels: Mapping[str, tuple[Level, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [visit.name for visit in self.visits]
        if len(set(names)) != len(names):
            raise StudyRefusedError("Two visits have the same name", "name each visit once")
        stated = dict(self.stated_standard_error_deg)
        if self.corner_sd_mm is not None:
            stated["corner SD"] = self.corner_sd_mm
        for name, value in stated.items():
            if not (math.isfinite(value) and value > 0):
                raise StudyRefusedError(
                    f"The stated precision of {name} is {value}", "state a positive number"
                )


def settings_to_json(settings: StudySettings) -> str:
    """Settings as JSON text; inverse of `settings_from_json`."""
    document = asdict(settings)
    document["levels"] = {
        patient: [level.value for level in levels] for patient, levels in settings.levels.items()
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True)


def settings_from_json(text: str) -> StudySettings:
    """Settings from JSON text.

    Raises
    ------
    StudyRefusedError
        If a setting is unknown or impossible.
    """
    try:
        document: dict[str, Any] = dict(json.loads(text))
        unknown = document.keys() - {item.name for item in fields(StudySettings)}
        if unknown:
            names = ", ".join(sorted(unknown))
            raise StudyRefusedError(f"The study has no setting {names}", "check the spelling")
        if "visits" in document:
            document["visits"] = tuple(VisitWindow(**visit) for visit in document["visits"])
        if "corner_rule" in document:
            document["corner_rule"] = CornerRule(document["corner_rule"])
        document["levels"] = {
            patient: tuple(map(Level.parse, levels))
            for patient, levels in document.get("levels", {}).items()
        }
        return StudySettings(**document)
    except (TypeError, ValueError, AttributeError) as error:
        raise StudyRefusedError(
            f"The settings of the study cannot be used ({error})", "correct the settings"
        ) from None
