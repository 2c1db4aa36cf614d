"""Errors of the study database."""

from __future__ import annotations

from kyphometer.errors.base import KyphometerError
from kyphometer.messages import Word


class StudyError(KyphometerError):
    """The study database refuses."""

    exit_status = 8
    http_status = 409


class StudyFileError(StudyError):
    """A study that cannot be created, opened, read or written."""

    http_status = 503


class StudyFullError(StudyFileError):
    """No room to save."""

    http_status = 507


class StudyConflictError(StudyError):
    """Somebody else was faster; `current` is what is there now (None: nothing)."""

    def __init__(self, code: str, /, *, current: object = None) -> None:
        self.current = current
        super().__init__(code)


class UnknownRecordError(StudyError):
    """Something that the study does not hold."""

    http_status = 404


class StudyRefusedError(StudyError):
    """Something that the rules of the study forbid."""


class UnacceptedChangesError(StudyError):
    """Facts that differ from what the study knows, without leave to change them."""

    is_list = True

    def __init__(self, source: str | Word, changes: tuple[object, ...]) -> None:
        self.changes = changes
        lines = [str(change) for change in changes]
        super().__init__(source=source, count=len(lines), changes=lines)
