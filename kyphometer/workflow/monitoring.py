"""Help from the image month by month: how much it places, how far it moves, how sure it says it is.

Nobody knows the truth of a daily film, but what help does to it is known: if that changes, the
films, the readers or the program have changed, and somebody must look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from kyphometer.errors import StatisticsError
from kyphometer.reading import Landmark, MarkSource, Reading
from kyphometer.reliability import ControlChart, mean_and_sd_charts
from kyphometer.store.records import FilmRecord, ReadingRecord
from kyphometer.store.study.study import Study

ANGLE = "VKA"
STILL_PX = 0.01
"""A corner that is less than this away from where it was proposed was left as it was."""
BY_HAND = (MarkSource.HAND, MarkSource.TRUTH)


class Grouping(StrEnum):
    """What has charts of its own."""

    DEVICE = "device"
    OBSERVER = "observer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What is followed."""

    name: str
    unit: str


PLACED = Quantity(name="marks placed by the image", unit="%")
MOVED = Quantity(name="distance from click to mark", unit="mm")
LEFT = Quantity(name="proposed corners left as they were", unit="%")
CORRECTED = Quantity(name="distance from proposed to confirmed corner", unit="mm")
STATED = Quantity(name=f"stated SD of {ANGLE}", unit="deg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one reading says of help, or a film of what was proposed on it.

    Attributes
    ----------
    month
        When the reading was made or the film taken, as `2026-11`.
    group
        Device or observer, or empty.
    values
        By quantity; one that is not known is left out.
    """

    month: str
    group: str
    values: dict[Quantity, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitored:
    """A quantity of a group over months.

    Attributes
    ----------
    group
        Device or observer, or empty for all.
    quantity
        What it is.
    months, counts
        Of the chart's points: when, and of how many readings or films each is the mean.
    chart
        Means with limits from the scatter within months; None if there are too few.
    reason
        Why there is no chart.
    """

    group: str
    quantity: Quantity
    months: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    chart: ControlChart | None = None
    reason: str = ""

    def rows(self) -> list[dict[str, Any]]:
        """A row a month; a single one without numbers if there is no chart."""
        known = {"group": self.group, "quantity": self.quantity.name, "unit": self.quantity.unit}
        if self.chart is None:
            return [{**known, "note": self.reason}]
        notes = defaultdict(list)
        for signal in self.chart.signals:
            notes[signal.index].append(signal.rule)
        return [
            {
                **known,
                "month": month,
                "count": self.counts[n],
                "mean": self.chart.points[n],
                "lower": self.chart.lower[n],
                "centre": self.chart.centre,
                "upper": self.chart.upper[n],
                "note": "; ".join(notes[n]),
            }
            for n, month in enumerate(self.months)
        ]


def monitor(study: Study, *, by: Grouping | None = None) -> tuple[Monitored, ...]:
    """Charts of what help from the image did, from all readings outside of sessions.

    Of each film and observer the latest version counts, in the month in which it was made.
    """
    films = {film.id: film for film in study.films()}
    stated = {
        value.reading_id: value.standard_uncertainty
        for value in study.measurements((ANGLE,))
        if value.standard_uncertainty is not None
    }
    noted = study.noted()
    figures = [
        _figures(
            record,
            films[record.film_id],
            stated.get(record.id),
            by,
            noted.get((record.film_id, record.observer), ()),
        )
        for record in study.latest_readings()
        if record.session_item is None and record.film_id in films
    ]
    return charts(figures)


def charts(figures: Iterable[Figures]) -> tuple[Monitored, ...]:
    """A chart for each group and quantity."""
    sorted_in: dict[str, list[Figures]] = defaultdict(list)
    for item in figures:
        sorted_in[item.group].append(item)
    return tuple(
        chart_of_means(group, quantity, sorted_in[group])
        for group in sorted(sorted_in)
        for quantity in (PLACED, MOVED, LEFT, CORRECTED, STATED)
    )


def chart_of_means(group: str, quantity: Quantity, figures: Sequence[Figures]) -> Monitored:
    """Means of months; those with a single reading have no scatter and are left out."""
    rounds: dict[str, list[float]] = defaultdict(list)
    for item in figures:
        if quantity in item.values:
            rounds[item.month].append(item.values[quantity])
    months = sorted(month for month, values in rounds.items() if len(values) > 1)
    groups = [rounds[month] for month in months]
    if not groups:
        return Monitored(group=group, quantity=quantity, reason="No month has two values of it.")
    try:
        chart, _scatter = mean_and_sd_charts(groups)
    except StatisticsError as error:
        return Monitored(group=group, quantity=quantity, reason=str(error))
    return Monitored(
        group=group,
        quantity=quantity,
        months=tuple(months),
        counts=tuple(map(len, groups)),
        chart=chart,
    )


def _figures(
    record: ReadingRecord,
    film: FilmRecord,
    stated: float | None,
    by: Grouping | None,
    noted: Sequence[Mapping[str, Any]],
) -> Figures:
    reading = record.reading
    marks = _marks(reading)
    values: dict[Quantity, float] = {}
    if marks:
        helped = [mark for mark in marks if mark.source not in BY_HAND]
        values[PLACED] = 100.0 * len(helped) / len(marks)
        values |= _moved(helped, film) | _corrected(reading, film, noted)
        if stated is not None and helped:
            values[STATED] = stated
    group = ""
    if by is Grouping.OBSERVER:
        group = record.observer
    elif by is Grouping.DEVICE:
        group = device_of(film)
    made = reading.created or record.saved_at
    return Figures(month=f"{made:%Y-%m}", group=group, values=values)


def device_of(film: FilmRecord) -> str:
    """Make and model as the film names them."""
    return str(film.facts.get("manufacturer") or "not named")


def _marks(reading: Reading) -> list[Landmark]:
    """Rim corners of a reading."""
    return [
        mark
        for body in reading.vertebrae.values()
        for plate in body.endplates.values()
        for mark in (plate.anterior, plate.posterior)
    ]


def _corrected(
    reading: Reading, film: FilmRecord, noted: Sequence[Mapping[str, Any]]
) -> dict[Quantity, float]:
    """What became of the corners of the proposal that was taken last, if one was.

    A taken corner is compared with the nearest of its kind (superior anterior and so on) in the
    confirmed reading, whatever that body is called by now: levels may have been moved.
    """
    taken = next((places for one in noted if (places := _taken(one))), {})
    steps = np.array([step for key, at in taken.items() for step in _nearest(reading, key, at)])
    if len(steps) == 0:
        return {}
    values = {LEFT: float(100 * (np.hypot(*steps.T) < STILL_PX).mean())}
    if film.row_mm is not None and film.column_mm is not None:
        steps = steps * (film.column_mm, film.row_mm)
        values[CORRECTED] = float(np.hypot(*steps.T).mean())
    return values


def _taken(details: Mapping[str, Any]) -> Mapping[str, Sequence[float]]:
    """Where taken corners were proposed, by `level.endplate.corner`, as the page noted it."""
    proposal = details.get("proposal")
    taken = proposal.get("taken") if isinstance(proposal, Mapping) else None
    return taken if isinstance(taken, Mapping) else {}


def _nearest(reading: Reading, key: str, at: Sequence[float]) -> list[tuple[float, float]]:
    """The step from a proposed corner to the nearest confirmed one of its kind."""
    _level, side, corner = key.split(".")
    plates = [getattr(body, side, None) for body in reading.vertebrae.values()]
    marks = [getattr(plate, corner, None) for plate in plates if plate is not None]
    steps = [(mark.xy.x - at[0], mark.xy.y - at[1]) for mark in marks if mark is not None]
    return [min(steps, key=lambda step: step[0] ** 2 + step[1] ** 2)] if steps else []


def _moved(helped: Sequence[Landmark], film: FilmRecord) -> dict[Quantity, float]:
    """Median distance of marks from their clicks, if both and the film's scale are known."""
    clicked = [(mark.xy, mark.raw) for mark in helped if mark.raw is not None]
    if not clicked or film.row_mm is None or film.column_mm is None:
        return {}
    steps = np.array([(a.x - b.x, a.y - b.y) for a, b in clicked])
    steps *= (film.column_mm, film.row_mm)
    return {MOVED: float(np.median(np.hypot(*steps.T)))}
