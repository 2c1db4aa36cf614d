"""Every error Kyphometer raises on purpose.

The tree::

    KyphometerError                exit 1
      UsageError                   exit 2   the command or call itself is wrong
      FilmError                    exit 3   a film cannot be read
      ReadingError                 exit 4   a reading (landmarks) cannot be used
      MeasurementError             exit 5   a measurement cannot be made from this reading
      StatisticsError              exit 6   too little or impossible data for a statistic
      TableError                   exit 7   a table that was handed in is wrong
      StudyError                   exit 8   the study database refuses
      NetworkError                 exit 9   a server (PACS, annotator) refuses or is not there
      EndplateError                exit 10  the image cannot help

Each class takes facts and writes one sentence that says what is wrong, where, and what to do.
`exit_status` is what the command line returns and `http_status` what the web server answers; both
are mapped here and nowhere else.
"""

from __future__ import annotations

from typing import ClassVar


class KyphometerError(Exception):
    """Base of every error that Kyphometer raises on purpose."""

    exit_status: ClassVar[int] = 1
    http_status: ClassVar[int] = 400


class UsageError(KyphometerError):
    """The command or call itself is wrong."""

    exit_status = 2


class VisitWindowError(UsageError):
    """Visit windows that contradict each other."""

    def __init__(self, visit: str, problem: str) -> None:
        super().__init__(f"Visit windows, {visit}: {problem}; correct the study's windows.")


class UnknownConditionError(UsageError):
    """A simulation condition that does not exist."""

    def __init__(self, name: str, known: str) -> None:
        super().__init__(f"'{name}' is no simulation condition; use one of {known}.")


class UnreachableAngleError(UsageError):
    """A simulated vertebra cannot be bent to a wanted angle."""

    def __init__(self, level: str, vka_deg: float | None, rka_deg: float | None) -> None:
        wanted = ", ".join(
            f"{name} {value:.1f}"
            for name, value in (("VKA", vka_deg), ("RKA", rka_deg))
            if value is not None
        )
        super().__init__(
            f"{level} cannot be bent to {wanted} degrees; ask for an angle between -20 and 35."
        )


class FilmError(KyphometerError):
    """A film cannot be read."""

    exit_status = 3
    http_status = 422


class PixelSpacingError(FilmError):
    """A pixel size that cannot be."""

    def __init__(self, name: str, value: object) -> None:
        super().__init__(
            f"The pixel {name} of {value!r} is impossible: it must be a positive number of mm; "
            "state the right one, or none to get angles only."
        )


class NotCalibratedError(FilmError):
    """Millimetres were asked of a film without pixel spacing."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} cannot be given in mm: the film carries no pixel spacing; "
            "angles and ratios still hold, or state the spacing if you know it."
        )


class FilmAccessError(FilmError):
    """A film's file cannot be opened."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"'{name}' cannot be opened: {reason}; check the path.")


class NotAFilmError(FilmError):
    """A file that is no picture that Kyphometer knows."""

    def __init__(self, name: str, reason: str = "it is no DICOM file and no picture") -> None:
        super().__init__(
            f"'{name}' is no film: {reason}; give a DICOM radiograph, a PNG, a JPEG or a TIFF."
        )


class NoPixelsError(FilmError):
    """A DICOM object without a picture."""

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(f"'{name}' holds no picture: it is {kind}; choose the film itself.")


class FilmHeaderError(FilmError):
    """A header that is damaged or that cannot be."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(
            f"The header of '{name}' cannot be used: {problem}; export the film again."
        )


class FilmSizeError(FilmError):
    """A film of absurd size, refused before anything is allocated."""

    def __init__(self, name: str, rows: int, columns: int) -> None:
        super().__init__(
            f"'{name}' claims {rows} x {columns} pixels, which no film has; its header is damaged, "
            "export the film again."
        )


class FilmPixelsError(FilmError):
    """Pixel data that are cut off, damaged or not what the header says."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"The pixels of '{name}' cannot be read: {problem}; export it again.")


class UnsupportedFilmError(FilmError):
    """A film in a form that Kyphometer does not read; names the way out."""

    def __init__(self, name: str, form: str, remedy: str) -> None:
        super().__init__(f"'{name}' {form}, which cannot be read; {remedy}.")


class ColourFilmError(FilmError):
    """A colour picture."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"'{name}' is a colour picture and no radiograph; give the grey film it was made from."
        )


class BurnedInTextError(FilmError):
    """A film whose pixels may show who the patient is."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"'{name}' may have text burned into its pixels, which de-identification does not "
            "change; look at the film, and say so if it names nobody."
        )


