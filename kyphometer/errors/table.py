"""Errors of tables that were handed in."""

from __future__ import annotations

from typing import ClassVar

from kyphometer.errors.base import KyphometerError


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

    is_list = True

    def __init__(self, file: str, problems: tuple[object, ...], shown: int = 50) -> None:
        self.problems = problems
        lines = [str(problem) for problem in problems[:shown]]
        if len(problems) > shown:
            lines.append(f"... and {len(problems) - shown} more.")
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{file} was not imported: {count}.\n" + "\n".join(lines))
