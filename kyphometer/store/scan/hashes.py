"""Hashes of pixels that were not decoded when their films were taken up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy import update

from kyphometer.store.database import audit
from kyphometer.store.database.connection import Database
from kyphometer.store.database.schema import films
from kyphometer.store.films.belonging import require_same_film
from kyphometer.store.films.file_reader import FilmReader
from kyphometer.store.records import FilmRecord


def fill_hash(
    database: Database, reader: FilmReader, actor: str, film: FilmRecord, path: Path
) -> FilmRecord:
    """Decode a film's pixels, keep their hash, and return the film with it.

    Raises
    ------
    FilmError
        If the file cannot be decoded.
    ReadingFilmMismatchError
        If the file holds another film by now.
    """
    found = reader.read_film(path, film.frame)
    require_same_film(found.header.reference, film.reference)
    sha256 = found.sha256_pixels
    with database.write() as connection:
        unset = (films.c.id == film.id) & films.c.sha256_pixels.is_(None)
        changed = connection.execute(update(films).where(unset).values(sha256_pixels=sha256))
        if changed.rowcount:
            details = {"sha256": sha256}
            audit.record(connection, actor, "film.hash", f"film {film.id}", details=details)
    return replace(film, sha256_pixels=sha256)
