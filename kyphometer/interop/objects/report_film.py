"""The film of a structured report: which one, how large, and the shape of its pixels."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.dataset import Dataset

from kyphometer.errors import MarksFileError
from kyphometer.film import FilmHeader, FilmReference
from kyphometer.geometry import PixelGeometry
from kyphometer.interop.objects import content_tree as tree
from kyphometer.interop.objects.stored_angles import StoredAngle

_ROWS, _COLUMNS, _HORIZONTAL, _VERTICAL = "110910", "110911", "111026", "111066"


def film_of(
    report: Dataset, name: str, angles: Sequence[StoredAngle], film: FilmHeader | None
) -> FilmReference:
    """The film that the angles of a report are about.

    Parameters
    ----------
    film
        The one that is meant, where it is known.

    Raises
    ------
    MarksFileError
        If they are about another film, about several, or the report does not tell a film's size.
    """
    named = {angle.film for angle in angles if angle.film is not None}
    if film is not None:
        for uid, frame in named:
            if (uid, frame) == (film.reference.sop_instance_uid, film.reference.frame):
                return film.reference
        if named and film.reference.sop_instance_uid is not None:
            found = ", ".join(sorted(uid for uid, _ in named))
            raise MarksFileError("marks_other_film", name=name, found=found)
        return film.reference
    if len(named) > 1:
        raise MarksFileError("marks_several_films", name=name)
    facts = _image_facts(report)
    if _ROWS not in facts or _COLUMNS not in facts:
        raise MarksFileError("marks_no_film", name=name)
    only: tuple[str | None, int] = min(named) if named else (None, 1)
    return FilmReference(
        rows=int(facts[_ROWS]),
        columns=int(facts[_COLUMNS]),
        sop_instance_uid=only[0],
        frame=only[1],
    )


def check_same(made_on: FilmReference, film: FilmReference, name: str) -> None:
    """Refuse a reading of another film; one of the same pixels under another UID is the same."""
    if made_on.same_pixels(film):
        return
    uids = (made_on.sop_instance_uid, film.sop_instance_uid)
    sizes = (made_on.rows, made_on.columns), (film.rows, film.columns)
    if (None not in uids and uids[0] != uids[1]) or sizes[0] != sizes[1]:
        raise MarksFileError("marks_other_film", name=name, found=made_on.sop_instance_uid or "?")


def is_about(angle: StoredAngle, film: FilmReference) -> bool:
    """Whether an angle is about a film; one that names none may be about any."""
    return angle.film is None or angle.film == (film.sop_instance_uid, film.frame)


def _image_facts(report: Dataset) -> dict[str, float]:
    """Numbers of the image library: size of the film and of its pixels."""
    wanted = {_ROWS, _COLUMNS, _HORIZONTAL, _VERTICAL}
    found = {}
    for item in tree.below(report):
        code = tree.concept(item)[0]
        if code in wanted and (number := tree.numeric(item)) is not None:
            found[code] = number[0]
    return found


def geometry_of(report: Dataset, film: FilmHeader | None) -> PixelGeometry:
    """Shape of a pixel: by the film, else by the report's image library, else square."""
    if film is not None:
        return film.geometry
    facts = _image_facts(report)
    if facts.get(_VERTICAL, 0) > 0 and facts.get(_HORIZONTAL, 0) > 0:
        return PixelGeometry.from_spacing(facts[_VERTICAL], facts[_HORIZONTAL])
    return PixelGeometry()
