"""All visits of a patient in one table: angles, change since pre-op, loss since discharge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kyphometer.errors import KyphometerError
from kyphometer.followup.carried import carried_change
from kyphometer.followup.correction import CorrectionRules
from kyphometer.followup.judged import judge
from kyphometer.followup.time_points import visit_meant
from kyphometer.followup.visit_angles import VisitAngle
from kyphometer.measure.model import Z95
from kyphometer.reading import Reading
from kyphometer.store.records import FilmRecord, Stored
from kyphometer.web.reader.agreement import Agreement
from kyphometer.web.reader.changes import POSITIONS, visit_angles
from kyphometer.web.reader.confirming import draft_reading
from kyphometer.web.reader.earlier import measured, measured_once
from kyphometer.web.reader.overview import FRACTURE_ANGLES
from kyphometer.web.views.visits import (
    VisitAngleColumn,
    VisitChange,
    VisitRow,
    VisitTable,
    VisitValue,
    visit_change,
)

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFilm:
    """A film of the patient with what this reader has made of it.

    Attributes
    ----------
    film
        The film.
    stored
        What this reader has on it.
    document
        Marks that the page shows and has not sent yet; None for what is stored.
    """

    film: FilmRecord
    stored: Stored
    document: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Visit:
    read: ReadFilm
    reading: Reading | None
    angles: Mapping[Key, VisitAngle]
    error: str | None


def visit_table(films: Sequence[ReadFilm], current: int, agreement: Agreement) -> VisitTable:
    """The table of a patient's films, which come oldest first.

    Parameters
    ----------
    current
        Number of the film that is open.
    """
    visits = [_visit(film, agreement.corner_sd_mm) for film in films]
    columns = sorted(
        {key for visit in visits for key in visit.angles},
        key=lambda key: (FRACTURE_ANGLES.index(key[0]), key[1:]),
    )
    baseline, reference, by_visit = _anchors(visits, agreement)
    readings: dict[int | str, Reading] = {
        v.read.film.id: v.reading for v in visits if v.reading is not None
    }
    judged = _Judge(agreement, readings)
    return VisitTable(
        angles=[VisitAngleColumn(code=c, upper=upper, lower=lower) for c, upper, lower in columns],
        visits=[
            _row(visits, place, columns, baseline, reference, judged, current)
            for place in range(len(visits))
        ],
        baseline=None if baseline is None else str(visits[baseline].read.film.id),
        reference=None if reference is None else str(visits[reference].read.film.id),
        by_visit=by_visit,
        loss_limit=agreement.loss_limit_deg,
    )


@dataclass(frozen=True, slots=True)
class _Judge:
    """Judges changes between films of one patient."""

    agreement: Agreement
    readings: Mapping[int | str, Reading]

    def change(
        self, earlier: VisitAngle | None, later: VisitAngle, least: float = 0.0
    ) -> VisitChange | None:
        """The change, or None if there is nothing before; below `least` it is small."""
        if earlier is None:
            return None
        between = [name for name in self.readings if name not in (earlier.film, later.film)]
        known = carried_change(earlier, later, self.readings, between)
        rules = CorrectionRules(
            precision=self.agreement.precision,
            positions=POSITIONS,
            change_uncertainties={} if known is None else {known.key: known},
        )
        return visit_change(judge(earlier, later, rules), int(earlier.film or 0), least)


def _visit(read: ReadFilm, corner_sd_mm: float) -> _Visit:
    film, stored = read.film, read.stored.reading
    shown = read.document or (read.stored.draft and read.stored.draft.document)
    try:
        if shown:
            reading: Reading | None = draft_reading(shown, film.reference)
            found = measured(film, reading, corner_sd_mm) if reading and reading.vertebrae else ()
        elif stored is not None:
            reading, found = measured_once(film, stored, corner_sd_mm)
        else:
            return _Visit(read, None, {}, None)
    except KyphometerError as error:
        return _Visit(read, None, {}, str(error))
    angles = {
        (angle.code, *angle.pair): angle
        for angle in visit_angles(film, found)
        if angle.code in FRACTURE_ANGLES
    }
    return _Visit(read, reading, angles, None)


def _anchors(visits: Sequence[_Visit], agreement: Agreement) -> tuple[int | None, int | None, bool]:
    """Places of the baseline and of the reference, and whether visits tell the baseline.

    Of several films of a visit one that was read goes before: the last before surgery, the first
    after it. Where no film is said to be before surgery, change counts from the first one.
    """
    windows = agreement.windows
    meant = [visit_meant(v.read.film.visit or "", windows) for v in visits]
    before = [place for place, name in enumerate(meant) if name == windows.baseline]
    after = [place for place, name in enumerate(meant) if name == windows.reference]
    baseline = _chosen(visits, before[::-1])
    reference = _chosen(visits, after)
    if baseline is not None:
        return baseline, reference, True
    dated = len(visits) > 1 and all(visit.read.film.taken_on for visit in visits)
    return (0 if dated else None), reference, False


def _chosen(visits: Sequence[_Visit], places: Sequence[int]) -> int | None:
    read = [place for place in places if visits[place].angles]
    return next(iter((*read, *places)), None)


def _row(
    visits: Sequence[_Visit],
    place: int,
    columns: Sequence[Key],
    baseline: int | None,
    reference: int | None,
    judged: _Judge,
    current: int,
) -> VisitRow:
    visit = visits[place]
    film = visit.read.film
    first = None if baseline is None else visits[baseline]
    since = first if baseline is not None and baseline < place else None
    lost = visits[reference] if reference is not None and reference < place else None
    day = None
    if first is not None and film.taken_on and first.read.film.taken_on:
        day = (film.taken_on - first.read.film.taken_on).days
    return VisitRow(
        film_id=str(film.id),
        label=film.name,
        visit=film.visit,
        date=film.taken_on,
        day=day,
        position=film.patient_position,
        status=_status(visit.read),
        current=film.id == current,
        error=visit.error,
        values=[_value(visit, key, since, lost, judged) for key in columns],
    )


def _value(
    visit: _Visit, key: Key, since: _Visit | None, lost: _Visit | None, judged: _Judge
) -> VisitValue | None:
    angle = visit.angles.get(key)
    if angle is None:
        return None
    spread = angle.standard_uncertainty_deg
    limit = judged.agreement.loss_limit_deg
    return VisitValue(
        value=angle.value_deg,
        half_width=None if spread is None else Z95 * spread,
        change=judged.change(since.angles.get(key), angle) if since else None,
        loss=judged.change(lost.angles.get(key), angle, limit) if lost else None,
    )


def _status(read: ReadFilm) -> Any:
    if read.document is not None or read.stored.draft is not None:
        return "draft"
    return "unread" if read.stored.reading is None else "read"
