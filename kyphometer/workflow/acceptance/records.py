"""Runs that were kept in a folder: the last of them, and the next one's name."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from kyphometer.errors import AcceptanceRecordError
from kyphometer.sessions.acceptance import Acceptance
from kyphometer.store.folder.atomic import write_atomically
from kyphometer.typed_json import MemberError, typed

PREFIX = "acceptance-"


def last_run(folder: Path) -> Path | None:
    """The newest run in a folder by its name, which is its time; None if there is none."""
    found = sorted(folder.glob(f"{PREFIX}[0-9]*.json"), key=lambda path: path.stem)
    return found[-1] if found else None


def read_run(path: Path) -> Acceptance:
    """A run that was kept.

    Raises
    ------
    AcceptanceRecordError
        If the file is not one.
    """
    try:
        return typed(json.loads(path.read_text("utf-8")), Acceptance)
    except (ValueError, MemberError) as problem:
        raise AcceptanceRecordError(path.name, str(problem)) from problem


def keep_run(run: Acceptance, folder: Path) -> Path:
    """Write a run into a folder, named by its time, and never over another one."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = PREFIX + "".join(c for c in run.made.removesuffix("+00:00") if c.isalnum()) + "Z"
    path, number = folder / f"{stem}.json", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number:02d}.json"
    write_atomically(path, as_text(run))
    return path


def as_text(run: Acceptance) -> str:
    """A run as JSON, its verdict first."""
    document = {"verdict": run.verdict, **msgspec.to_builtins(run)}
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
