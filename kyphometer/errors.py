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


class FilmError(KyphometerError):
    """A film cannot be read."""

    exit_status = 3
    http_status = 422


class ReadingError(KyphometerError):
    """A reading cannot be used."""

    exit_status = 4
    http_status = 422


class MeasurementError(KyphometerError):
    """A measurement cannot be made from this reading."""

    exit_status = 5
    http_status = 422


class StatisticsError(KyphometerError):
    """Too little or impossible data for a statistic."""

    exit_status = 6
    http_status = 422


class TableError(KyphometerError):
    """A table that was handed in is wrong."""

    exit_status = 7
    http_status = 422


class StudyError(KyphometerError):
    """The study database refuses."""

    exit_status = 8
    http_status = 409


class NetworkError(KyphometerError):
    """A server refuses or is not there."""

    exit_status = 9
    http_status = 502


class EndplateError(KyphometerError):
    """The image cannot help with an endplate."""

    exit_status = 10
    http_status = 422
