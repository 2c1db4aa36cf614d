"""What `annotate` was pointed at: a study, a folder of films, or one film."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kyphometer.errors import UsageError
from kyphometer.interop.network.destinations import destinations_path
from kyphometer.store.protocol import ReadingStore
from kyphometer.store.scan.report import Progress
from kyphometer.web.reader.agreement import Agreement, study_agreement
from kyphometer.web.views.work import FailedFile

_SQLITE_MAGIC = b"SQLite format 3\x00"


@dataclass(frozen=True, slots=True)
class Target:
    """An open store.

    Attributes
    ----------
    store
        Films and readings.
    agreement
        What was agreed on before reading.
    failed
        Files that are no readable films.
    close
        To be called at the end.
    """

    store: ReadingStore
    agreement: Agreement
    failed: tuple[FailedFile, ...]
    close: Callable[[], None]


def open_target(
    text: str, observer: str, progress: Progress | None = None, *, all_frames: bool = False
) -> Target:
    """Open what is to be annotated; of a folder or file every frame as a film, if asked for.

    Raises
    ------
    UsageError
        If nothing is there, or it holds no films and none can be fetched into it.
    StudyFileError
        If it is a study that cannot be opened.
    """
    if "://" in text or _is_sqlite(Path(text)):
        return _open_study(text, observer)
    path = Path(text).expanduser()
    if not path.exists():
        raise UsageError("no_target", text=text)
    from kyphometer.store.folder.folder import FolderStore

    folder = FolderStore(path, progress=progress, all_frames=all_frames)
    problems = (*folder.failed, *folder.passed_over)
    failed = tuple(FailedFile(item.path.name, item.sentence) for item in problems)
    if not folder.films() and not (path.is_dir() and destinations_path().is_file()):
        raise _no_films(text, failed)
    return Target(folder, Agreement(), failed, _nothing)


def _open_study(text: str, observer: str) -> Target:
    from kyphometer.store.study.study import (
        Study,  # the database takes a third of a second to import
    )

    study = Study.open(text, actor=observer)
    study.add_observer(observer)
    return Target(study, study_agreement(study.settings), (), study.close)


def _no_films(text: str, failed: tuple[FailedFile, ...]) -> UsageError:
    if not failed:
        return UsageError("no_film_there", text=text)
    first = failed[0]
    return UsageError("no_readable_film", text=text, name=first.name, reason=first.sentence)


def _is_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(_SQLITE_MAGIC)) == _SQLITE_MAGIC
    except OSError:
        return False


def _nothing() -> None:
    """Nothing is left open."""
