"""Tiny film files, their reader, and readings of them, for tests of the store."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from kyphometer.anatomy import Level
from kyphometer.errors import FilmError
from kyphometer.film import Acquisition, Film, FilmHeader, FilmReference
from kyphometer.geometry import PixelGeometry, Point
from kyphometer.reading import Endplate, Landmark, Reading, Vertebra

if TYPE_CHECKING:
    from pathlib import Path


def write_film(path: Path, uid: str | None, *, seed: int = 0, patient="P1", day="2026-01-05", **kw):
    """A file that `TinyReader` takes for a film; `seed` decides its pixels."""
    facts = {"uid": uid, "seed": seed, "patient": patient, "day": day, "frames": 1, **kw}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts))
    return path


class TinyReader:
    """Reads what `write_film` wrote; counts what it opened."""

    def __init__(self) -> None:
        self.headers_read: list[str] = []
        self.films_read: list[str] = []

    def read_header(self, path: Path) -> FilmHeader:
        self.headers_read.append(path.name)
        return self._header(path)

    def read_film(self, path: Path, frame: int) -> Film:
        self.films_read.append(path.name)
        header = self._header(path)
        facts = json.loads(path.read_text())
        if facts.get("broken"):
            raise FilmError(f"'{path.name}' ends in the middle of its pixels; send it again.")
        rng = np.random.default_rng([facts["seed"], frame])
        shape = (header.reference.rows, header.reference.columns)
        return Film(header=header, pixels=rng.integers(0, 4096, shape, dtype=np.uint16))

    def _header(self, path: Path) -> FilmHeader:
        try:
            facts = json.loads(path.read_text())
        except ValueError:
            raise FilmError(f"'{path.name}' is no film; take it out of the folder.") from None
        return FilmHeader(
            reference=FilmReference(
                rows=facts.get("rows", 40), columns=20, sop_instance_uid=facts["uid"]
            ),
            geometry=PixelGeometry.from_spacing(3.0, 3.0),
            acquisition=Acquisition(
                patient_id=facts["patient"],
                patient_name="Nguyen^Van^A",
                study_date=date.fromisoformat(facts["day"]),
                modality="DX",
            ),
            frames=facts["frames"],
            path=path,
        )


def reading_of(shift: float = 0.0, **kwargs) -> Reading:
    """A reading of a tiny film: L1, both endplates; `shift` tells one from another."""

    def plate(y: float) -> Endplate:
        return Endplate(
            anterior=Landmark(xy=Point(4.0, y + shift)), posterior=Landmark(xy=Point(14.0, y))
        )

    l1 = Vertebra(level=Level.L1, superior=plate(10.0), inferior=plate(20.0))
    film = kwargs.pop("film", FilmReference(rows=40, columns=20))
    return Reading(film=film, vertebrae={Level.L1: l1}, fractured_levels=(Level.L1,), **kwargs)
