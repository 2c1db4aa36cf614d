"""Copies of films: noticed by their looks when films are taken up, and kept.

Only films of one patient are compared, never frames of one file. The film that counts is the one
that was read, else the one compressed without loss, else the larger, else the one that was there
first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, delete, exists, insert, select, update

from kyphometer.dicom.look import ALIKE, likeness, resemblance
from kyphometer.errors import FilmError
from kyphometer.film import Film
from kyphometer.store.database.audit import Deed
from kyphometer.store.database.schema import copies, film_files, films, looks, patients, readings
from kyphometer.store.films.films import absolute
from kyphometer.store.records import copy_words

_MOST_COMPARED: Final = 5
"""Films, those of the likest looks, that are decoded to be compared with a new one."""

OpenFilm = Callable[[Path, int], Film]


@dataclass(slots=True, kw_only=True)
class Seen:
    """What is to be known of a film to tell whether another is a copy of it."""

    film: int
    look: str
    uid: str | None
    frame: int
    lossy: bool
    size: int
    path: Path | None = None
    read: bool = False
    copy_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """A film (`copy`) that was found to be a copy of another (`of`), and how it differs."""

    copy: int
    of: int
    how: str

    def sentence(self) -> str:
        """What to say of it."""
        return (
            f"Film {self.copy} is {copy_words(self.of, self.how)}: it is not counted as another "
            "film. If they are two exposures, say 'study film NUMBER --copy-of none'."
        )

    def deed(self) -> Deed:
        """What the audit trail is to say."""
        details = {"of": self.of, "how": self.how}
        return Deed(action="film.copy", subject=f"film {self.copy}", details=details)


class Copies:
    """Looks of the films of some patients, kept up inside one transaction."""

    def __init__(
        self, connection: Connection, codes: Collection[str], open_film: OpenFilm, root: str
    ) -> None:
        self._connection = connection
        self._open = open_film
        self._root = root
        self._new: list[Seen] = []
        self._by_patient: dict[str, list[Seen]] = {code: [] for code in codes}
        query = (
            select(
                patients.c.code,
                films.c.id,
                looks.c.look,
                films.c.sop_instance_uid,
                films.c.frame,
                films.c.facts,
                films.c.rows,
                films.c.columns,
                exists().where(readings.c.film_id == films.c.id).label("read"),
                copies.c.copy_of,
            )
            .join_from(films, patients)
            .join(looks, looks.c.film_id == films.c.id)
            .outerjoin(copies, copies.c.film_id == films.c.id)
            .where(patients.c.code.in_(codes))
        )
        for row in connection.execute(query) if codes else ():
            self._by_patient[row.code].append(
                Seen(
                    film=row.id,
                    look=row.look,
                    uid=row.sop_instance_uid,
                    frame=row.frame,
                    lossy=bool(json.loads(row.facts).get("lossy")),
                    size=row.rows * row.columns,
                    read=bool(row.read),
                    copy_of=row.copy_of,
                )
            )

    def notice(self, new: Seen, code: str | None) -> Noticed | None:
        """Note the look of a film that was taken up, and of which other it is a copy, if of any."""
        self._new.append(new)
        if code is None:
            return None
        others = self._by_patient.setdefault(code, [])
        found = self._original(new, others)
        others.append(new)
        if found is None:
            return None
        other, how = found
        root = next((seen for seen in others if seen.film == other.copy_of), other)
        if not root.read and (root.lossy, -root.size) > (new.lossy, -new.size):
            return self._replace(root, new, how, others)
        new.copy_of = root.film
        return Noticed(copy=new.film, of=root.film, how=how)

    def _original(self, new: Seen, others: list[Seen]) -> tuple[Seen, str] | None:
        """The first film that a new one is a copy of, the likest looked at first."""
        likely = [
            (near, other)
            for other in others
            if (new.uid is None or other.uid != new.uid)
            and (new.path is None or other.path != new.path)
            and (near := likeness(new.look, other.look)) >= ALIKE
        ]
        likely.sort(key=lambda pair: -pair[0])
        film = self._film(new) if likely else None
        for _, other in likely[:_MOST_COMPARED]:
            known = self._film(other)
            if film is not None and known is not None:
                how = resemblance(film, known)
                if how is not None:
                    return other, how
        return None

    def _film(self, seen: Seen) -> Film | None:
        """The film with its pixels, or None if no file of it can be read any more."""
        paths = [seen.path] if seen.path is not None else self._paths(seen.film)
        for path in paths:
            try:
                return self._open(path, seen.frame)
            except (FilmError, OSError):
                continue
        return None

    def _paths(self, film: int) -> list[Path]:
        query = select(film_files.c.path).where(film_files.c.film_id == film)
        return [
            Path(absolute(stored, self._root))
            for stored in self._connection.execute(query.order_by(film_files.c.id.desc())).scalars()
        ]

    def _replace(self, old: Seen, new: Seen, how: str, others: list[Seen]) -> Noticed:
        """Let a better film count in the place of the one that did."""
        for seen in others:
            if seen.copy_of == old.film:
                seen.copy_of = new.film
        self._connection.execute(
            update(copies).where(copies.c.copy_of == old.film).values(copy_of=new.film, how="")
        )
        old.copy_of = new.film
        return Noticed(copy=old.film, of=new.film, how=how)

    def keep(self, noticed: Noticed) -> None:
        """Write down that a film is a copy."""
        self._connection.execute(delete(copies).where(copies.c.film_id == noticed.copy))
        row: dict[str, Any] = {"film_id": noticed.copy, "copy_of": noticed.of}
        self._connection.execute(insert(copies).values(**row, how=noticed.how, stated=False))

    def finish(self) -> None:
        """Write the looks that were noted."""
        if self._new:
            rows = [{"film_id": seen.film, "look": seen.look} for seen in self._new]
            self._connection.execute(insert(looks), rows)
            self._new = []
