"""Errors of tables that were handed in."""

from __future__ import annotations

from kyphometer.errors.base import KyphometerError
from kyphometer.messages import Word


class TableError(KyphometerError):
    """A table that was handed in is wrong."""

    exit_status = 7
    http_status = 422


class BadTableRowsError(TableError):
    """Rows of a table of readings cannot be used; `problems` holds every one of them."""

    def __init__(self, table: str, problems: tuple[Word, ...]) -> None:
        self.problems = problems
        super().__init__(table=table, problems=list(problems))


class DuplicateReadingsError(TableError):
    """One observer has two values for one film and replicate; they are never averaged silently."""

    def __init__(self, duplicates: tuple[str, ...]) -> None:
        self.duplicates = duplicates
        super().__init__(count=len(duplicates), duplicates=list(duplicates))


class MixedUnitsError(TableError):
    """One measurement code comes in several units."""

    def __init__(self, code: str, units: tuple[str, ...]) -> None:
        super().__init__(code=code, units=list(units))


class ClinicalTableError(TableError):
    """A clinical table with problems; `problems` holds every one of them."""

    is_list = True

    def __init__(self, file: str, problems: tuple[object, ...]) -> None:
        self.problems = problems
        lines = [str(problem) for problem in problems]
        super().__init__(file=file, count=len(lines), problems=lines)
