"""A study of two films that two observers have read, a known way to either side of the truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from web_page_kit import phantoms, write_film

from kyphometer.geometry import Point
from kyphometer.reading import Landmark, MarkSource, Reading
from kyphometer.store.study.study import Study

if TYPE_CHECKING:
    from pathlib import Path

    from kyphometer.store.records import FilmRecord

PATIENT = "P1"


def moved(reading: Reading, way: int, seed: int = 3) -> Reading:
    """Every corner moved by up to 3 pixels, for `way` -1 the opposite of `way` 1."""
    rng = np.random.default_rng(seed)

    def elsewhere(mark: Landmark) -> Landmark:
        dx, dy = rng.uniform(-3, 3, 2) * way
        xy = Point(mark.xy.x + dx, mark.xy.y + dy)
        return replace(mark, xy=xy, source=MarkSource.HAND, covariance=None)

    vertebrae = {}
    for level, vertebra in reading.vertebrae.items():
        plates = {
            side.value: replace(
                plate,
                anterior=elsewhere(plate.anterior),
                posterior=elsewhere(plate.posterior),
                middle=None,
            )
            for side, plate in vertebra.endplates.items()
        }
        vertebrae[level] = replace(vertebra, **plates)
    return replace(reading, vertebrae=vertebrae)


def truth_of(film: FilmRecord) -> Reading:
    name = "before" if film.name.startswith("before") else "after"
    return replace(phantoms()[name].truth, observer=None, film=film.reference)


def make_study(folder: Path, observers: tuple[str, ...] = ("AN", "BT")) -> Path:
    films, target = folder / "films", folder / "study.sqlite"
    films.mkdir()
    for name, day in (("before", date(2026, 1, 10)), ("after", date(2026, 7, 10))):
        write_film(phantoms()[name].film, films, name, PATIENT, day)
    with Study.create(target, "Adjudicated", actor="KN") as study:
        study.add_films(films)
        study.set_patient(PATIENT, surgery_date=date(2026, 1, 12))
        for observer, way in zip(observers, (1, -1), strict=True):
            study.add_observer(observer)
            for film in study.films():
                reading = moved(truth_of(film), way)
                study.save_reading(reading, film.id, observer, base_version=0)
    return target
