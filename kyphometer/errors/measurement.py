"""Errors of measurements that a reading does not allow."""

from __future__ import annotations

from kyphometer.errors.base import KyphometerError
from kyphometer.messages import Word


class MeasurementError(KyphometerError):
    """A measurement cannot be made from this reading."""

    exit_status = 5
    http_status = 422


class MissingSurgeryDateError(MeasurementError):
    """Visits were asked of a patient without surgery date."""

    def __init__(self, patient: str) -> None:
        super().__init__("missing_surgery_date", patient=patient)


class UnknownVisitFilmError(MeasurementError):
    """A film that was put to a visit by hand and cannot be there."""

    def __init__(self, patient: str, film: object, visit: str, *, twice: bool = False) -> None:
        code = "visit_film_twice" if twice else "unknown_visit_film"
        super().__init__(code, patient=patient, film=film, visit=visit)


class DifferentLevelsError(MeasurementError):
    """Visits of a patient were measured between different endplates."""

    def __init__(self, patient: str, code: str, found: str) -> None:
        self.patient = patient
        super().__init__("different_levels", patient=patient, angle=code, found=found)


class DuplicateReadingError(MeasurementError):
    """More values than one for a patient, angle and visit."""

    def __init__(self, patient: str, code: str, visit: str, *, films: bool) -> None:
        self.patient = patient
        several = "different_films" if films else "two_readings"
        super().__init__(several, patient=patient, angle=code, visit=visit)


class NotAnAngleError(MeasurementError):
    """A measurement without endplate pair was used as an angle."""

    def __init__(self, label: str) -> None:
        super().__init__("not_an_angle", label=label)


class DegenerateLineError(MeasurementError):
    """A line without length has no direction."""

    def __init__(self, where: Word | None = None) -> None:
        super().__init__("degenerate_line", where=where or Word("line.endplate"))


class MissingEndplateError(MeasurementError):
    """An endplate that a measurement needs was not marked."""


class FracturedNeighbourError(MeasurementError):
    """The neighbour that a measurement needs is itself fractured."""

    def __init__(self, measurement: str | Word, level: object) -> None:
        super().__init__("fractured_neighbour", measurement=measurement, level=level)


class UnknownDefinitionError(MeasurementError):
    """A measurement name that is not registered; `known` says what may be used."""

    def __init__(self, name: str, known: str | Word) -> None:
        super().__init__("unknown_definition", name=name, known=known)


class NotMeasuredError(MeasurementError):
    """A number was asked for that the reading does not give."""

    def __init__(self, name: str, reason: str | None) -> None:
        code = "not_measured" if reason else "no_such_number"
        super().__init__(code, name=name, reason=reason)


class AmbiguousDefinitionError(MeasurementError):
    """A name that means several things in print."""

    def __init__(self, name: str, pairs: str) -> None:
        super().__init__("ambiguous_definition", name=name, pairs=pairs)


class NoSharedVertebraError(MeasurementError):
    """Films that cannot be laid over each other; None: no fractured level is named."""

    def __init__(self, level: object = None, *, below: bool = True) -> None:
        code = "no_shared_below" if below else "no_shared_vertebra"
        super().__init__(code if level else "no_shared_fracture", level=level)


class NoFracturedLevelError(MeasurementError):
    """A measurement around a fracture, with no fractured level named."""

    def __init__(self, measurement: str | Word) -> None:
        super().__init__("no_fractured_level", measurement=measurement)