class FrameError(FilmError):
    """No frame chosen of a film with several, or one that it does not have."""

    def __init__(self, name: str, frames: int, chosen: int | None) -> None:
        which = "none was chosen" if chosen is None else f"frame {chosen} was asked for"
        super().__init__(
            f"'{name}' has {frames} frame{'s' if frames != 1 else ''} and {which}; choose one "
            f"from 1 to {frames}."
        )


class ReadingError(KyphometerError):
    """A reading cannot be used."""

    exit_status = 4
    http_status = 422


class NoReadingError(ReadingError):
    """There is no reading beside a film, or more than one."""

    def __init__(self, film: str, found: list[str]) -> None:
        if found:
            problem = f"has several readings beside it ({', '.join(found)}); name the one to use"
        else:
            problem = f"has no reading beside it ({film}.reading.json); mark it, or name one"
        super().__init__(f"'{film}' {problem}.")


class UnknownLevelError(ReadingError):
    """A name that is no vertebral level."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"'{text}' is no vertebral level; use C1 to C7, T1 to T13, L1 to L6 or S1."
        )


class ReadingFormatError(ReadingError):
    """A document that is no reading, or a damaged one."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"This is not a usable reading: {where} {problem}.")


class ReadingFilmMismatchError(ReadingError):
    """A reading that was made on another film."""

    def __init__(self, what: str, in_reading: object, in_film: object) -> None:
        super().__init__(
            f"This reading belongs to another film: its {what} is {in_reading} but the film's is "
            f"{in_film}; open the film it was made on."
        )


class LandmarkError(ReadingError):
    """Landmarks that cannot be on a spine; names where."""

    def __init__(self, where: str, problem: str, remedy: str) -> None:
        self.where = where
        super().__init__(f"{where}: {problem}; {remedy}.")


class FacingError(ReadingError):
    """Where anterior is cannot be told, or the marks contradict each other or the header."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}.")


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


class StatisticsError(KyphometerError):
    """Too little or impossible data for a statistic."""

    exit_status = 6
    http_status = 422


class TooFewValuesError(StatisticsError):
    """Too few values, pairs, patients or visits for a statistic."""

    def __init__(self, what: str, n: int, needed: int, of: str = "values") -> None:
        super().__init__(f"{what} needs at least {needed} {of}, but there are {n}.")


class UnusableDataError(StatisticsError):
    """Data or options that no statistic can be computed from."""

    def __init__(self, what: str, problem: str, remedy: str) -> None:
        super().__init__(f"{what} {problem}; {remedy}.")


class TooFewDataError(StatisticsError):
    """A statistic was asked of fewer data than it needs."""

    def __init__(self, statistic: str, needed: str, found: str) -> None:
        super().__init__(f"{statistic} needs {needed}, but there is only {found}: read more.")


class NoVariationError(StatisticsError):
    """A statistic divides by a variation that the data do not have."""

    def __init__(self, statistic: str, what: str) -> None:
        super().__init__(
            f"{statistic} cannot be computed because {what}; check that values were not copied."
        )


class IncompleteDesignError(StatisticsError):
    """A balanced method was asked of readings with missing cells."""

    def __init__(self, statistic: str, missing: int, cells: int) -> None:
        super().__init__(
            f"{statistic} needs every observer to have read every film, but {missing} of {cells} "
            "readings are missing: use variance components by REML, or choose complete films."
        )


class ParameterRangeError(StatisticsError):
    """A parameter of a statistic lies outside the range in which it means something."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        super().__init__(f"{name} is {value}, but it must be {allowed}.")


class TableError(KyphometerError):
    """A table that was handed in is wrong."""

    exit_status = 7
    http_status = 422


class BadTableRowsError(TableError):
    """Rows of a table of readings cannot be used."""

    SHOWN: ClassVar[int] = 20

    def __init__(self, table: str, problems: tuple[str, ...]) -> None:
        self.problems = problems
        shown = " ".join(problems[: self.SHOWN])
        more = len(problems) - self.SHOWN
        rest = f" And {more} more like these." if more > 0 else ""
        super().__init__(f"{table} cannot be used as it is: {shown}{rest}")


