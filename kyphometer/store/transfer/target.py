"""Where an export is written: a folder or a zip file, either of them whole or not at all."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TextIO

from kyphometer.errors import StudyRefusedError
from kyphometer.store.folder.atomic import sync_folder, told

OpenText = Callable[[str], AbstractContextManager[TextIO]]


@contextmanager
def export_target(path: Path) -> Iterator[OpenText]:
    """A function that opens the export's files for writing by their names.

    What is written goes to a temporary place beside `path` and is renamed when all is done.

    Raises
    ------
    StudyRefusedError
        If something is at `path` already.
    """
    path = Path(os.path.realpath(path.expanduser()))
    if path.exists():
        raise StudyRefusedError("something_there", path=path)
    with told(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        try:
            if path.suffix.lower() == ".zip":
                yield from _zip(temporary / path.name)
                (temporary / path.name).replace(path)
            else:
                inner = temporary / path.name
                inner.mkdir()
                yield _folder(inner)
                inner.replace(path)
            sync_folder(path.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _folder(folder: Path) -> OpenText:
    @contextmanager
    def open_text(name: str) -> Iterator[TextIO]:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w", encoding="utf-8", newline="") as stream:
            yield stream

    return open_text


def _zip(path: Path) -> Iterator[OpenText]:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:

        @contextmanager
        def open_text(name: str) -> Iterator[TextIO]:
            with (
                archive.open(name, "w", force_zip64=True) as binary,
                io.TextIOWrapper(binary, encoding="utf-8", newline="") as stream,
            ):
                yield stream

        yield open_text


@contextmanager
def export_source(path: Path) -> Iterator[OpenText]:
    """A function that opens the files of an export for reading by their names.

    Raises
    ------
    StudyRefusedError
        If there is no export at `path`.
    """
    path = Path(os.path.realpath(path.expanduser()))
    if path.is_dir():
        yield lambda name: (path / name).open(encoding="utf-8", newline="")
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield lambda name: io.TextIOWrapper(archive.open(name), encoding="utf-8", newline="")
    else:
        raise StudyRefusedError("no_export", path=path)
