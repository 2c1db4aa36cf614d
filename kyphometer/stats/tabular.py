"""What every result object can do: give its rows, plain or as a pandas table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, object]


class Tabular:
    """Base of results that are tables: unrounded values, one dictionary a row."""

    __slots__ = ()

    def rows(self) -> list[Row]:
        """Rows of the table, unrounded, with the same keys in each."""
        raise NotImplementedError

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas DataFrame (pandas is imported here and only here)."""
        import pandas as pd

        return pd.DataFrame(self.rows())
