"""Requests for films (C-GET, C-MOVE): as many in one as an archive understands.

A request names the films of a study at once. The standard asks for one series a request; archives
that hold to it bring nothing, and are asked series by series, or film by film. What a request of
many leaves out is asked for by itself: what fails, fails alone and says why.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Any, Final

from kyphometer.errors import (
    KyphometerError,
    PacsCutError,
    PacsNotFoundError,
    PacsStatusError,
)
from kyphometer.interop.network.archive import Entry
from kyphometer.interop.network.destinations import Destination
from kyphometer.interop.network.silence import Silence
from kyphometer.interop.network.stored import StoreHandler

GET: Final = "1.2.840.10008.5.1.4.1.2.2.3"
MOVE: Final = "1.2.840.10008.5.1.4.1.2.2.2"
MOST_AT_ONCE: Final = 200
"""So many films a request: far more save little, and a failure costs each of them a request."""


class Span(IntEnum):
    """What one request may name films of."""

    FILM = 0
    SERIES = 1
    STUDY = 2


class Asking:
    """Asks on one association for films that a handler receives.

    Parameters
    ----------
    association
        With the archive; for C-GET the films come on it.
    silence
        Is told of what is heard, and ends what takes too long.
    """

    def __init__(
        self, to: Destination, association: Any, handler: StoreHandler, silence: Silence
    ) -> None:
        self._to = to
        self._association = association
        association.dimse_timeout = to.film_timeout_s + to.timeout_s  # `silence` ends it before
        self._handler = handler
        self._silence = silence
        self._span = Span.STUDY
        self._number = 0

    def each(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, KyphometerError | None]]:
        """Entries as they come, which may not be on the disk yet, and those that failed."""
        for study in _grouped(entries, "study_instance_uid"):
            yield from self._fetch(study, Span.STUDY)

    def _fetch(
        self, entries: Sequence[Entry], widest: Span
    ) -> Iterator[tuple[Entry, KyphometerError | None]]:
        span = min(widest, self._span)
        if span is Span.FILM or len(entries) == 1:
            for entry in entries:
                yield entry, self._one(entry)
            return
        series = _grouped(entries, "series_instance_uid")
        if span is Span.SERIES and len(series) > 1:
            for part in series:
                yield from self._fetch(part, Span.SERIES)
            return
        for first in range(0, len(entries), MOST_AT_ONCE):
            batch = entries[first : first + MOST_AT_ONCE]
            left = yield from self._together(batch)
            narrower = Span.FILM
            if len(left) == len(batch):
                narrower = Span.SERIES if len(series) > 1 else Span.FILM
                self._span = min(self._span, narrower)
            yield from self._fetch(left, narrower)

    def _together(
        self, batch: Sequence[Entry]
    ) -> Generator[tuple[Entry, KyphometerError | None], None, list[Entry]]:
        """Those that come of a batch; returns those that do not."""
        waiting = {one.sop_instance_uid: one for one in batch}
        for _ in self._answers(batch):
            for uid in [uid for uid in waiting if self._handler.came(uid)]:
                yield waiting.pop(uid), None
        return list(waiting.values())

    def _one(self, entry: Entry) -> KyphometerError | None:
        uid = entry.sop_instance_uid
        last = deque(self._answers([entry]), 1).pop()
        if self._handler.came(uid):
            return None
        code = last.Status
        if code == 0 and not getattr(last, "NumberOfFailedSuboperations", 0):
            return PacsNotFoundError(self._to.name, uid)
        return PacsStatusError(self._to.name, "fetch", f"0x{code:04X}", uid)

    def _answers(self, batch: Sequence[Entry]) -> Iterator[Any]:
        """Answers to a request for films, to the last one."""
        self._number += 1
        self._handler.expect(one.sop_instance_uid for one in batch)
        with self._silence.bounded(self._association):
            try:
                for status, _ in self._request(batch):
                    self._silence.heard()
                    if getattr(status, "Status", None) is None:
                        raise PacsCutError(self._to.name)
                    yield status
                    self._silence.heard()
            except RuntimeError:  # no association any more
                raise PacsCutError(self._to.name) from None

    def _request(self, batch: Sequence[Entry]) -> Any:
        from pydicom.dataset import Dataset

        keys = Dataset()
        keys.QueryRetrieveLevel = "IMAGE"
        keys.StudyInstanceUID = batch[0].study_instance_uid
        keys.SeriesInstanceUID = list(dict.fromkeys(one.series_instance_uid for one in batch))
        keys.SOPInstanceUID = [one.sop_instance_uid for one in batch]
        number = self._number % 65535
        if self._to.retrieve == "get":
            return self._association.send_c_get(keys, GET, msg_id=number)
        return self._association.send_c_move(keys, self._to.calling_ae, MOVE, msg_id=number)


def _grouped(entries: Iterable[Entry], by: str) -> list[list[Entry]]:
    """Entries in groups of the same value, in the order in which these begin."""
    groups: dict[str, list[Entry]] = {}
    for one in entries:
        groups.setdefault(getattr(one, by), []).append(one)
    return list(groups.values())
