"""Journals: a line a thing that is done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

from kyphometer.interop.network.incoming import room
from kyphometer.store.folder.atomic import sync_folder


class Journal:
    """An append-only file of JSON lines; a last line that was cut is dropped.

    Whoever opens it holds the lock that keeps other writers out.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[dict[str, Any]] = []
        with room(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: what did not fit is not tried again, without a sentence, at the end.
            self._stream = path.open("ab+", buffering=0)
            self._read()
            sync_folder(path.parent)

    def _read(self) -> None:
        self._stream.seek(0)
        whole = self._stream.read()
        end = whole.rfind(b"\n") + 1
        for line in whole[:end].splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                self.lines.append(record)
        self._stream.truncate(end)

    def add(self, **record: Any) -> None:
        """Hand a line to the system before the next thing begins.

        It is not forced onto the disk: what a power failure takes of it is found again by the
        film's own name, or by the archive, which keeps an instance once however often it is sent.
        """
        left = json.dumps(record).encode() + b"\n"
        with room(self.path.parent):
            while left:
                left = left[self._stream.write(left) :]
        self.lines.append(record)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
