"""A problem in a table, where it is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from kyphometer.errors import TableError


@dataclass(frozen=True, slots=True, kw_only=True)
class TableProblem:
    """One problem.

    Attributes
    ----------
    file
        File name.
    row
        Row as a spreadsheet numbers it: the header is row 1; None if it concerns the whole file.
    column
        Header of the column, or None if it concerns the whole row.
    problem, remedy
        What is wrong and what to do.
    """

    file: str
    row: int | None
    column: str | None
    problem: str
    remedy: str

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f", row {self.row}"
        if self.column is not None:
            place += f", column {self.column}"
        return f"{place}: {self.problem}; {self.remedy}."


class SheetError(TableError):
    """The file as a whole, or one of its cells, cannot be read; carries its problem."""

    def __init__(self, problem: TableProblem) -> None:
        self.problem = problem
        super().__init__(str(problem))

    @classmethod
    def at(
        cls,
        file: str,
        problem: str,
        remedy: str,
        *,
        row: int | None = None,
        column: str | None = None,
    ) -> SheetError:
        """The error from its parts."""
        return cls(TableProblem(file=file, row=row, column=column, problem=problem, remedy=remedy))
