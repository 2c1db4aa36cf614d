"""The key of a de-identified study: a secret, who got which code, and what must not be found.

A JSON file that only its owner may read (format `kyphometer-key`, version 1). It stays with whoever
keeps the originals: with it the codes can be turned back.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Self

from kyphometer.dicom.identifiers import Identifier
from kyphometer.dicom.pseudonyms import Pseudonyms
from kyphometer.errors import StudyRefusedError
from kyphometer.store.folder.atomic import sync_folder, told

FORMAT: Final = "kyphometer-key"
VERSION: Final = 1
_STUDY: Final = "\0study"
"""Stands for the study as a whole, whose times of work are shifted by days of their own."""


class Ledger:
    """Codes in the order in which they were first asked for; see the module.

    Attributes
    ----------
    secret
        What UIDs, days and times of day are derived from.
    identifiers
        Values of the originals that must not be found in the copy.
    days
        Days (YYYYMMDD) that stand in copies, which may happen to be somebody's day of birth.
    """

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.identifiers: set[Identifier] = set()
        self.days: set[str] = set()
        self._codes: dict[str, dict[str, str]] = {}
        self._persons: dict[str, Pseudonyms] = {}
        self._aliases: dict[str, str] = {}

    @classmethod
    def new(cls) -> Self:
        """A ledger with a secret of its own."""
        return cls(secrets.token_hex(32))

    # ---------------------------------------------------------------------------- codes

    def _code(self, kind: str, name: str, form: str) -> str:
        codes = self._codes.setdefault(kind, {})
        if name not in codes:
            codes[name] = form.format(len(codes) + 1)
        return codes[name]

    def name(self, person: str) -> str:
        """What the key calls a person."""
        return self._aliases.get(person, person)

    def patient(self, person: str) -> str:
        """The code of a patient."""
        return self._code("patients", self.name(person), "P{:04d}")

    def alias(self, person: str, same_as: str) -> None:
        """Say that two codes mean one patient."""
        if person != same_as and person not in self._codes.get("patients", {}):
            self._aliases[person] = same_as

    def observer(self, code: str) -> str:
        """The code of somebody who reads films."""
        return self._code("observers", code, "R{:02d}")

    def actor(self, login: str) -> str:
        """Who did something: a reader's code, or that of another account."""
        if login in self._codes.get("observers", {}):
            return self.observer(login)
        return self._code("actors", login, "U{:02d}") if login else ""

    def session(self, code: str) -> str:
        """The code of a reading session."""
        return self._code("sessions", code, "S{:02d}")

    def label(self, column: str, text: str) -> str:
        """What stands for a text of a column: the same for the same text."""
        return self._code(f"texts of {column}", text, "g{:03d}")

    def known(self, kind: str) -> dict[str, str]:
        """Codes of `patients`, `observers`, `actors` or `sessions` by what they stand for."""
        return dict(self._codes.get(kind, {}))

    def person(self, person: str) -> Pseudonyms:
        """Days and times of a patient."""
        name = self.name(person)
        if name not in self._persons:
            self._persons[name] = Pseudonyms(self.secret, name)
        return self._persons[name]

    @property
    def work(self) -> Pseudonyms:
        """Days of the work on the study; times of day stay, so that durations do."""
        return self.person(_STUDY)

    def note(self, found: Iterable[Identifier]) -> None:
        """Remember values that must not be found."""
        self.identifiers.update(found)

    # ---------------------------------------------------------------------------- the file

    @classmethod
    def read(cls, path: Path) -> Self:
        """The ledger of a key file.

        Raises
        ------
        StudyRefusedError
            If it is none.
        """
        try:
            document = json.loads(path.read_text("utf-8"))
            if (document["format"], document["version"]) != (FORMAT, VERSION):
                raise ValueError
            ledger = cls(str(document["secret"]))
            ledger._codes = {
                str(kind): {str(name): str(code) for name, code in codes.items()}
                for kind, codes in document["codes"].items()
            }
            ledger._aliases = {str(k): str(v) for k, v in document["aliases"].items()}
            ledger.identifiers = {Identifier(str(k), str(v)) for k, v in document["identifiers"]}
            ledger.days = {str(day) for day in document["days"]}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise StudyRefusedError("no_deidentification_key", path=path) from None
        return ledger

    def write(self, path: Path) -> None:
        """Write the key so that only its owner may read it, whole or not at all."""
        document: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "keep": "apart from the copy: with this file its codes can be turned back",
            "secret": self.secret,
            "codes": self._codes,
            "aliases": self._aliases,
            "days": sorted(self.days),
            "identifiers": sorted(map(list, self.identifiers)),
        }
        with told(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".key.", dir=path.parent)  # made with 0600
            temporary = Path(name)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as stream:
                    json.dump(document, stream, indent=1, ensure_ascii=False)
                    stream.flush()
                    os.fsync(stream.fileno())
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
            sync_folder(path.parent)
