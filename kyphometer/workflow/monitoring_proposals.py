"""What the detector makes of films, month by month: how many it refuses, how doubtful the rest is.

A film counts in the month of its exposure: if new films are refused more often, or proposed with
more doubt, then devices, settings or patients have changed. What was proposed is read from the file
that waits beside the film, or else from what the page noted when somebody read it. Films that are
not lateral by their header, or could not be read at all, say nothing of the detector.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kyphometer.errors import StatisticsError
from kyphometer.reliability import share_chart
from kyphometer.store.records import FilmRecord
from kyphometer.store.study.study import Study
from kyphometer.workflow.monitoring import (
    Figures,
    Grouping,
    Monitored,
    Quantity,
    chart_of_means,
    device_of,
)
from kyphometer.workflow.waiting import proposal_beside, proposal_file, stamp_of

REFUSED = Quantity(name="films refused by the detector", unit="%")
LARGEST = Quantity(name="largest doubt of a proposed film", unit="%")
MEAN = Quantity(name="mean doubt of a proposed film", unit="%")


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAt:
    """A film that the detector has seen.

    Attributes
    ----------
    month
        When it was taken, as `2026-11`.
    group
        Its device, or empty.
    doubts
        Of each proposed body, the probability that a corner is off by more than 3 mm; empty if the
        film was refused.
    """

    month: str
    group: str
    doubts: tuple[float, ...]


def monitor_proposals(study: Study, *, by: Grouping | None = None) -> tuple[Monitored, ...]:
    """Charts of refused films and of doubt; none by observer, who has no part in them."""
    if by is Grouping.OBSERVER:
        return ()
    return charts_of_films(_looked_at(study, by))


def charts_of_films(films: Iterable[LookedAt]) -> tuple[Monitored, ...]:
    """Three charts for each group: share refused, largest and mean doubt of a film."""
    groups: dict[str, list[LookedAt]] = defaultdict(list)
    for film in films:
        groups[film.group].append(film)
    return tuple(chart for group in sorted(groups) for chart in _charts(group, groups[group]))


def _charts(group: str, films: Sequence[LookedAt]) -> Iterator[Monitored]:
    yield _refused(group, films)
    figures = [
        Figures(
            month=film.month,
            group=group,
            values={LARGEST: 100 * max(film.doubts), MEAN: 100 * float(np.mean(film.doubts))},
        )
        for film in films
        if film.doubts
    ]
    for quantity in (LARGEST, MEAN):
        yield chart_of_means(group, quantity, figures)


def _refused(group: str, films: Sequence[LookedAt]) -> Monitored:
    rounds: dict[str, list[bool]] = defaultdict(list)
    for film in films:
        rounds[film.month].append(not film.doubts)
    months = sorted(rounds)
    counts = tuple(len(rounds[month]) for month in months)
    try:
        chart = share_chart([sum(rounds[month]) for month in months], counts)
    except StatisticsError as error:
        return Monitored(group=group, quantity=REFUSED, reason=str(error))
    return Monitored(
        group=group, quantity=REFUSED, months=tuple(months), counts=counts, chart=chart
    )


def _looked_at(study: Study, by: Grouping | None) -> Iterator[LookedAt]:
    notes: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for (film_id, _observer), noted in study.noted().items():
        notes[film_id] += noted
    for film in study.films():
        if film.taken_on is None or film.is_lateral is False:
            continue
        doubts = _waiting(film)
        if doubts is None:
            doubts = next((d for note in notes[film.id] if (d := _noted(note)) is not None), None)
        if doubts is not None:
            group = device_of(film) if by is Grouping.DEVICE else ""
            yield LookedAt(month=f"{film.taken_on:%Y-%m}", group=group, doubts=doubts)


def _waiting(film: FilmRecord) -> tuple[float, ...] | None:
    """Doubts in the file beside a film, none if it was refused; None if there is no such file."""
    stamp = None if film.path is None or film.frame != 1 else stamp_of(film.path)
    if film.path is None or stamp is None:
        return None
    known = proposal_file(proposal_beside(film.path), stamp)
    if known is None:
        return None
    if "reason" in known:
        return () if "refused" in known else None
    return tuple(float(body["doubt"]) for body in known["bodies"])


def _noted(details: Mapping[str, Any]) -> tuple[float, ...] | None:
    """The same by what the page noted of a reading; None if nothing had been asked for."""
    proposal = details.get("proposal")
    if not isinstance(proposal, Mapping):
        return None
    if proposal.get("refused") is True:
        return ()
    doubts = proposal.get("doubts")
    known = doubts.values() if isinstance(doubts, Mapping) else ()
    return tuple(float(d) for d in known if isinstance(d, int | float)) or None
