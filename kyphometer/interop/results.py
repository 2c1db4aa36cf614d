"""What of readings goes to a destination: the parts that it asks for, as files to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from kyphometer.errors import KyphometerError
from kyphometer.interop.export import Form, ReadFilm, read_files, write_forms
from kyphometer.reading.document import reading_from_json, reading_to_dict
from kyphometer.store.folder.atomic import locked
from kyphometer.store.folder.files import ReadingFiles
from kyphometer.store.readings.documents import to_json
from kyphometer.workflow.films import Failure, film_files

FILM = "film"
"""The part that is the film itself."""


def readings_beside(paths: Iterable[Path]) -> Iterator[ReadFilm | Failure]:
    """Films with the readings beside them; of folders every film that has one."""
    for path in paths:
        for film in film_files(path):
            try:
                yield _with_versions(read_files(film, None), film)
            except (KyphometerError, OSError) as error:
                yield Failure(path=film, reason=str(error))


def _with_versions(item: ReadFilm, film: Path) -> ReadFilm:
    """A read film with the versions before, as the folder has kept them; this one is kept too.

    What is sent must be known when it is corrected, though the reading's file be written anew by
    another program. Where nothing can be kept, what is known counts.
    """
    frame = item.film.header.reference.frame if item.film.header.frames > 1 else None
    files = ReadingFiles(film, item.reading.observer or "-", frame)
    with suppress(OSError), locked(files.lock):
        files.adopt()
    versions = files.versions()
    documents = [one.document_json for one in versions]
    own = to_json(reading_to_dict(item.reading))
    if own not in documents:
        return item  # another observer's file was chosen
    if documents[-1] == own:
        documents.pop()  # else an earlier version was put back, and supersedes what came after it
    earlier = tuple(map(reading_from_json, documents))
    return replace(item, earlier=earlier, reason=versions[-1].reason)


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
