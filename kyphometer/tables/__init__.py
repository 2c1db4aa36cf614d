"""Tables that people hand in: CSV, XLSX, ODS and SAV as the cells that a person would see.

`read_sheet` opens any of them; `numbers`, `dates` and `missing` say what a cell means. What the
columns are for is the business of whoever asks.
"""

from kyphometer.tables.problems import SheetError, TableProblem
from kyphometer.tables.read import SUFFIXES, read_sheet
from kyphometer.tables.sheet import Cell, Sheet

__all__ = ["SUFFIXES", "Cell", "Sheet", "SheetError", "TableProblem", "read_sheet"]
