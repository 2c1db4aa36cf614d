"""What is opened when nothing is named: what was opened last, else a study among the documents."""

from __future__ import annotations

import os
from pathlib import Path

_LAST = "last-opened"


def usual_target() -> str:
    """What was annotated last if it is still there, else a study of one's own, made if need be."""
    last = _last()
    if last is not None:
        return last
    study = documents() / "Kyphometer" / "Kyphometer.sqlite"
    if not study.exists():
        from kyphometer.store.study.study import Study

        study.parent.mkdir(parents=True, exist_ok=True)
        Study.create(study, "Kyphometer").close()
    return str(study)


def documents() -> Path:
    """The user's folder of documents, or the home folder where there is none."""
    found = Path.home() / "Documents"
    return found if found.is_dir() else Path.home()


def remember(target: str) -> None:
    """Keep what is annotated for the next time; a place that cannot be written forgets it."""
    if "://" in target:
        return  # may hold a password
    try:
        _memory().parent.mkdir(parents=True, exist_ok=True)
        _memory().write_text(f"{os.path.realpath(Path(target).expanduser())}\n", "utf-8")
    except OSError:
        return


def _last() -> str | None:
    try:
        named = _memory().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return named if named and Path(named).exists() else None


def _memory() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "kyphometer" / _LAST
