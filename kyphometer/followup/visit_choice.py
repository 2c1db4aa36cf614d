"""Which of several films in one window is the visit's film: one rule, total and stated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from kyphometer.film import Position
from kyphometer.followup.visit_model import DatedFilm
from kyphometer.followup.windows import Choice, VisitWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmChoice:
    """The chosen film.

    Attributes
    ----------
    film, day
        The film and its day from surgery.
    reason
        The rule, in words.
    undecided
        Films that no rule could tell from the chosen one but their name; empty if none.
    """

    film: DatedFilm
    day: int
    reason: str
    undecided: tuple[int | str, ...] = ()


def choose_film(window: VisitWindow, candidates: Sequence[tuple[DatedFilm, int]]) -> FilmChoice:
    """Choose one film; candidates are (film, day), at least one.

    Order of the rules: `first` looks at preferred positions, then the earliest day and time; `last`
    at the latest day; `nearest` at the distance to the target, then the later day. Films of one day
    are told apart by preferred position, then by known before unknown position, then by time (the
    later; the earlier for `first`), at last by name, which is flagged.
    """
    ranked = sorted(candidates, key=lambda pair: _key(window, *pair))
    film, day = ranked[0]
    equal = tuple(
        other.film
        for other, other_day in ranked[1:]
        if _rank(window, other, other_day) == _rank(window, film, day)
        and (film.taken_at is None or other.taken_at is None or film.taken_at == other.taken_at)
    )
    return FilmChoice(
        film=film,
        day=day,
        reason=_reason(window),
        undecided=(film.film, *equal) if equal else (),
    )


def _rank(window: VisitWindow, film: DatedFilm, day: int) -> tuple[int, int, int]:
    """Days and position, best first."""
    position = _position_rank(window, film)
    if window.choose is Choice.FIRST:
        return (position, day, 0)
    if window.choose is Choice.LAST:
        return (-day, 0, position)
    return (abs(day - (window.target_day or 0)), -day, position)


def _key(window: VisitWindow, film: DatedFilm, day: int) -> tuple[object, ...]:
    """Rank, then time of day, then name."""
    at = film.taken_at or time.min
    seconds = at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6
    sign = 1 if window.choose is Choice.FIRST else -1
    return (*_rank(window, film, day), sign * seconds, _Reversed(str(film.film).rjust(24, "0")))


def _position_rank(window: VisitWindow, film: DatedFilm) -> int:
    if film.position in window.preferred_positions:
        return window.preferred_positions.index(film.position)
    known = film.position is not Position.UNKNOWN
    return len(window.preferred_positions) + (0 if known else 1)


def _reason(window: VisitWindow) -> str:
    if window.choose is Choice.NEAREST:
        return f"nearest to day {window.target_day}, of equals the later"
    return {
        Choice.LAST: "the last one before surgery",
        Choice.FIRST: "the first one, standing or other preferred positions before others",
    }[window.choose]


@dataclass(frozen=True, slots=True, order=False)
class _Reversed:
    """Text that sorts backwards: of two equal films the one with the higher name is taken."""

    text: str

    def __lt__(self, other: _Reversed) -> bool:
        return self.text > other.text
