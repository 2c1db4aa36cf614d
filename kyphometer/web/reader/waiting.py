"""Proposals that wait beside the films of a work list, looked up again only where files changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from kyphometer.store.records import FilmRecord, ReadingState, WorkItem
from kyphometer.web.views.work import BY_DOUBT, Line
from kyphometer.web.wire.films import WaitingDoubt, WorkQuery
from kyphometer.workflow.waiting import (
    SUFFIX,
    Doubt,
    Stamp,
    doubt_of,
    proposal_beside,
    proposal_file,
    stamp_of,
)

FRESH_S = 4.0
ORDERS = ("doubt", "certain")


class WaitingProposals:
    """What waits beside films; a folder is listed, and a proposal read, again once it changed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._listed: dict[Path, tuple[float, frozenset[str]]] = {}
        self._known: dict[Path, tuple[Stamp, Stamp, Doubt | None]] = {}

    def any(self, films: Iterable[FilmRecord]) -> bool:
        """Whether a file with a proposal lies beside one of the films."""
        return any(self._beside(film) is not None for film in films)

    def of(self, item: WorkItem, film: FilmRecord) -> Doubt | None:
        """The doubt of what waits for whoever has that line; None once the film is read."""
        path = self._beside(film)
        if path is None or film.path is None or item.state is ReadingState.CONFIRMED:
            return None
        own, stamp = stamp_of(path), stamp_of(film.path)
        if own is None or stamp is None:
            return None
        known = self._known.get(path)
        if known is None or known[:2] != (own, stamp):
            document = proposal_file(path, stamp)
            known = (own, stamp, None if document is None else doubt_of(document))
            self._known[path] = known
        return known[2]

    def matching(self, lines: Sequence[Line], query: WorkQuery) -> list[Line]:
        """Lines of the asked part, in the asked order, as far as doubt decides either."""
        if query.status not in BY_DOUBT and query.sort not in ORDERS:
            return list(lines)
        found = [(line, self.of(*line)) for line in lines]
        if query.status in BY_DOUBT:
            found = [(line, doubt) for line, doubt in found if doubt and doubt.is_in(query.status)]
        if query.sort in ORDERS:
            known = [(doubt.rank, line) for line, doubt in found if doubt is not None]
            known.sort(key=lambda pair: pair[0], reverse=query.sort == "doubt")
            return [line for _, line in known] + [line for line, doubt in found if doubt is None]
        return [line for line, _ in found]

    def _beside(self, film: FilmRecord) -> Path | None:
        if film.path is None or film.frame != 1:
            return None
        path = proposal_beside(film.path)
        return path if path.name in self._names(path.parent) else None

    def _names(self, folder: Path) -> frozenset[str]:
        now = self._clock()
        known = self._listed.get(folder)
        if known is None or now >= known[0] + FRESH_S:
            try:
                with os.scandir(folder) as found:
                    names = frozenset(one.name for one in found if one.name.endswith(SUFFIX))
            except OSError:
                names = frozenset()
            known = self._listed[folder] = (now, names)
        return known[1]


def doubt_view(doubt: Doubt | None) -> WaitingDoubt | None:
    """A doubt as the page gets it."""
    if doubt is None:
        return None
    return WaitingDoubt(
        levels=list(doubt.levels),
        doubtful=list(doubt.doubtful),
        largest=doubt.largest,
        sure=doubt.sure,
        reason=doubt.reason,
        other=doubt.other is not None,
    )
