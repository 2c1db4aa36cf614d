"""What every result object can do: give its rows, plain or as a pandas table."""

from __future__ import annotations

from typing import Any

Row = dict[str, object]


class Tabular:
    """Base of results that are tables: unrounded values, one dictionary a row."""

    __slots__ = ()

    def rows(self) -> list[Row]:
        """Rows of the table, unrounded, with the same keys in each."""
        raise NotImplementedError

    def to_frame(self) -> Any:
        """The rows as a pandas DataFrame.

        pandas is imported here and only here, hence no type that would load it.
        """
        import pandas as pd

        return pd.DataFrame(self.rows())
