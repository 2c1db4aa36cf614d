"""Angles that were measured elsewhere and came in a table: no film, no reading, but a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from kyphometer.anatomy import Level, neighbour
from kyphometer.film import Position
from kyphometer.followup.visit_model import DatedFilm
from kyphometer.measure.definitions import Line, angle_definition


@dataclass(frozen=True, slots=True, kw_only=True)
class ElsewhereAngle:
    """One angle of one patient, as a table states it.

    Attributes
    ----------
    visit, taken_on, day
        When: the study's visit, the day of the film, days from surgery; at least one is known.
    code
        Code of the angle, or an endplate pair (`kyphometer.measure.definitions`).
    observer
        Who measured it; empty if the table does not say.
    replicate
        Which of several measurements of the same observer, from 1.
    position
        How the patient was held.
    value_deg
        In degrees, kyphosis positive; None where the table has a cell for it, which is empty.
    """

    visit: str | None = None
    taken_on: date | None = None
    day: int | None = None
    code: str
    observer: str = ""
    replicate: int = 1
    position: Position = Position.UNKNOWN
    value_deg: float | None = None

    @property
    def when(self) -> str:
        """Visit, else date, else day: what tells the occasions of a patient apart."""
        if self.visit is not None:
            return self.visit
        return f"day {self.day}" if self.taken_on is None else self.taken_on.isoformat()

    @property
    def name(self) -> str:
        """What tells it from the patient's other angles, in words."""
        by = f" by {self.observer}" if self.observer else ""
        again = f", reading {self.replicate}" if self.replicate > 1 else ""
        return f"{self.code} at {self.when}{by}{again}"

    def facts(self) -> dict[str, Any]:
        """Its facts by names that are unique in the patient: the value, then what else is known."""
        found: dict[str, Any] = {self.name: self.value_deg}
        if self.visit is not None and self.taken_on is not None:
            found[f"date of {self.name}"] = self.taken_on.isoformat()
        if self.day is not None and (self.visit is not None or self.taken_on is not None):
            found[f"day of {self.name}"] = self.day
        if self.position is not Position.UNKNOWN:
            found[f"position of {self.name}"] = self.position.value
        return found

    def with_facts(self, facts: Mapping[str, Any]) -> ElsewhereAngle:
        """The angle with the facts of that name; what is not among them is not known."""
        document = self.to_dict() | {"value_deg": facts.get(self.name)}
        if self.visit is not None:
            document["taken_on"] = facts.get(f"date of {self.name}")
        if self.visit is not None or self.taken_on is not None:
            document["day"] = facts.get(f"day of {self.name}")
        document["position"] = facts.get(f"position of {self.name}", Position.UNKNOWN.value)
        return ElsewhereAngle.from_dict(document)

    def to_dict(self) -> dict[str, Any]:
        """JSON document; what is not known is left out."""
        document = {f.name: getattr(self, f.name) for f in fields(self)}
        document["taken_on"] = self.taken_on and self.taken_on.isoformat()
        document["position"] = self.position.value
        return {name: value for name, value in document.items() if value is not None}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> ElsewhereAngle:
        """Inverse of `to_dict`.

        Raises
        ------
        TypeError, ValueError
            If the document is damaged.
        """
        values = dict(document)
        if values.get("taken_on") is not None:
            values["taken_on"] = date.fromisoformat(values["taken_on"])
        values["position"] = Position(values.get("position", Position.UNKNOWN.value))
        return cls(**values)


def endplate_pair(code: str, fractured: Sequence[Level]) -> tuple[str, str]:
    """The pair of an angle: of the patient's levels where the index level is known, else from F.

    >>> endplate_pair("RKA", (Level.L1,))
    ('T12.superior', 'L2.inferior')
    >>> endplate_pair("RKA", ())
    ('F-1.superior', 'F+1.inferior')
    """
    definition = angle_definition(code)
    upper, lower = (_placed(line, fractured) for line in (definition.upper, definition.lower))
    if upper is None or lower is None:
        return str(definition.upper), str(definition.lower)
    return upper, lower


def _placed(line: Line, fractured: Sequence[Level]) -> str | None:
    if line.offset is None:
        return str(line)
    if not fractured:
        return None
    level = neighbour(fractured[0], line.offset)
    return None if level is None else f"{level}.{line.part.value}"


def occasions(patient: str, angles: Sequence[ElsewhereAngle], unknown: Position) -> list[DatedFilm]:
    """The occasions at which a patient was measured elsewhere, as films that nobody has.

    Parameters
    ----------
    unknown
        Position where the table does not say, by the study's protocol.
    """
    found: dict[str, DatedFilm] = {}
    for angle in angles:
        position = unknown if angle.position is Position.UNKNOWN else angle.position
        found.setdefault(
            angle.when,
            DatedFilm(
                patient=patient,
                film=occasion_key(patient, angle),
                taken_on=angle.taken_on,
                day=angle.day,
                visit=angle.visit,
                position=position,
                name=f"the entry '{angle.when}' measured elsewhere",
            ),
        )
    return list(found.values())


def occasion_key(patient: str, angle: ElsewhereAngle) -> str:
    """What stands for the film: the same for all angles of a patient at one occasion."""
    return f"{patient}, {angle.when}"
