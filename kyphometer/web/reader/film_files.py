"""From a film's record to its file and header, read once for as long as the file stays the same."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from kyphometer.errors import FilmError
from kyphometer.film import FilmHeader
from kyphometer.store.protocol import ReadingStore
from kyphometer.store.records import FilmRecord
from kyphometer.web.pixels.film_source import FilmSource


def film_source(store: ReadingStore, film: FilmRecord, *, mirrored: bool = False) -> FilmSource:
    """Where the pixels of a film are.

    Raises
    ------
    FilmError
        If the file cannot be opened or is no film any more.
    UnknownRecordError
        If it was moved away.
    """
    path = store.film_path(film.id)
    try:
        facts = path.stat()
    except OSError as error:
        raise FilmError("film_file_lost", name=film.name, reason=error.strerror) from None
    stamp = (facts.st_size, facts.st_mtime_ns)
    return FilmSource(
        path=path,
        frame=film.frame,
        stamp=stamp,
        syntax=_header(path, film.frame, stamp).transfer_syntax_uid,
        mirrored=mirrored,
    )


def film_header(source: FilmSource) -> FilmHeader:
    """Header of a film."""
    return _header(source.path, source.frame, source.stamp)


@lru_cache(maxsize=512)
def _header(path: Path, frame: int, _stamp: tuple[int, int]) -> FilmHeader:
    from kyphometer.dicom import read_header

    return read_header(path, frame=frame)