class DuplicateReadingsError(TableError):
    """One observer has two values for one film and replicate; they are never averaged silently."""

    def __init__(self, duplicates: tuple[str, ...]) -> None:
        self.duplicates = duplicates
        shown = "; ".join(duplicates[:5]) + ("; ..." if len(duplicates) > 5 else "")
        super().__init__(
            f"There are {len(duplicates)} duplicate readings ({shown}): "
            "number repeats in a replicate column, or remove the wrong ones."
        )


class MixedUnitsError(TableError):
    """One measurement code comes in several units."""

    def __init__(self, code: str, units: tuple[str, ...]) -> None:
        super().__init__(
            f"The values of {code} come in several units ({', '.join(units)}): convert them to one."
        )


class ClinicalTableError(TableError):
    """A clinical table with problems; `problems` holds every one of them."""

    def __init__(self, file: str, problems: tuple[object, ...], shown: int = 50) -> None:
        self.problems = problems
        lines = [str(problem) for problem in problems[:shown]]
        if len(problems) > shown:
            lines.append(f"... and {len(problems) - shown} more.")
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{file} was not imported: {count}.\n" + "\n".join(lines))


class StudyError(KyphometerError):
    """The study database refuses."""

    exit_status = 8
    http_status = 409


class StudyFileError(StudyError):
    """A study that cannot be created, opened, read or written."""

    http_status = 503

    def __init__(self, where: object, problem: str, remedy: str) -> None:
        super().__init__(f"The study '{where}' {problem}; {remedy}.")


class StudyFullError(StudyFileError):
    """No room to save."""

    http_status = 507


class StudyConflictError(StudyError):
    """Somebody else was faster; `current` is what is there now (None: nothing)."""

    def __init__(self, what: str, current: object = None) -> None:
        self.current = current
        super().__init__(
            f"{what} since you opened it; nothing was overwritten: look at the newer one first."
        )


class UnknownRecordError(StudyError):
    """Something that the study does not hold."""

    http_status = 404

    def __init__(self, kind: str, name: object, remedy: str = "see what the study holds") -> None:
        super().__init__(f"There is no {kind} '{name}' here; {remedy}.")


class StudyRefusedError(StudyError):
    """Something that the rules of the study forbid."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}.")


class NetworkError(KyphometerError):
    """A server refuses or is not there."""

    exit_status = 9
    http_status = 502


class ServerStartError(NetworkError):
    """The annotator's server cannot start."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"The server cannot start: {problem}; {remedy}.")


class RequestError(NetworkError):
    """A request that the annotator's server cannot use."""

    http_status = 400

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}.")


class BodyTooLargeError(RequestError):
    """A request body beyond the bound."""

    http_status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The request is larger than the {limit:,} bytes that are accepted here",
            "send one reading at a time",
        )


class MediaTypeError(RequestError):
    """A request body that is not declared as JSON."""

    http_status = 415

    def __init__(self, given: str) -> None:
        super().__init__(
            f"The request's body is declared as '{given or 'nothing'}'",
            "send JSON and say so with the header 'Content-Type: application/json'",
        )


class SignInError(RequestError):
    """Nobody is signed in, or the name and password do not match."""

    http_status = 401


class ForbiddenError(RequestError):
    """The visitor may not do this."""

    http_status = 403


class NotFoundError(RequestError):
    """Nothing is at that address."""

    http_status = 404


class MethodError(RequestError):
    """An address that does not answer that method."""

    http_status = 405


class TooManyAttemptsError(RequestError):
    """Too many failed sign-ins."""

    http_status = 429

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, round(seconds))
        super().__init__(
            "There were too many failed attempts to sign in", f"wait {self.seconds} s and try again"
        )


class EndplateError(KyphometerError):
    """The image cannot help with an endplate."""

    exit_status = 10
    http_status = 422


class ModelFileError(EndplateError):
    """The network's file is missing, damaged or not readable here."""

    def __init__(self, name: str, problem: object) -> None:
        super().__init__(
            f"The corner network {name} cannot be used ({problem}); reinstall kyphometer, or ask "
            "for the classical refiner."
        )


class CarryOverError(EndplateError):
    """Nothing can be proposed from the previous film."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"Marks cannot be carried over: {problem}; {remedy}.")


class NotCarriedError(EndplateError):
    """A change was asked of a level that was not carried over."""

    def __init__(self, level: object, why: str) -> None:
        reason = f" ({why})" if why else ""
        super().__init__(
            f"The change at {level} is not known from the carry-over: it was not proposed on the "
            f"next film{reason}; mark it there and compare the two readings."
        )
