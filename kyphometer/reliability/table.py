"""The long table of readings: one value of one film by one observer in one replicate a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from kyphometer.errors import DuplicateReadingsError, MixedUnitsError, TooFewDataError
from kyphometer.messages import Word
from kyphometer.stats.distributions import Floats
from kyphometer.stats.estimate import Result

GROUPINGS = ("code", "visit", "observer", "instrumented")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRow(Result):
    """One value; None means that the observer found it not measurable.

    `replicate` tells repeated readings of one film by one observer apart. `patient` groups films
    that are not independent; `truth` is known on phantom films only.
    """

    film: str
    observer: str
    replicate: str = "1"
    value: float | None
    code: str = ""
    unit: str = "deg"
    visit: str = ""
    patient: str = ""
    instrumented: bool | None = None
    created: datetime | None = None
    truth: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cube:
    """Readings of one code as an array (films, observers, replicates), NaN where missing."""

    films: tuple[str, ...]
    observers: tuple[str, ...]
    replicates: tuple[str, ...]
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingTable(Result):
    """Rows of readings without duplicates, in one unit a code.

    Raises
    ------
    DuplicateReadingsError
        Two rows have the same code, film, observer and replicate: values are never averaged.
    MixedUnitsError
        One code comes in several units.
    """

    values: tuple[ValueRow, ...]

    def __post_init__(self) -> None:
        _refuse_duplicates(self.values)
        for code in self.codes:
            units = sorted({row.unit for row in self.values if row.code == code})
            if len(units) > 1:
                raise MixedUnitsError(code or str(Word("what.the_table")), tuple(units))

    @property
    def codes(self) -> tuple[str, ...]:
        """Measurement codes, in order of appearance."""
        return tuple(dict.fromkeys(row.code for row in self.values))

    @property
    def films(self) -> tuple[str, ...]:
        """Films, in order of appearance."""
        return tuple(dict.fromkeys(row.film for row in self.values))

    @property
    def observers(self) -> tuple[str, ...]:
        """Observers, in alphabetical order."""
        return tuple(sorted({row.observer for row in self.values}))

    @property
    def unit(self) -> str:
        """The unit of the first row, that of all where there is one code; empty if no rows."""
        return self.values[0].unit if self.values else ""

    @property
    def not_measurable(self) -> int:
        """Number of readings that the observer found not measurable."""
        return sum(row.value is None for row in self.values)

    def where(self, keep: Callable[[ValueRow], bool]) -> ReadingTable:
        """Return the table of the rows that `keep` accepts."""
        return ReadingTable(values=tuple(row for row in self.values if keep(row)))

    def grouped(self, by: str) -> dict[str, ReadingTable]:
        """Return one table for each value of a column, in order of appearance.

        Parameters
        ----------
        by
            "code", "visit", "observer" or "instrumented"; rows with an empty value are left out.
        """
        groups: dict[str, list[ValueRow]] = defaultdict(list)
        for row in self.values:
            label = _label(getattr(row, by))
            if label:
                groups[label].append(row)
        return {label: ReadingTable(values=tuple(rows)) for label, rows in groups.items()}

    def cube(self) -> Cube:
        """Return the values by film, observer and replicate; the table must hold one code.

        Replicates are sorted as numbers where they are numbers.
        """
        if len(self.codes) != 1:
            raise TooFewDataError("codes_of_table", count=len(self.codes))
        films, observers = self.films, self.observers
        replicates = tuple(sorted({row.replicate for row in self.values}, key=_natural))
        values = np.full((len(films), len(observers), len(replicates)), np.nan)
        axes = [{name: i for i, name in enumerate(axis)} for axis in (films, observers, replicates)]
        for row in self.values:
            if row.value is not None:
                at = (axes[0][row.film], axes[1][row.observer], axes[2][row.replicate])
                values[at] = row.value
        return Cube(films=films, observers=observers, replicates=replicates, values=values)

    def patients_of_films(self) -> dict[str, str]:
        """Return the patient of each film; a film without one is its own patient."""
        return {row.film: row.patient or row.film for row in self.values}


def _refuse_duplicates(rows: Iterable[ValueRow]) -> None:
    seen: set[tuple[str, str, str, str]] = set()
    twice: dict[str, None] = {}
    for row in rows:
        key = (row.code, row.film, row.observer, row.replicate)
        if key in seen:
            code = f" {row.code}" if row.code else ""
            name = f"film {row.film}, observer {row.observer}, replicate {row.replicate}{code}"
            twice[name] = None
        seen.add(key)
    if twice:
        raise DuplicateReadingsError(tuple(twice))


def _label(value: object) -> str:
    if isinstance(value, bool):
        return "instrumented" if value else "not instrumented"
    return "" if value is None else str(value)


def _natural(text: str) -> tuple[int, float, str]:
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text
