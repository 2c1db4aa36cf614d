"""Looks for identifiers in every file, cell and name of a copy, in any encoding."""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kyphometer.dicom.identifiers import Identifier, words_of
from kyphometer.dicom.texts_of import compressed_talk, texts_of
from kyphometer.errors import KyphometerError

_ENCODINGS: Final = (
    "utf-8", "utf-16-le", "utf-16-be", "latin-1", "cp1252", "cp1258", "iso8859_2", "iso8859_5",
    "iso8859_7", "shift_jis", "iso2022_jp", "euc_kr", "gb18030",
)  # fmt: skip
_LEAST_WORD: Final = 3
_LEAST_BYTES: Final = 5
"""Shorter values occur by chance in bytes; in text they are looked for as whole words."""
_UIDS: Final = re.compile(r"[0-2](?:\.\d+){2,}")
_DATES: Final = re.compile(
    r"(?<!\d)(?:(\d{4})[-./]?(\d\d)[-./]?(\d\d)|(\d\d?)[-./](\d\d?)[-./](\d{4}))(?!\d)"
)
_WORDS: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """An identifier that was found.

    Attributes
    ----------
    place
        File, and where in it.
    kind
        What it is: `name`, `number`, `place`, `uid`, `date`, `reader`, `path`, `given`, `comment`.
    value
        The identifier, as the key knows it.
    """

    place: str
    kind: str
    value: str


class _Wanted:
    """Identifiers in the forms in which they are looked for."""

    def __init__(self, identifiers: Iterable[Identifier], days: frozenset[str]) -> None:
        self.words: dict[str, Identifier] = {}
        self.parts: dict[str, Identifier] = {}
        self.uids: dict[str, Identifier] = {}
        self.dates: dict[str, Identifier] = {}
        self.short: list[Identifier] = []
        for found in sorted(identifiers):
            if found.kind == "uid":
                self.uids[found.value] = found
            elif found.kind == "date":
                day = re.sub(r"\D", "", found.value)[:8]
                if len(day) == 8 and day not in days:
                    self.dates[day] = found
            else:
                self._text(found)
        self.bytes = {
            encoded.lower(): found
            for part, found in self.parts.items()
            if len(part) >= _LEAST_BYTES
            for form in (part, part.upper(), part.title())
            for encoding in _ENCODINGS
            if (encoded := _encoded(form, encoding)) is not None
        }

    def _text(self, found: Identifier) -> None:
        whole = _plain(found.value)
        words = words_of(whole) if found.kind in ("name", "given") else []
        for part in (whole, *words):
            bare = "".join(_WORDS.findall(part))
            if len(bare) < _LEAST_WORD or (bare.isdigit() and len(bare) < _LEAST_BYTES):
                if part == whole:
                    self.short.append(found)
                continue
            if len(bare) >= _LEAST_BYTES:
                self.parts.setdefault(part, found)
            self.words.setdefault(part, found)

    def in_text(self, text: str) -> Iterator[Identifier]:
        """Identifiers within a text: long ones anywhere, short ones as whole words."""
        plain = _plain(text)
        for part, found in self.parts.items():
            if part in plain:
                yield found
        for word in {plain, *_WORDS.findall(plain)}:
            if word in self.words and word not in self.parts:
                yield self.words[word]
        for uid in _UIDS.findall(text):
            if uid in self.uids:
                yield self.uids[uid]
        for match in _DATES.finditer(text):
            y, m, d, d2, m2, y2 = match.groups()
            forms = [f"{y}{m}{d}"] if y else [f"{y2}{m2:>02}{d2:>02}", f"{y2}{d2:>02}{m2:>02}"]
            yield from (self.dates[form] for form in forms if form in self.dates)

    def in_bytes(self, data: bytes) -> Iterator[Identifier]:
        """Identifiers of five characters or more within bytes, in any encoding."""
        low = data.lower()
        for encoded, found in self.bytes.items():
            if encoded in low:
                yield found
        for text in (data.decode("latin-1"), data.replace(b"\0", b"").decode("latin-1")):
            for uid in _UIDS.findall(text):
                if uid in self.uids:
                    yield self.uids[uid]


