"""Errors of readings (landmarks) that cannot be used."""

from __future__ import annotations

from kyphometer.errors.base import KyphometerError


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


class MarksFileError(ReadingError):
    """A file of another program, or a structured report, whose marks cannot be taken in."""

    frame = "marks_file"


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
