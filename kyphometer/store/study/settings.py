"""What a study has agreed on beforehand: visits, stated precision, rules of reading."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from kyphometer.anatomy import Level
from kyphometer.errors import StudyRefusedError, UnusableDataError
from kyphometer.film import Position
from kyphometer.followup.cohort.arm_rules import IMPORTANT_CHANGE, LOSS_LIMIT_DEG, ArmRules
from kyphometer.followup.positions import STRICT_POSITIONS, PositionPolicy
from kyphometer.followup.windows import DEFAULT_WINDOWS, VisitWindows
from kyphometer.reading import CornerRule
from kyphometer.store.database.merge import Change, merge


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
    positions
        Which changes may be stated although positions differ or are unknown.
    stated_position
        How patients were held on films whose header does not say, by the study's protocol; None if
        nobody knows.
    reference_arm, important_change, loss_limit_deg, covariates
        Those of `ArmRules`, for studies with treatment groups.
    use_consensus
        Where a film has a consensus of several readings, use that alone.
    """

    visits: VisitWindows = DEFAULT_WINDOWS
    stated_standard_error_deg: Mapping[str, float] = field(default_factory=dict)
    corner_rule: CornerRule = CornerRule.RIM_CHORD
    corner_sd_mm: float | None = None
    levels: Mapping[str, tuple[Level, ...]] = field(default_factory=dict)
    positions: PositionPolicy = STRICT_POSITIONS
    stated_position: Position | None = None
    reference_arm: str = ""
    important_change: Mapping[str, float] = field(default_factory=lambda: IMPORTANT_CHANGE)
    loss_limit_deg: float = LOSS_LIMIT_DEG
    covariates: tuple[str, ...] = ()
    use_consensus: bool = True

    @property
    def arm_rules(self) -> ArmRules:
        """What a comparison of treatment groups rests on."""
        return ArmRules(
            reference=self.reference_arm,
            important_change=self.important_change,
            loss_limit_deg=self.loss_limit_deg,
            covariates=self.covariates,
        )

    def __post_init__(self) -> None:
        try:
            _ = self.arm_rules
        except UnusableDataError as error:
            raise StudyRefusedError("settings_refused", reason=str(error).rstrip(".")) from None
        stated = dict(self.stated_standard_error_deg)
        if self.corner_sd_mm is not None:
            stated["corner SD"] = self.corner_sd_mm
        for name, value in stated.items():
            if not (math.isfinite(value) and value > 0):
                raise StudyRefusedError("stated_precision", name=name, value=value)


def settings_to_json(settings: StudySettings) -> str:
    """Settings as JSON text; inverse of `settings_from_json`."""
    document = {
        "visits": settings.visits.to_dict(),
        "stated_standard_error_deg": dict(settings.stated_standard_error_deg),
        "corner_rule": settings.corner_rule.value,
        "corner_sd_mm": settings.corner_sd_mm,
        "levels": {
            patient: [level.value for level in levels]
            for patient, levels in settings.levels.items()
        },
        "positions": {
            "allow_unknown": settings.positions.allow_unknown,
            "allow_mixed": settings.positions.allow_mixed,
        },
        "stated_position": None
        if settings.stated_position is None
        else settings.stated_position.value,
        "reference_arm": settings.reference_arm,
        "important_change": dict(settings.important_change),
        "loss_limit_deg": settings.loss_limit_deg,
        "covariates": list(settings.covariates),
        "use_consensus": settings.use_consensus,
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True)


def settings_from_json(text: str) -> StudySettings:
    """Settings from JSON text; what is not in it keeps its default.

    Raises
    ------
    StudyRefusedError
        If a setting is unknown or impossible.
    VisitWindowError
        If the visit windows are.
    """
    try:
        document: dict[str, Any] = dict(json.loads(text))
        unknown = document.keys() - {item.name for item in fields(StudySettings)}
        if unknown:
            names = ", ".join(sorted(unknown))
            raise StudyRefusedError("no_such_setting", names=names)
        if "visits" in document:
            document["visits"] = VisitWindows.from_dict(document["visits"])
        if "corner_rule" in document:
            document["corner_rule"] = CornerRule(document["corner_rule"])
        document["levels"] = {
            patient: tuple(map(Level.parse, levels))
            for patient, levels in document.get("levels", {}).items()
        }
        stated = document.get("stated_standard_error_deg", {})
        if not isinstance(stated, dict):
            raise TypeError(f"stated_standard_error_deg is {stated!r}, not degrees by angle")
        if "positions" in document:
            document["positions"] = PositionPolicy(**document["positions"])
        if document.get("stated_position") is not None:
            document["stated_position"] = Position(document["stated_position"])
        if not isinstance(document.get("important_change", {}), dict):
            raise TypeError("important_change is not a limit by score")
        document["covariates"] = tuple(document.get("covariates", ()))
        if not isinstance(document.get("use_consensus", True), bool):
            raise TypeError("use_consensus is neither true nor false")
        return StudySettings(**document)
    except (TypeError, ValueError, AttributeError) as error:
        raise StudyRefusedError("settings_unusable", reason=error) from None


def merged_settings(known: StudySettings, text: str) -> tuple[StudySettings, tuple[Change, ...]]:
    """Known settings with those of a file: what the file leaves out stays, key by key.

    Returns
    -------
    merged, different
        The settings, and those that were set before (to other than the default) and differ.

    Raises
    ------
    StudyRefusedError, VisitWindowError
        If a setting of the file is unknown or impossible.
    """
    try:
        given = _facts(json.loads(text))
    except (TypeError, ValueError, AttributeError) as error:
        raise StudyRefusedError("settings_unusable", reason=error) from None
    now = _facts(json.loads(settings_to_json(known)))
    plain = _facts(json.loads(settings_to_json(StudySettings())))
    stated = {fact: value for fact, value in now.items() if value != plain.get(fact)}
    found = merge("settings", stated, given)
    merged = settings_from_json(json.dumps(_document({**now, **given})))
    return merged, (*found.different, *found.emptied)


_BY_KEY: Final = (
    "stated_standard_error_deg", "levels", "positions", "important_change",
)  # fmt: skip
"""Settings that hold one value a key, each a fact of its own."""


def _facts(document: Mapping[str, Any]) -> dict[str, Any]:
    """Settings one by one; a standard error, a patient's levels and a policy apart."""
    facts = {name: value for name, value in document.items() if name not in _BY_KEY}
    for name in _BY_KEY:
        facts |= {f"{name} {key}": value for key, value in document.get(name, {}).items()}
    return facts


def _document(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The settings' document from its facts; a key without a value is left out."""
    document: dict[str, Any] = {name: {} for name in _BY_KEY}
    for fact, value in facts.items():
        name, _, key = fact.partition(" ")
        if name not in _BY_KEY:
            document[fact] = value
        elif value is not None:
            document[name][key] = value
    return document
