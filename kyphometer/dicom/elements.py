"""Attributes of a data set as text and numbers, whatever is wrong with them.

Nothing here raises: what cannot be read counts as absent and leaves a sentence in `problems`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple

from kyphometer.dicom.tags import TAGS
from kyphometer.dicom.text import SINGLE_BYTE, decode_text, defined_term, is_utf8_against, printable

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
BINARY = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "UV": "Q", "SV": "q"}
TEXT = frozenset(
    ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR",
     "UT")
)  # fmt: skip


class Encoding(NamedTuple):
    """How a data set is written."""

    implicit: bool
    little: bool


class Element(NamedTuple):
    """A raw attribute: value representation (None if not written), value, items if a sequence.

    `value` is None if it was too large to be worth reading.
    """

    vr: str | None
    value: bytes | None
    items: tuple[Elements, ...] | None = None


class Elements:
    """The attributes of a data set or of a sequence item, by keyword.

    Parameters
    ----------
    raw
        Raw attributes by number.
    encoding
        How they are written.
    parse_items
        Parses the value of a sequence of defined length.
    charset
        Specific Character Set of the surrounding data set.
    problems
        Sentences about what could not be read; shared with all items.
    """

    __slots__ = ("_parse_items", "charset", "encoding", "problems", "raw")

    def __init__(
        self,
        raw: Mapping[int, Element],
        encoding: Encoding,
        parse_items: Callable[[bytes, Elements], tuple[Elements, ...]],
        charset: tuple[str, ...] = (),
        problems: list[str] | None = None,
    ) -> None:
        self.raw = raw
        self.encoding = encoding
        self.problems: list[str] = [] if problems is None else problems
        self._parse_items = parse_items
        self.charset = charset
        stated = self._plain("SpecificCharacterSet")
        self.charset = self._terms(stated) if stated else charset

    def overlaid(self, raw: Mapping[int, Element]) -> Elements:
        """The same data set with attributes added that it does not have itself."""
        merged = {**raw, **self.raw}
        return Elements(merged, self.encoding, self._parse_items, self.charset, self.problems)

    def _terms(self, stated: tuple[str, ...]) -> tuple[str, ...]:
        """Defined terms of the character sets, with a sentence about those misspelt or unknown."""
        terms = tuple(defined_term(term) for term in stated)
        for written, term in zip(stated, terms, strict=True):
            if term not in SINGLE_BYTE and not term.startswith("ISO 2022 IR "):
                self._note(f"The character set '{written[:20]}' in the header is unknown.")
            elif written != term:
                self._note(f"The character set '{written[:20]}' was taken as {term}.")
        return terms

    def _note(self, sentence: str) -> None:
        if sentence not in self.problems:
            self.problems.append(sentence)

    def _bytes(self, keyword: str) -> bytes:
        element = self.raw.get(TAGS[keyword])
        return b"" if element is None or element.value is None else element.value

    def _plain(self, keyword: str) -> tuple[str, ...]:
        """Values of an attribute in plain ASCII, blank ones kept, () if all are blank."""
        text = printable(self._bytes(keyword).rstrip(b"\0 ").decode("ascii", "replace"))
        parts = tuple(part.strip("\0 ") for part in text.split("\\"))
        return parts if any(parts) else ()

    def has(self, keyword: str) -> bool:
        """True if the attribute is there, be it empty."""
        return TAGS[keyword] in self.raw

    def codes(self, keyword: str) -> tuple[str, ...]:
        """Upper-case values of a code string (CS, UI), () if absent or blank."""
        return tuple(part.upper() for part in self._plain(keyword))

    def code(self, keyword: str) -> str:
        """The first value of a code string, empty if absent."""
        return next(iter(self.codes(keyword)), "")

    def text(self, keyword: str) -> str | None:
        """The whole of a text attribute in its character set, None if absent or blank."""
        value = self._bytes(keyword)
        if not value.isascii() and is_utf8_against(value.strip(b"\0 "), self.charset):
            said = self.charset[0] if self.charset and self.charset[0] else "nothing"
            self._note(f"The header says {said} of its character set, but its text is UTF-8.")
        return decode_text(value, self.charset) or None

    def texts(self, keyword: str) -> tuple[str, ...]:
        """Values of a text attribute in its character set, () if absent or blank."""
        text = self.text(keyword)
        return () if text is None else tuple(part.strip() for part in text.split("\\"))

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Values of a numerical attribute, () if absent; if unreadable too, with a sentence."""
        element = self.raw.get(TAGS[keyword])
        if element is not None and element.vr in BINARY:
            return self._unpack(keyword, BINARY[element.vr])
        parts = self._plain(keyword)
        if not all(NUMBER.fullmatch(part) for part in parts):
            return self._unreadable(keyword, "\\".join(parts))
        values = tuple(float(part) for part in parts)
        if any(abs(value) > 1e30 for value in values):
            return self._unreadable(keyword, "\\".join(parts))
        return values

    def number(self, keyword: str) -> float | None:
        """The first value of a numerical attribute, None if absent or unreadable."""
        return next(iter(self.numbers(keyword)), None)

    def integers(self, keyword: str, *, signed: bool = False) -> tuple[int, ...]:
        """Values of a binary integer attribute (US or SS), () if absent or unreadable."""
        element = self.raw.get(TAGS[keyword])
        if element is not None and element.vr in TEXT:
            numbers = self.numbers(keyword)
            whole = all(value == int(value) for value in numbers)
            return tuple(int(value) for value in numbers) if whole else ()
        written = BINARY.get(element.vr or "", "") if element is not None else ""
        kind = ("h" if signed else "H") if written in ("", "h", "H", "f", "d") else written
        return tuple(int(value) for value in self._unpack(keyword, kind))

    def integer(self, keyword: str) -> int | None:
        """The first value of a binary integer attribute, None if absent or unreadable."""
        return next(iter(self.integers(keyword)), None)

    def blob(self, keyword: str) -> bytes:
        """The raw bytes of an attribute, empty if absent."""
        return self._bytes(keyword)

    def items(self, keyword: str) -> tuple[Elements, ...]:
        """Items of a sequence, () if absent or unreadable."""
        return self.items_of(TAGS[keyword])

    def items_of(self, tag: int) -> tuple[Elements, ...]:
        """Items of the sequence of that number, () if absent or unreadable."""
        element = self.raw.get(tag)
        if element is None:
            return ()
        if element.items is not None:
            return element.items
        return self._parse_items(element.value, self) if element.value else ()

    def _unpack(self, keyword: str, kind: str) -> tuple[float, ...]:
        value = self._bytes(keyword)
        count, rest = divmod(len(value), struct.calcsize(kind))
        if rest:
            return self._unreadable(keyword, f"{len(value)} bytes long")
        unpacked = struct.unpack(f"{'<' if self.encoding.little else '>'}{count}{kind}", value)
        return tuple(unpacked) if all(abs(v) < 1e30 for v in unpacked) else ()

    def _unreadable(self, keyword: str, value: str) -> tuple[float, ...]:
        shown = value if len(value) <= 40 else value[:40] + "..."
        self.problems.append(f"{keyword} in the header is no number ({shown}) and was left out.")
        return ()
