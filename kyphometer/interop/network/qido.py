"""QIDO-RS: what an archive lists, page by page, and whether that is all of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Final

from kyphometer.errors import PacsPartError
from kyphometer.interop.network.answer import Answer
from kyphometer.interop.network.archive import FIELDS, Entry, Query, Tell, entry_of

PAGE: Final = 200
"""As many as are asked for at once; some archives refuse to give more."""
_ESCAPED: Final = re.compile(r"[^A-Za-z0-9_.*?-]+")
"""What an address cannot hold as it is."""
_FEWEST_LETTERS: Final = 3
ASKED: Final = tuple(dict.fromkeys((*FIELDS.values(), "Rows", "Columns")))
_OF_STUDY: Final = (
    "StudyDescription", "PatientID", "PatientName", "StudyDate", "ModalitiesInStudy",
    "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances",
)  # fmt: skip
_OF_SERIES: Final = (
    "Modality", "SeriesDescription", "BodyPartExamined", "NumberOfSeriesRelatedInstances",
)  # fmt: skip
_ENDLESS: Final = 1 << 40


class Search:
    """One search.

    Parameters
    ----------
    client
        A `Listing`.
    name
        Name of the archive, for sentences.
    told
        Says what a request meets in a sentence.
    tell
        Told where the archive lists less than it says it holds.
    """

    def __init__(
        self,
        client: Any,
        name: str,
        told: Callable[[str], AbstractContextManager[None]],
        tell: Tell | None,
    ) -> None:
        self._client = client
        self._name = name
        self._told = told
        self._tell = tell

    def find(self, query: Query) -> Iterator[Entry]:
        """Instances that fit, study by study."""
        left = query.limit
        for study in self._studies(query):
            if not _may_hold(study, query):
                continue
            for answers in self._instances(study, query):
                found = entry_of(*answers, study)
                if found is None or not _is_wanted(found.modality, query):
                    continue
                if left <= 0:
                    return
                left -= 1
                yield found

    def _studies(self, query: Query) -> Iterator[Any]:
        asked = {
            "PatientID": query.patient_id,
            "PatientName": query.patient_name,
            "AccessionNumber": query.accession_number,
            "StudyInstanceUID": query.study_instance_uid,
            "StudyDate": query.dates(),
        }
        filters = {name: value for name, value in asked.items() if value}
        found = False
        for study in self._studies_with(filters):
            found = True
            yield study
        plain = _ESCAPED.sub("*", query.patient_name)
        # Orthanc 1.10 takes escapes literally; what has hardly a letter left would find anybody.
        told = len(re.sub(r"\W", "", plain)) >= _FEWEST_LETTERS
        if not found and told and plain != query.patient_name:
            yield from self._studies_with({**filters, "PatientName": plain})

    def _studies_with(self, filters: dict[str, str]) -> Iterator[Any]:
        search = self._client.search_for_studies
        yield from self._pages(search, _OF_STUDY, _ENDLESS, search_filters=filters)

    def _instances(self, study: Any, query: Query) -> Iterator[tuple[Any, ...]]:
        """Answers of each instance, with that of its series where it was asked for."""
        uid, count = str(study.get("StudyInstanceUID", "")), _count(study, "Study", "Instances")
        if count is None or _pages_of(count) < max(2, _count(study, "Study", "Series") or 0):
            search = self._client.search_for_instances
            found = list(self._pages(search, ASKED, count or 0, study_instance_uid=uid))
            if len(found) >= (count or 0):
                yield from ((one,) for one in found)
                return
        yield from self._by_series(study, uid, query)

    def _by_series(self, study: Any, uid: str, query: Query) -> Iterator[tuple[Any, ...]]:
        """Series by series: many instances in few series, or a list that is not all of them."""
        wanted = _count(study, "Study", "Series") or 0
        search = self._client.search_for_series
        series = list(self._pages(search, _OF_SERIES, wanted, study_instance_uid=uid))
        if len(series) < wanted:
            self._say(len(series), wanted, uid)
        for one in series:
            if not _is_wanted(str(one.get("Modality") or ""), query):
                continue
            inner = str(one.get("SeriesInstanceUID", ""))
            wanted, got = _count(one, "Series", "Instances") or 0, 0
            for found in self._pages(
                self._client.search_for_instances,
                ASKED,
                wanted,
                study_instance_uid=uid,
                series_instance_uid=inner,
            ):
                got += 1
                yield found, one
            if got < wanted:
                self._say(got, wanted, inner)

    def _say(self, listed: int, held: int, uid: str) -> None:
        if self._tell is not None:
            self._tell(PacsPartError(self._name, listed, held, uid))

    def _pages(
        self, search: Any, fields: tuple[str, ...], wanted: int, **options: Any
    ) -> Iterator[Any]:
        """All answers, page by page, until nothing new comes.

        A page that is short ends it, unless more is known to be there: some archives give less at
        once than they are asked for.
        """
        offset, seen = 0, set[int]()
        while True:
            count, fresh = 0, []
            with self._told("find"):
                for member in search(limit=PAGE, offset=offset, fields=fields, **options):
                    count += 1
                    key = hash(member)  # what came before need not be kept to be known again
                    if key not in seen:
                        seen.add(key)
                        fresh.append(Answer(member, self._name))
            yield from fresh
            offset += count
            if not fresh or (count < PAGE and offset >= wanted):
                return


def _pages_of(count: int) -> int:
    return -(-count // PAGE)


def _may_hold(study: Any, query: Query) -> bool:
    """False for a study that says it holds no modality that is wanted."""
    said = study.get("ModalitiesInStudy") or ()
    kinds = [said] if isinstance(said, str) else [str(one) for one in said]
    return not kinds or any(_is_wanted(kind, query) for kind in kinds)


def _is_wanted(modality: str, query: Query) -> bool:
    return not query.modalities or modality.upper() in query.modalities


def _count(answer: Any, of: str, what: str) -> int | None:
    said = str(answer.get(f"NumberOf{of}Related{what}") or "")
    return int(said) if said.isdecimal() and len(said) < 7 else None
