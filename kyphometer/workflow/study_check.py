"""Everything in a study that contradicts itself or cannot be, for the person who decides."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from kyphometer.followup.remarks import Remark, RemarkKind
from kyphometer.followup.time_points import visit_meant
from kyphometer.measure.plausible import endplate_lengths_mm, implausible_scale
from kyphometer.store.people.people import alike_sentence, plain_code
from kyphometer.store.records import FilmRecord
from kyphometer.store.study.study import Study

_LEAST_CM, _MOST_CM = 8.0, 135.0
"""Sides of films: a cropped lumbar spine, a scanogram of the whole body."""
_CLINIC_APART_DAYS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Something that cannot be, or that somebody should look at.

    Attributes
    ----------
    kind
        `tampered`, `header`, `time point`, `date`, `copy`, `size`, `clinical`, `code` or `visit`.
    patient
        Code of the patient, or empty.
    film
        Number of the film, or None.
    sentence
        What is the matter.
    """

    kind: str
    sentence: str
    patient: str = ""
    film: int | None = None

    def remark(self) -> Remark:
        """The same as a remark of a report."""
        about = "" if self.film is None else f"Film {self.film}: "
        return Remark(
            kind=RemarkKind.WARNING, patient=self.patient, sentence=f"{about}{self.sentence}"
        )


def study_contradictions(study: Study) -> tuple[Contradiction, ...]:
    """Every contradiction of a study, the gravest kind first."""
    films = study.films()
    return (
        *(Contradiction(kind="tampered", sentence=sentence) for sentence in study.check()),
        *_of_visits(study, films),
        *_of_sizes(study, films),
        *_of_clinical(study),
        *_of_codes(study),
        *film_warnings(films),
    )


def film_warnings(films: Iterable[FilmRecord]) -> Iterator[Contradiction]:
    """What the headers of films lack or contradict, as it was found when they were taken up."""
    for film in films:
        for sentence in film.facts.get("warnings", ()):
            yield Contradiction(
                kind="header", patient=film.patient or "", film=film.id, sentence=sentence
            )


def _of_visits(study: Study, films: tuple[FilmRecord, ...]) -> Iterator[Contradiction]:
    windows = study.settings.visits
    labels = windows.labels
    read = {record.film_id for record in study.latest_readings()}
    dated = {patient.code for patient in study.patients() if patient.surgery_date}
    for film in films:
        about = Contradiction(
            kind="date", patient=film.patient or "", film=film.id, sentence="It has no date."
        )
        stated = film.facts.get("time_point")
        meant = visit_meant(stated, windows) if stated else None
        if film.copy_of is not None:
            yield replace(about, kind="copy", sentence=_copy_sentence(film, film.id in read))
        elif film.patient not in dated and not film.visit:
            pass  # without a date of surgery no date says which visit it is
        elif meant is not None and meant != film.visit:
            by_date = f"the visit '{labels.get(film.visit, film.visit)}'" if film.visit else "none"
            sentence = (
                f"The header calls it '{stated}' but by its date {film.taken_on} it is {by_date}."
            )
            if film.visit or film.taken_on is not None:
                yield replace(about, kind="time point", sentence=sentence)
        if film.taken_on is None:
            yield about
        if film.patient is None:
            yield replace(about, kind="code", sentence="It has no patient.")
    yield from _without_visit(study, films)


def _copy_sentence(film: FilmRecord, read: bool) -> str:
    lost = ", and readings of it are not used" if read and film.visit is None else ""
    visit = "" if film.visit is None else " but was put to a visit by hand"
    counted = "" if film.visit else f": it is not counted as another film{lost}"
    return f"It is {film.called_copy}{visit}{counted}."


def _without_visit(study: Study, films: tuple[FilmRecord, ...]) -> Iterator[Contradiction]:
    elsewhere = {visit.patient for visit in study.visits_elsewhere().visits}
    for patient in study.patients():
        own = [film for film in films if film.patient == patient.code]
        if (
            patient.surgery_date
            and patient.injury_date
            and patient.surgery_date < patient.injury_date
        ):
            sentence = f"Surgery on {patient.surgery_date} is before the injury on "
            sentence += f"{patient.injury_date}."
            yield Contradiction(kind="date", patient=patient.code, sentence=sentence)
        if any(film.visit for film in own) or (not own and patient.code in elsewhere):
            continue
        why = (
            "the surgery date is not known"
            if patient.surgery_date is None
            else ("no film lies in a window of the study" if own else "there is no film")
        )
        sentence = f"The patient has no visit: {why}."
        yield Contradiction(kind="visit", patient=patient.code, sentence=sentence)


def _of_sizes(study: Study, films: tuple[FilmRecord, ...]) -> Iterator[Contradiction]:
    by_id = {film.id: film for film in films}
    for film in films:
        if film.row_mm is None or film.column_mm is None:
            continue
        height, width = film.rows * film.row_mm / 10, film.columns * film.column_mm / 10
        if max(height, width) > _MOST_CM or max(height, width) < _LEAST_CM:
            sentence = f"By its pixel size it is {height:.0f} x {width:.0f} cm large."
            yield Contradiction(
                kind="size", patient=film.patient or "", film=film.id, sentence=sentence
            )
    for record in study.latest_readings():
        film = by_id[record.film_id]
        if implausible_scale(record.reading, film.geometry):
            lengths = endplate_lengths_mm(record.reading, film.geometry)
            sentence = (
                f"Endplates marked by '{record.observer}' are {min(lengths):.0f} to "
                f"{max(lengths):.0f} mm long: the pixel size must be wrong."
            )
            yield Contradiction(
                kind="size", patient=film.patient or "", film=film.id, sentence=sentence
            )


def _of_clinical(study: Study) -> Iterator[Contradiction]:
    visits = study.visits()
    for record in study.clinical().records:
        odi = [value for value in record.odi.values() if value]
        if odi and max(odi) <= 1:
            sentence = f"Disability is at most {max(odi):g} %: a share was taken for percent."
            yield Contradiction(kind="clinical", patient=record.patient, sentence=sentence)
        own = visits.of(record.patient)
        for visit, day in record.clinic_dates.items():
            film = own.get(visit)
            if film is None or film.taken_on is None:
                continue
            if abs((film.taken_on - day).days) > _CLINIC_APART_DAYS:
                sentence = (
                    f"At {visit} the film is of {film.taken_on} but the clinic visit of {day}."
                )
                yield Contradiction(kind="date", patient=record.patient, sentence=sentence)


def _of_codes(study: Study) -> Iterator[Contradiction]:
    codes = {
        "patient": [patient.code for patient in study.patients()],
        "observer": [observer.code for observer in study.observers()],
    }
    for kind, known in codes.items():
        ordered = sorted(known, key=plain_code)
        for _, alike in itertools.groupby(ordered, key=plain_code):
            first, *others = alike
            for other in others:
                sentence = alike_sentence(kind, first, other)
                yield Contradiction(kind="code", sentence=sentence)
