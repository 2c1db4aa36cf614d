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
are mapped in this package and nowhere else. Every class can be imported from here.
"""

from __future__ import annotations

from kyphometer.errors.base import KyphometerError
from kyphometer.errors.endplate import (
    CarryOverError,
    EndplateError,
    ModelFileError,
    NotCarriedError,
)
from kyphometer.errors.film import (
    BurnedInTextError,
    ColourFilmError,
    FilmAccessError,
    FilmError,
    FilmHeaderError,
    FilmPixelsError,
    FilmSizeError,
    FrameError,
    NoPixelsError,
    NotAFilmError,
    NotCalibratedError,
    PixelSpacingError,
    PixelsToCheckError,
    UnsupportedFilmError,
)
from kyphometer.errors.measurement import (
    AmbiguousDefinitionError,
    DegenerateLineError,
    DifferentLevelsError,
    DuplicateReadingError,
    FracturedNeighbourError,
    MeasurementError,
    MissingEndplateError,
    MissingSurgeryDateError,
    NoFracturedLevelError,
    NoSharedVertebraError,
    NotAnAngleError,
    NotMeasuredError,
    UnknownDefinitionError,
    UnknownVisitFilmError,
)
from kyphometer.errors.network import (
    BodyTooLargeError,
    FirstPasswordError,
    ForbiddenError,
    MediaTypeError,
    MethodError,
    NetworkError,
    NotFoundError,
    RequestError,
    ServerStartError,
    SignInError,
    TooManyAttemptsError,
)
from kyphometer.errors.reading import (
    FacingError,
    LandmarkError,
    NoReadingError,
    ReadingError,
    ReadingFilmMismatchError,
    ReadingFormatError,
    UnknownLevelError,
)
from kyphometer.errors.statistics import (
    IncompleteDesignError,
    NoVariationError,
    ParameterRangeError,
    StatisticsError,
    TooFewDataError,
    TooFewValuesError,
    UnusableDataError,
)
from kyphometer.errors.study import (
    StudyConflictError,
    StudyError,
    StudyFileError,
    StudyFullError,
    StudyRefusedError,
    UnacceptedChangesError,
    UnknownRecordError,
)
from kyphometer.errors.table import (
    BadTableRowsError,
    ClinicalTableError,
    DuplicateReadingsError,
    MixedUnitsError,
    TableError,
)
from kyphometer.errors.usage import (
    UnknownConditionError,
    UnreachableAngleError,
    UsageError,
    VisitWindowError,
)

__all__ = [
    "AmbiguousDefinitionError",
    "BadTableRowsError",
    "BodyTooLargeError",
    "BurnedInTextError",
    "CarryOverError",
    "ClinicalTableError",
    "ColourFilmError",
    "DegenerateLineError",
    "DifferentLevelsError",
    "DuplicateReadingError",
    "DuplicateReadingsError",
    "EndplateError",
    "FacingError",
    "FilmAccessError",
    "FilmError",
    "FilmHeaderError",
    "FilmPixelsError",
    "FilmSizeError",
    "FirstPasswordError",
    "ForbiddenError",
    "FracturedNeighbourError",
    "FrameError",
    "IncompleteDesignError",
    "KyphometerError",
    "LandmarkError",
    "MeasurementError",
    "MediaTypeError",
    "MethodError",
    "MissingEndplateError",
    "MissingSurgeryDateError",
    "MixedUnitsError",
    "ModelFileError",
    "NetworkError",
    "NoFracturedLevelError",
    "NoPixelsError",
    "NoReadingError",
    "NoSharedVertebraError",
    "NoVariationError",
    "NotAFilmError",
    "NotAnAngleError",
    "NotCalibratedError",
    "NotCarriedError",
    "NotFoundError",
    "NotMeasuredError",
    "ParameterRangeError",
    "PixelSpacingError",
    "PixelsToCheckError",
    "ReadingError",
    "ReadingFilmMismatchError",
    "ReadingFormatError",
    "RequestError",
    "ServerStartError",
    "SignInError",
    "StatisticsError",
    "StudyConflictError",
    "StudyError",
    "StudyFileError",
    "StudyFullError",
    "StudyRefusedError",
    "TableError",
    "TooFewDataError",
    "TooFewValuesError",
    "TooManyAttemptsError",
    "UnacceptedChangesError",
    "UnknownConditionError",
    "UnknownDefinitionError",
    "UnknownLevelError",
    "UnknownRecordError",
    "UnknownVisitFilmError",
    "UnreachableAngleError",
    "UnsupportedFilmError",
    "UnusableDataError",
    "UsageError",
    "VisitWindowError",
]
