"""Errors of measurements that a reading does not allow."""

from __future__ import annotations

from kyphometer.errors.base import KyphometerError


class MeasurementError(KyphometerError):
    """A measurement cannot be made from this reading."""

    exit_status = 5
    http_status = 422


class MissingSurgeryDateError(MeasurementError):
    """Visits were asked of a patient without surgery date."""

    def __init__(self, patient: str) -> None:
        self.patient = patient
        super().__init__(
            f"Patient {patient} has no surgery date, so the films cannot be put to visits; give "
            "surgery_date in the clinical table."
        )


class UnknownVisitFilmError(MeasurementError):
    """A film that was put to a visit by hand and cannot be there."""

    def __init__(self, patient: str, film: object, visit: str, *, twice: bool = False) -> None:
        problem = "another film was put there too" if twice else "it has no date or is not theirs"
        super().__init__(
            f"Film {film} cannot be the {visit} film of patient {patient}: {problem}; correct the "
            "stated visits."
        )


class DifferentLevelsError(MeasurementError):
    """Visits of a patient were measured between different endplates."""

    def __init__(self, patient: str, code: str, found: str) -> None:
        self.patient = patient
        super().__init__(
            f"{code} of patient {patient} was not measured between the same endplates at every "
            f"visit ({found}); read every visit at the same levels."
        )


class DuplicateReadingError(MeasurementError):
    """More values than one for a patient, angle and visit."""

    def __init__(self, patient: str, code: str, visit: str, problem: str) -> None:
        self.patient = patient
        super().__init__(
            f"{code} of patient {patient} at {visit} has {problem}; choose one observer, or ask "
            "for the mean of the readings of one film."
        )


class NotAnAngleError(MeasurementError):
    """A measurement without endplate pair was used as an angle."""

    def __init__(self, label: str) -> None:
        super().__init__(
            f"{label} is no angle between two endplates, so its change cannot be judged here; use "
            "VKA, RKA or another named angle."
        )


class DegenerateLineError(MeasurementError):
    """A line without length has no direction."""

    def __init__(self, where: str = "An endplate line") -> None:
        super().__init__(
            f"{where} has no length: both of its corners are in one place; mark them apart."
        )


class MissingEndplateError(MeasurementError):
    """An endplate that a measurement needs was not marked."""

    def __init__(self, measurement: str, missing: str, hint: str = "mark it on the film") -> None:
        self.missing = missing
        super().__init__(f"{measurement} needs {missing}, which is not in the reading; {hint}.")


class FracturedNeighbourError(MeasurementError):
    """The neighbour that a measurement needs is itself fractured."""

    def __init__(self, measurement: str, level: object) -> None:
        super().__init__(
            f"{measurement} needs an intact {level}, but {level} is listed as fractured; allow the "
            "next intact level explicitly if it is to be used instead."
        )


class UnknownDefinitionError(MeasurementError):
    """A measurement name that is not registered."""

    def __init__(self, name: str, known: str) -> None:
        super().__init__(
            f"'{name}' is no known measurement; use {known}, or an endplate pair such as "
            "T12.superior-L2.inferior."
        )


class NotMeasuredError(MeasurementError):
    """A number was asked for that the reading does not give."""

    def __init__(self, code: str, reason: str | None) -> None:
        self.code = code
        self.reason = reason
        super().__init__(
            f"{code} was not measured: {reason or 'the reading gives no such number'}"
            + ("" if reason else "; ask for it by a code of the registry or by its label.")
        )


class AmbiguousDefinitionError(MeasurementError):
    """A name that means several things in print."""

    def __init__(self, name: str, pairs: str) -> None:
        super().__init__(f"'{name}' means several angles in print ({pairs}); name the pair.")


class NoSharedVertebraError(MeasurementError):
    """Films that cannot be laid over each other."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"The films cannot be laid over each other: no vertebra {where} is marked with both "
            "endplates on each of them; mark one."
        )


class NoFracturedLevelError(MeasurementError):
    """A measurement around a fracture, with no fractured level named."""

    def __init__(self, measurement: str) -> None:
        super().__init__(
            f"{measurement} is taken around a fractured vertebra, but the reading lists none under "
            "fractured_levels; name the level."
        )
