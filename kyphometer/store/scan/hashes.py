"""Hashes of pixels that were not decoded when their films were taken up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, update

from kyphometer.dicom.look import look
from kyphometer.film import Film
from kyphometer.store.database import audit
from kyphometer.store.database.connection import Database
from kyphometer.store.database.schema import films
from kyphometer.store.films.belonging import require_same_film
from kyphometer.store.films.file_reader import FilmReader
from kyphometer.store.records import FilmRecord
from kyphometer.store.scan.copies import Copies, Seen
from kyphometer.store.study import visits


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
    root = "" if database.path is None else str(database.path.parent)
    with database.write() as connection:
        unset = (films.c.id == film.id) & films.c.sha256_pixels.is_(None)
        changed = connection.execute(update(films).where(unset).values(sha256_pixels=sha256))
        if changed.rowcount:
            details = {"sha256": sha256}
            audit.record(connection, actor, "film.hash", f"film {film.id}", details=details)
            _note_copy(connection, reader, actor, film, found, path, root)
    return replace(film, sha256_pixels=sha256)


def _note_copy(
    connection: Connection,
    reader: FilmReader,
    actor: str,
    film: FilmRecord,
    found: Film,
    path: Path,
    root: str,
) -> None:
    """Note the look of a film that was decoded late, and whether it shows another's exposure."""
    codes = [] if film.patient is None else [film.patient]
    known = Copies(connection, codes, reader.read_film, root)
    new = Seen(
        film=film.id,
        look=look(found.pixels),
        uid=film.sop_instance_uid,
        frame=film.frame,
        lossy=bool(film.facts.get("lossy")),
        size=film.rows * film.columns,
        path=path,
    )
    noticed = known.notice(new, film.patient)
    known.finish()
    if noticed is not None:
        known.keep(noticed)
        audit.record_all(connection, actor, [noticed.deed()])
        visits.refresh(connection, actor)