def find_leftovers(
    folder: Path, identifiers: Iterable[Identifier], days: Iterable[str] = ()
) -> tuple[list[Leftover], list[Identifier]]:
    """Identifiers that are found below a folder, and those that are too short to be looked for.

    Names of files, bytes of files (but for values of pixels), texts of DICOM objects, strings of
    JSON, and cells of databases are gone through; capitals and accents make no difference.

    Parameters
    ----------
    days
        Days (YYYYMMDD) that the copy holds of itself: a day of birth that equals one is not told.
    """
    wanted = _Wanted(identifiers, frozenset(days))
    found: dict[tuple[str, Identifier], Leftover] = {}
    for path in sorted(folder.rglob("*")):
        shown = path.relative_to(folder).as_posix()
        told = [(shown, item) for item in wanted.in_text(path.name)]
        if path.is_file() and not path.is_symlink():
            told += [(f"{shown}{where}", item) for where, item in _in_file(path, wanted)]
        for place, item in told:
            found[place, item] = Leftover(place=place, kind=item.kind, value=item.value)
    return list(found.values()), wanted.short


def _in_file(path: Path, wanted: _Wanted) -> Iterator[tuple[str, Identifier]]:
    with path.open("rb") as stream:
        head = stream.read(132)
    if head[128:] == b"DICM":
        yield from _in_dicom(path, wanted)
        return
    data = path.read_bytes()
    yield from (("", item) for item in wanted.in_bytes(data))
    if head.startswith(b"SQLite format 3\0"):
        yield from _in_database(path, wanted)
    elif path.suffix.lower() == ".json":
        try:
            texts = _strings(json.loads(data))
        except ValueError:
            texts = iter([data.decode("utf-8", "replace")])
        for text in texts:
            yield from (("", item) for item in wanted.in_text(text))
    else:
        for encoding in ("utf-8", "latin-1", "utf-16"):
            text = data.decode(encoding, "ignore")
            yield from (("", item) for item in wanted.in_text(text))


def _in_dicom(path: Path, wanted: _Wanted) -> Iterator[tuple[str, Identifier]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for where, raw, text in texts_of(path):
                yield from ((f": {where}", item) for item in wanted.in_text(text))
                yield from ((f": {where}", item) for item in wanted.in_bytes(raw))
            talk = compressed_talk(path)
        except (KyphometerError, ValueError, OSError):
            talk = path.read_bytes()
    if talk:
        yield ": PixelData", Identifier("comment", f"{len(talk)} bytes that are no picture")
        yield from ((": PixelData", item) for item in wanted.in_bytes(talk))


def _in_database(path: Path, wanted: _Wanted) -> Iterator[tuple[str, Identifier]]:
    resting = not path.with_name(f"{path.name}-wal").exists()
    address = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if resting else ''}"
    with closing(sqlite3.connect(address, uri=True)) as opened:
        tables = [
            name
            for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for table in tables:
            quoted = table.replace('"', '""')
            cursor = opened.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 - a table of the file
            names = [column[0] for column in cursor.description]
            for row in cursor:
                for name, cell in zip(names, row, strict=True):
                    if isinstance(cell, str | bytes):
                        text = cell if isinstance(cell, str) else cell.decode("latin-1")
                        for item in wanted.in_text(text):
                            yield f": {table}.{name}", item


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, str):
        yield value


def _plain(text: str) -> str:
    """A text without capitals and accents."""
    bare = unicodedata.normalize("NFKD", text.replace("đ", "d").replace("Đ", "D")).casefold()
    return "".join(c for c in bare if not unicodedata.combining(c)).strip()


def _encoded(text: str, encoding: str) -> bytes | None:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return None
