"""What of readings goes to a destination: the parts that it asks for, as files to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from kyphometer.errors import KyphometerError
from kyphometer.interop.export import Form, ReadFilm, read_files, write_forms
from kyphometer.workflow.films import Failure, film_files

FILM = "film"
"""The part that is the film itself."""


def readings_beside(paths: Iterable[Path]) -> Iterator[ReadFilm | Failure]:
    """Films with the readings beside them; of folders every film that has one."""
    for path in paths:
        for film in film_files(path):
            try:
                yield read_files(film, None)
            except (KyphometerError, OSError) as error:
                yield Failure(path=film, reason=str(error))


def result_files(
    films: Iterable[ReadFilm | Failure], parts: Sequence[str], folder: Path
) -> Iterator[Path | Failure]:
    """Files of read films, one after the other, as they are wanted.

    Parameters
    ----------
    films
        Films with readings; those that failed are passed on.
    parts
        What a destination asks for: `film` and DICOM objects by `Form`.
    folder
        Where objects are written; each film gets a folder of its own.
    """
    forms = [Form(part) for part in parts if part != FILM]
    for number, item in enumerate(films):
        if isinstance(item, Failure):
            yield item
            continue
        own = folder / str(number)
        own.mkdir()
        if FILM in parts and item.film.header.path is not None:
            yield item.film.header.path
        for done in write_forms([item], forms, partial(_named_by_form, own)):
            yield done if isinstance(done, Failure) else done.path


def _named_by_form(folder: Path, _name: str, form: Form) -> Path:
    return folder / form.value
