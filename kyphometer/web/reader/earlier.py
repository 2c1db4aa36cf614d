"""What the patient's film before says: the levels to read again, and the values to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from kyphometer.anatomy import Level
from kyphometer.errors import KyphometerError
from kyphometer.measure import Measurement, measure_reading
from kyphometer.reading import Reading
from kyphometer.store.protocol import ReadingStore
from kyphometer.store.records import FilmRecord, ReadingRecord
from kyphometer.web.reader.agreement import Agreement
from kyphometer.web.reader.catalogue import Catalogue
from kyphometer.web.reader.changes import changes_view
from kyphometer.web.wire.marks import Change


class Earlier:
    """Looks at this reader's confirmed reading of the patient's film before."""

    def __init__(
        self, store: ReadingStore, observer: str, catalogue: Catalogue, agreement: Agreement
    ) -> None:
        self._store = store
        self._observer = observer
        self._catalogue = catalogue
        self._agreement = agreement
        self._latest: dict[int, ReadingRecord] = {}

    def levels(self, film: FilmRecord) -> list[Level]:
        """Fractured levels to begin with: agreed on, or read before, or offered at the start."""
        agreed = self._agreement.levels.get(film.patient or "", ())
        if not agreed:
            before = self.reading_before(film)
            agreed = before[1].reading.fractured_levels if before else ()
        if not agreed and self._agreement.fractured_level is not None:
            agreed = (self._agreement.fractured_level,)
        return list(agreed)

    def changes(
        self,
        film: FilmRecord,
        reading: Reading,
        measurements: Sequence[Measurement],
    ) -> list[Change] | None:
        """Change of every angle that the film before has too; None if there is none to compare."""
        before = self.reading_before(film)
        if before is None:
            return None
        earlier, record = before
        try:
            read, known = measured_once(earlier, record, self._agreement.corner_sd_mm)
        except KyphometerError:  # a reading that came from elsewhere and cannot be measured
            read, known = None, ()
        return changes_view(
            (earlier, known, read), (film, measurements, reading), self._agreement.precision
        )

    def reading_before(
        self, film: FilmRecord, named: FilmRecord | None = None
    ) -> tuple[FilmRecord, ReadingRecord] | None:
        """The latest film before that one that this reader has confirmed, with the reading.

        `named` is the film of the same patient that is meant, if it is not the latest.
        """
        before = self._catalogue.before(film)
        while before is not None:
            item = self._catalogue.items().get(before.id)
            if item is not None and item.version and named in (None, before):
                record = self._reading(before, item.version)
                if record is not None:
                    return before, record
            before = self._catalogue.before(before)
        return None

    def _reading(self, film: FilmRecord, version: int) -> ReadingRecord | None:
        """The latest reading of a film; a version that is known already is not asked for again."""
        known = self._latest.get(film.id)
        if known is None or known.version != version:
            known = self._store.latest_reading(film.id, self._observer)
            if known is not None:
                self._latest[film.id] = known
        return known


def measured(film: FilmRecord, reading: Reading, corner_sd_mm: float) -> tuple[Measurement, ...]:
    """What a reading measures on its film, as far as it goes."""
    found = measure_reading(
        reading,
        film.geometry,
        corner_sd_mm=corner_sd_mm,
        header_facing=film.header_facing,
        strict=False,
    )
    return found.measurements


@lru_cache(maxsize=256)
def measured_once(
    film: FilmRecord, record: ReadingRecord, corner_sd_mm: float
) -> tuple[Reading, tuple[Measurement, ...]]:
    """A confirmed reading, which never changes, and its values."""
    reading = record.reading
    return reading, measured(film, reading, corner_sd_mm)
