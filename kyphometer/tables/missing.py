"""Which cells mean: not known."""

from __future__ import annotations

from typing import Final

WORDS: Final = frozenset({"", "na", "n/a", ".", "nan", "null", "n.a."})
"""Words of R, Stata, SPSS, SAS, SQL, pandas and Excel for a value that is not there."""
USUAL_CODES: Final = frozenset({"9", "99", "999", "9999", "-1", "-9", "-99", "-999", "-9999"})
"""Numbers that statistics programs' users write for: not known."""


def is_missing(cell: object, codes: frozenset[str] = frozenset()) -> bool:
    """True for cells that mean: not known.

    Parameters
    ----------
    cell
        A cell.
    codes
        Further words and numbers that the user says mean so, such as `99`.
    """
    if cell is None:
        return True
    if isinstance(cell, float) and cell != cell:
        return True
    text = plain_text(cell).lower()
    return text in WORDS or text in codes


def plain_text(cell: object) -> str:
    """Text of a cell; whole numbers of a spreadsheet without their `.0`."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def missing_words(stated: list[str] | None) -> frozenset[str] | None:
    """Codes for `is_missing` from what a user stated; `none` says that there are none."""
    if stated is None:
        return None
    return frozenset(word.strip().lower() for word in stated) - {"none"}
