"""What of readings goes to a destination: the parts that it asks for, as files to be sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from kyphometer.dicom import read_header
from kyphometer.errors import KyphometerError
from kyphometer.interop.export import Form, Written, read_files, write_forms
from kyphometer.interop.network.outgoing import Offer
from kyphometer.interop.read_file import ReadFile
from kyphometer.interop.recipe import recipe_of
from kyphometer.reading.document import reading_from_json, reading_to_dict
from kyphometer.store.folder.atomic import locked
from kyphometer.store.folder.files import ReadingFiles
from kyphometer.store.readings.documents import to_json
from kyphometer.workflow.films import Failure, film_files

FILM = "film"
"""The part that is the film itself."""


def readings_beside(paths: Iterable[Path]) -> Iterator[ReadFile | Failure]:
    """Films with the readings beside them; of folders every film that has one."""
    for path in paths:
        for film in film_files(path):
            try:
                yield _with_versions(read_files(film, None), film)
            except (KyphometerError, OSError) as error:
                yield Failure(path=film, reason=str(error))


def _with_versions(item: ReadFile, film: Path) -> ReadFile:
    """A read film with the versions before, as the folder has kept them; this one is kept too.

    What is sent must be known when it is corrected, though the reading's file be written anew by
    another program. Where nothing can be kept, what is known counts.
    """
    header = read_header(film, item.frame)
    frame = header.reference.frame if header.frames > 1 else None
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


def results_of(
    films: Iterable[ReadFile | Failure],
    parts: Sequence[str],
    folder: Path,
    tell: Callable[[Failure], None],
) -> Iterator[Path | Offer]:
    """Files of read films, and what can be made of them, one film after the other.

    Parameters
    ----------
    films
        Films with readings.
    parts
        What a destination asks for: `film` and DICOM objects by `Form`.
    folder
        Where objects are written; each film gets a folder of its own.
    tell
        Told of what cannot be read or made.
    """
    kinds = [part for part in parts if part != FILM]
    for number, item in enumerate(films):
        if isinstance(item, Failure):
            tell(item)
            continue
        if FILM in parts:
            yield item.path
        try:
            recipes = {part: recipe_of(item, part) for part in kinds}
        except OSError as error:
            tell(Failure(path=item.path, reason=str(error)))
            continue
        yield Offer(recipes=recipes, make=_Maker(item, folder / str(number), tell))


class _Maker:
    """Makes parts of one read film in a folder of its own."""

    def __init__(self, item: ReadFile, folder: Path, tell: Callable[[Failure], None]) -> None:
        self._item = item
        self._folder = folder
        self._tell = tell

    def __call__(self, parts: Sequence[str]) -> Iterator[tuple[str, Path]]:
        """Parts with their files; what cannot be made is told."""
        self._folder.mkdir()
        try:
            film = self._item.read()
        except (KyphometerError, OSError) as error:
            self._tell(Failure(path=self._item.path, reason=str(error)))
            return
        for done in write_forms([film], [Form(part) for part in parts], self._place):
            if isinstance(done, Written):
                yield done.form.value, done.path
            else:
                self._tell(done)

    def _place(self, _name: str, form: Form) -> Path:
        return self._folder / form.value
