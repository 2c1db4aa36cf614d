"""Errors of readings (landmarks) that cannot be used."""

from __future__ import annotations

from kyphometer.errors.base import KyphometerError
from kyphometer.messages import Word


class ReadingError(KyphometerError):
    """A reading cannot be used."""

    exit_status = 4
    http_status = 422


class NoReadingError(ReadingError):
    """There is no reading beside a film, or more than one."""

    def __init__(self, film: str, found: list[str]) -> None:
        super().__init__("several_readings" if found else "no_reading", film=film, found=found)


class UnknownLevelError(ReadingError):
    """A name that is no vertebral level."""

    def __init__(self, text: str) -> None:
        super().__init__("unknown_level", text=text)


class ReadingFormatError(ReadingError):
    """A document that is no reading, or a damaged one; `where` names the member."""

    frame = "reading_format"


class MarksFileError(ReadingError):
    """A file of another program, or a structured report, whose marks cannot be taken in."""

    frame = "marks_file"


class ReadingFilmMismatchError(ReadingError):
    """A reading that was made on another film.

    Parameters
    ----------
    what
        In what they differ: `rows`, `columns`, `size`, `frame`, `sop_instance_uid` or
        `sha256_pixels`.
    """

    def __init__(self, what: str, in_reading: object, in_film: object) -> None:
        named = Word(f"film.{what}")
        super().__init__("other_film", what=named, in_reading=in_reading, in_film=in_film)


class LandmarkError(ReadingError):
    """Landmarks that cannot be on a spine; says where."""


class FacingError(ReadingError):
    """Where anterior is cannot be told, or the marks contradict each other or the header."""
