"""Visit windows: which days after surgery count as which visit (science.md#visits)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any

from kyphometer.errors import VisitWindowError
from kyphometer.film import Position

FORMAT = "kyphometer-visit-windows"
VERSION = 1


class TimePoint(StrEnum):
    """The visits of the study; other studies may name more."""

    PREOPERATIVE = "preoperative"
    DISCHARGE = "discharge"
    ONE_MONTH = "one_month"
    SIX_MONTHS = "six_months"


class Choice(StrEnum):
    """Which of several films in a window is the visit's; never their average."""

    LAST = "last"
    FIRST = "first"
    NEAREST = "nearest"
    """Nearest to the target day; of two equally near, the later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitWindow:
    """Days that count as one visit.

    Days are counted from surgery: day 0 is the day of surgery, day 1 the day after, -1 the day
    before (not the study day of CDISC, which has no day 0).

    Attributes
    ----------
    visit
        Name, for example `one_month`.
    label
        How it is printed, for example `1 month`.
    tolerance
        First and last day of the primary analysis, both included.
    analysis
        First and last day of the wider window of the sensitivity analysis, both included; None as
        first day for no limit. Holds the tolerance.
    choose
        Which film counts if there are several.
    target_day
        Day aimed at; needed for `nearest`.
    preferred_positions
        Positions that go before others: for `first` the first film in one of them, otherwise only
        between films of one day.
    flag_before_day
        Films before this day are used but flagged as old; None for no such limit.
    filmed
        False if by protocol no film is taken at this visit, so that none is missed there; scores
        may be.
    """

    visit: str
    label: str
    tolerance: tuple[int, int]
    analysis: tuple[int | None, int]
    choose: Choice = Choice.NEAREST
    target_day: int | None = None
    preferred_positions: tuple[Position, ...] = ()
    flag_before_day: int | None = None
    filmed: bool = True

    def __post_init__(self) -> None:
        low, high = self.tolerance
        first, last = self.analysis
        if low > high or high > last or (first is not None and first > low):
            raise VisitWindowError("window_tolerance", visit=self.visit, low=low, high=high)
        if self.choose is Choice.NEAREST and self.target_day is None:
            raise VisitWindowError("window_no_target", visit=self.visit)
        if self.target_day is not None and not low <= self.target_day <= high:
            raise VisitWindowError(
                "window_target_outside",
                visit=self.visit,
                target_day=self.target_day,
                low=low,
                high=high,
            )

    def within_tolerance(self, day: int) -> bool:
        """True if the day belongs to the primary analysis."""
        return self.tolerance[0] <= day <= self.tolerance[1]

    def within_analysis(self, day: int) -> bool:
        """True if the day belongs to the sensitivity analysis."""
        first, last = self.analysis
        return (first is None or first <= day) and day <= last

    def to_dict(self) -> dict[str, Any]:
        """JSON document."""
        return {
            "visit": self.visit,
            "label": self.label,
            "tolerance": list(self.tolerance),
            "analysis": list(self.analysis),
            "choose": self.choose.value,
            "target_day": self.target_day,
            "preferred_positions": [position.value for position in self.preferred_positions],
            "flag_before_day": self.flag_before_day,
            "filmed": self.filmed,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitWindows:
    """The windows of a study, in order of time.

    Attributes
    ----------
    windows
        One a visit; their analysis windows do not overlap.
    baseline
        Visit before surgery, that corrections are taken from.
    reference
        First visit after surgery, that losses are taken from.
    """

    windows: tuple[VisitWindow, ...]
    baseline: str = TimePoint.PREOPERATIVE
    reference: str = TimePoint.DISCHARGE

    def __post_init__(self) -> None:
        for earlier, later in pairwise(self.windows):
            if later.analysis[0] is None or later.analysis[0] <= earlier.analysis[1]:
                raise VisitWindowError("window_overlaps", visit=later.visit, earlier=earlier.visit)
        if len(set(self.visits)) < len(self.windows) or not self.windows:
            raise VisitWindowError("window_visit_twice")
        for visit in (self.baseline, self.reference):
            if visit not in self.visits:
                raise VisitWindowError("window_missing", visit=visit)

    @property
    def visits(self) -> tuple[str, ...]:
        """Names of the visits in order of time."""
        return tuple(window.visit for window in self.windows)

    @property
    def filmed(self) -> tuple[str, ...]:
        """Names of the visits at which films are taken by protocol."""
        return tuple(window.visit for window in self.windows if window.filmed)

    def with_films_at(self, visits: Collection[str]) -> VisitWindows:
        """The same windows, films being taken at these visits only.

        Raises
        ------
        VisitWindowError
            If there is no such visit, or the baseline is not among them.
        """
        wanted = {self.window(visit).visit for visit in visits}
        if self.baseline not in wanted or len(wanted) < 2:
            raise VisitWindowError("window_films_needed", baseline=self.baseline)
        windows = tuple(replace(w, filmed=w.visit in wanted) for w in self.windows)
        return replace(self, windows=windows)

    @property
    def labels(self) -> dict[str, str]:
        """Printed names by visit."""
        return {window.visit: window.label for window in self.windows}

    def window(self, visit: str) -> VisitWindow:
        """The window of a visit.

        Raises
        ------
        VisitWindowError
            If there is no such visit.
        """
        for window in self.windows:
            if window.visit == visit:
                return window
        raise VisitWindowError("window_no_visit", visit=visit, names=", ".join(self.visits))

    def to_dict(self) -> dict[str, Any]:
        """JSON document."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "baseline": str(self.baseline),
            "reference": str(self.reference),
            "windows": [window.to_dict() for window in self.windows],
        }

    @classmethod
    def from_dict(cls, document: Any) -> VisitWindows:
        """Windows from their JSON document.

        Raises
        ------
        VisitWindowError
            If the document is damaged or of another format.
        """
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise VisitWindowError("windows_format", format=FORMAT)
        if document.get("version") != VERSION:
            raise VisitWindowError("windows_version", version=document.get("version"))
        try:
            return cls(
                windows=tuple(_window_from_dict(item) for item in document["windows"]),
                baseline=str(document["baseline"]),
                reference=str(document["reference"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise VisitWindowError("windows_damaged", reason=error) from None


def _window_from_dict(item: dict[str, Any]) -> VisitWindow:
    first, last = item["analysis"]
    low, high = item["tolerance"]
    return VisitWindow(
        visit=str(item["visit"]),
        label=str(item["label"]),
        tolerance=(int(low), int(high)),
        analysis=(None if first is None else int(first), int(last)),
        choose=Choice(item["choose"]),
        target_day=None if item["target_day"] is None else int(item["target_day"]),
        preferred_positions=tuple(Position(p) for p in item["preferred_positions"]),
        flag_before_day=None if item["flag_before_day"] is None else int(item["flag_before_day"]),
        filmed=bool(item.get("filmed", True)),
    )


DEFAULT_WINDOWS = VisitWindows(
    windows=(
        VisitWindow(
            visit=TimePoint.PREOPERATIVE,
            label="pre-op",
            tolerance=(-14, -1),
            analysis=(None, 0),
            choose=Choice.LAST,
            flag_before_day=-30,
        ),
        VisitWindow(
            visit=TimePoint.DISCHARGE,
            label="discharge",
            tolerance=(1, 14),
            analysis=(1, 14),
            choose=Choice.FIRST,
            preferred_positions=(Position.STANDING,),
        ),
        VisitWindow(
            visit=TimePoint.ONE_MONTH,
            label="1 month",
            tolerance=(23, 37),
            analysis=(15, 106),
            target_day=30,
        ),
        VisitWindow(
            visit=TimePoint.SIX_MONTHS,
            label="6 months",
            tolerance=(152, 212),
            analysis=(107, 273),
            target_day=182,
        ),
    )
)
"""Windows of science.md#visits."""
