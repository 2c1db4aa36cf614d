"""Readings that lie beside a film."""

from __future__ import annotations

from pathlib import Path

from kyphometer.errors import NoReadingError
from kyphometer.reading.beside import SUFFIX, stem_beside


def find_readings(film: str | Path) -> list[Path]:
    """Readings that lie beside a film: `FILM.reading.json`, `FILM.OBSERVER.reading.json`.

    `FILM` is the film's name with or without its suffix. The plainest name comes first.
    """
    path = Path(film)
    folder = path.parent
    found = {
        candidate
        for candidate in folder.glob(f"*{SUFFIX}")
        if belongs(candidate.name.removesuffix(SUFFIX), path)
    }
    return sorted(found, key=lambda item: (len(item.name), item.name))


def belongs(stem: str, film: Path) -> bool:
    """Whether a reading whose name begins so lies beside a film."""
    names = (stem_beside(film.name), stem_beside(film.stem))
    return any(stem == name or stem.startswith(f"{name}.") for name in names)


def find_reading(film: str | Path) -> Path:
    """The one reading beside a film.

    Raises
    ------
    NoReadingError
        If there is none, or several and none of them has the film's plain name.
    """
    path = Path(film)
    found = find_readings(path)
    names = (stem_beside(path.name), stem_beside(path.stem))
    plain = [item for item in found if item.name.removesuffix(SUFFIX) in names]
    if len(found) == 1:
        return found[0]
    if len(plain) == 1:
        return plain[0]
    raise NoReadingError(path.name, [item.name for item in found])
