"""Facts of a patient's record by name, as the merge rule compares them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from kyphometer.followup.clinical.columns import NO_COMPLICATIONS, PRIVATE_PREFIX
from kyphometer.followup.clinical.record import ClinicalRecord
from kyphometer.followup.elsewhere import ElsewhereAngle

_BY_VISIT = {
    "vas": "vas", "odi": "odi", "ais": "ais", "clinic_dates": "clinic_date", "symptoms": "symptoms",
    "lost": "lost",
}  # fmt: skip
"""Fields of a record that hold a value a visit, with how their columns begin."""


def flat(record: ClinicalRecord) -> dict[str, Any]:
    """Facts of a record by the names of their columns; complications are one fact."""
    facts: dict[str, Any] = {}
    for name, value in record.to_dict().items():
        if name in _BY_VISIT:
            facts |= {f"{_BY_VISIT[name]}_{visit}": one for visit, one in value.items()}
        elif name == "complications" and value == []:
            facts[name] = NO_COMPLICATIONS  # known that there were none, not unknown
        elif name == "own":
            facts |= value
        elif name not in ("format", "version", "patient", "angles"):
            facts[name] = value
    for angle in record.angles:
        facts |= angle.facts()
    return facts


def nested(
    facts: Mapping[str, Any], patient: str, angles: Iterable[ElsewhereAngle] = ()
) -> ClinicalRecord:
    """The record of these facts; inverse of `flat`.

    Parameters
    ----------
    angles
        Angles that the facts may speak of.
    """
    document = ClinicalRecord(patient=patient).to_dict()
    named = {angle.name: angle.with_facts(facts) for angle in angles}
    known = [angle for angle in named.values() if angle.value_deg is not None]
    spoken = {name for angle in named.values() for name in _names(angle)}
    for name, value in facts.items():
        if name not in spoken:
            _put(document, name, value)
    document["angles"] = [angle.to_dict() for angle in known]
    return ClinicalRecord.from_dict(document)


def _put(document: dict[str, Any], name: str, value: Any) -> None:
    parts = [(f, start) for f, start in _BY_VISIT.items() if name.startswith(f"{start}_")]
    if name.startswith(PRIVATE_PREFIX):
        document["own"] |= {} if value is None else {name: value}
    elif value == NO_COMPLICATIONS and name == "complications":
        document[name] = []
    elif not parts:
        document[name] = value if value is not None else document.get(name)
    elif value is not None:
        field, start = parts[0]
        document[field][name.removeprefix(f"{start}_")] = value


def _names(angle: ElsewhereAngle) -> tuple[str, ...]:
    return (angle.name, *(f"{what} of {angle.name}" for what in ("date", "day", "position")))


def facts_of(
    columns: tuple[str, ...] | None, known: Collection[str], record: ClinicalRecord
) -> set[str]:
    """Facts that a table of these columns, with this record, speaks of."""
    if columns is None:
        return set(known)
    named = {"complications" if c.startswith("complication_") else c for c in columns}
    return (named - {"patient"}) | {name for angle in record.angles for name in angle.facts()}
