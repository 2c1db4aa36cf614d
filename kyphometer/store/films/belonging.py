"""Whether a reading was made on a film, and by whom; shared by database and folder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kyphometer.errors import ReadingFilmMismatchError, StudyRefusedError
from kyphometer.film import FilmReference
from kyphometer.reading import Reading
from kyphometer.reading.document import reading_to_dict
from kyphometer.store.records import FilmRecord

_SAME = ("rows", "columns", "frame", "sop_instance_uid", "sha256_pixels")


def belonging_document(
    reading: Reading, film: FilmRecord, observer: str, session: str | None = None
) -> dict[str, Any]:
    """Document of a reading that names its film in full, its observer and its session.

    Raises
    ------
    ReadingFilmMismatchError
        If the reading was made on another film.
    StudyRefusedError
        If it was made by another observer, in another session, or holds no mark at all.
    """
    require_same_film(reading.film, film.reference)
    if reading.observer not in (None, observer):
        raise StudyRefusedError("other_observer", maker=reading.observer, observer=observer)
    if reading.session not in (None, session):
        raise StudyRefusedError("other_session", session=reading.session)
    if not reading.vertebrae and not reading.not_measurable:
        raise StudyRefusedError("nothing_marked")
    stamped = replace(reading, film=film.reference, observer=observer, session=session)
    return reading_to_dict(stamped)


def require_same_film(marked: FilmReference, film: FilmReference) -> None:
    """Refuse a reading of another film; what the reading does not state is not compared.

    Of equal pixels and size it is the same film, be its UID another.
    """
    if marked.same_pixels(film):
        return
    for name in _SAME:
        in_reading, in_film = getattr(marked, name), getattr(film, name)
        if in_reading is not None and in_film is not None and in_reading != in_film:
            raise ReadingFilmMismatchError(name, in_reading, in_film)
