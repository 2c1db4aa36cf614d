"""Splits a DICOM file into its attributes, up to the pixel data, and believes no length in it."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from kyphometer.dicom.elements import Element, Elements, Encoding
from kyphometer.dicom.source import InflatedSource, Source, StreamSource
from kyphometer.dicom.tags import TAGS
from kyphometer.errors import FilmHeaderError, NotAFilmError

DEFLATED: Final = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
EXPLICIT: Final = "1.2.840.10008.1.2.1"
IMPLICIT: Final = "1.2.840.10008.1.2"

_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR",
                   b"UT", b"UV"))  # fmt: skip
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXELS = frozenset((TAGS["PixelData"], TAGS["FloatPixelData"], TAGS["DoubleFloatPixelData"]))
_LARGEST_VALUE = 1 << 26
_DEEPEST = 24
_MOST_ELEMENTS = 300_000
"""Attributes of a header with those in sequences: an object of 2000 frames has some 100,000."""
_MOST_OUTSIDE = 20_000
"""Attributes that are in no sequence."""


class PixelElement(NamedTuple):
    """Where the pixel data lie: attribute, VR, offset of the value, length (None: encapsulated)."""

    tag: int
    vr: str | None
    offset: int
    length: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomFile:
    """A DICOM file, read up to its pixel data.

    Attributes
    ----------
    elements
        Attributes before the pixel data.
    transfer_syntax_uid
        How the file says it is written; guessed if it says nothing.
    pixels
        Where its pixel data lie, None if it has none.
    source
        What to read pixel data from.
    truncated
        True if the file ends within an attribute before any pixel data.
    """

    elements: Elements
    transfer_syntax_uid: str
    pixels: PixelElement | None
    source: Source
    truncated: bool


class _ParseError(Exception):
    """The bytes are no data set."""


class _Walker:
    """Walks over a data set once, from where its source stands."""

    def __init__(
        self, source: Source, encoding: Encoding, problems: list[str], charset: tuple[str, ...]
    ) -> None:
        self.source = source
        self.encoding = encoding
        self.problems = problems
        self.charset = charset
        self.pixels: PixelElement | None = None
        self.truncated = False
        self._count = 0
        order = "<" if encoding.little else ">"
        self._tag = struct.Struct(order + "HH").unpack_from
        self._short: Callable[[bytes, int], tuple[int]] = struct.Struct(order + "H").unpack_from
        self._long: Callable[[bytes, int], tuple[int]] = struct.Struct(order + "I").unpack_from

    def elements(
        self, end: int | None = None, depth: int = 0, within: int | None = None
    ) -> Elements:
        """Attributes up to `end`, an item's end mark, the pixel data, or another group."""
        if depth > _DEEPEST:
            raise _ParseError
        raw: dict[int, Element] = {}
        outside = 0
        while end is None or self.source.tell() < end:
            head = self.source.read(8)
            if len(head) < 8:
                self.truncated = self.truncated or len(head) > 0 or depth > 0
                break
            self._count += 1
            outside += depth == 0
            if self._count > _MOST_ELEMENTS or outside > _MOST_OUTSIDE:
                raise _ParseError
            group, number = self._tag(head, 0)
            tag = group << 16 | number
            if tag == _ITEM_END or (within is not None and group != within):
                if tag != _ITEM_END:
                    self.source.seek(self.source.tell() - 8)
                break
            vr, length = self._vr_and_length(head)
            if depth == 0 and tag in _PIXELS:
                known = None if length == _UNDEFINED else length
                self.pixels = PixelElement(tag, vr, self.source.tell(), known)
                break
            element = self._element(vr, length, depth)
            if element is None:
                self.truncated = True
                break
            raw[tag] = element
        return Elements(raw, self.encoding, parse_items, self.charset, self.problems)

    def _vr_and_length(self, head: bytes) -> tuple[str | None, int]:
        vr = head[4:6]
        if self.encoding.implicit or not (vr.isalpha() and vr.isupper()):
            return None, self._long(head, 4)[0]
        if vr not in _LONG:
            return vr.decode(), self._short(head, 6)[0]
        more = self.source.read(4)
        if len(more) < 4:
            raise _ParseError
        return vr.decode(), self._long(more, 0)[0]

    def _element(self, vr: str | None, length: int, depth: int) -> Element | None:
        """The attribute whose value starts here, None if the file ends within it."""
        if length == _UNDEFINED:
            if vr in ("OB", "OW"):
                self._skip_fragments()
                return Element(vr, None)
            return Element(vr, None, self.items(None, depth + 1))
        if length > _LARGEST_VALUE:
            self.source.seek(self.source.tell() + length)
            return Element(vr, None)
        value = self.source.read(length)
        return Element(vr, value) if len(value) == length else None

    def items(self, end: int | None, depth: int) -> tuple[Elements, ...]:
        """Items of the sequence that starts here."""
        found: list[Elements] = []
        while end is None or self.source.tell() < end:
            length = self._item_length()
            if length is None:
                break
            stop = None if length == _UNDEFINED else self.source.tell() + length
            found.append(self.elements(stop, depth))
        return tuple(found)

    def _item_length(self) -> int | None:
        """Length of the item that starts here, None at the end of its sequence."""
        head = self.source.read(8)
        if len(head) < 8:
            raise _ParseError
        group, number = self._tag(head, 0)
        tag = group << 16 | number
        if tag == _SEQUENCE_END:
            return None
        if tag != _ITEM:
            raise _ParseError
        return self._long(head, 4)[0]

    def _skip_fragments(self) -> None:
        while (length := self._item_length()) is not None:
            self.source.seek(self.source.tell() + length)


def parse_items(value: bytes, parent: Elements) -> tuple[Elements, ...]:
    """Items of a sequence of defined length; () with a sentence if they cannot be read."""
    source = StreamSource(io.BytesIO(value), len(value), "", None)
    walker = _Walker(source, parent.encoding, parent.problems, parent.charset)
    try:
        return walker.items(len(value), 1)
    except _ParseError:
        parent.problems.append("A sequence in the header is damaged and was left out.")
        return ()


def open_dicom(source: StreamSource) -> DicomFile:
    """Read a DICOM file up to its pixel data.

    A file without preamble or file meta information is read if its first attributes look like a
    data set.

    Raises
    ------
    NotAFilmError
        If it is no DICOM file.
    FilmHeaderError
        If its header is damaged.
    """
    try:
        syntax = _read_meta(source)
        inner: Source = InflatedSource(source, source.name) if syntax == DEFLATED else source
        encoding = _encoding(inner, syntax)
        walker = _Walker(inner, encoding, [], ())
        elements = walker.elements()
    except _ParseError:
        raise FilmHeaderError("header_damaged", name=source.name) from None
    return DicomFile(
        elements=elements,
        transfer_syntax_uid=syntax or _guessed(encoding),
        pixels=walker.pixels,
        source=inner,
        truncated=walker.truncated,
    )


def _read_meta(source: StreamSource) -> str:
    """Go past preamble and file meta information; the transfer syntax, empty if not told."""
    source.seek(128)
    if source.read(4) != b"DICM":
        source.seek(0)
        _require_data_set(source)
    start = source.tell()
    if source.read(2) != b"\x02\x00":
        source.seek(start)
        return ""
    source.seek(start)
    walker = _Walker(source, Encoding(implicit=False, little=True), [], ())
    meta = walker.elements(within=2)
    return meta.code("TransferSyntaxUID")


def _require_data_set(source: StreamSource) -> None:
    """Refuse a file without preamble that does not start with an attribute of group 2 or 8."""
    head = source.read(8)
    source.seek(0)
    if head[:2] not in (b"\x02\x00", b"\x08\x00", b"\x00\x08") or len(head) < 8 or head[3] > 0x20:
        raise NotAFilmError(source.name)


def _encoding(source: Source, syntax: str) -> Encoding:
    """How the data set that starts here is really written, whatever the file says."""
    start = source.tell()
    head = source.read(6)
    source.seek(start)
    vr = head[4:6]
    implicit = not (vr.isalpha() and vr.isupper())
    little = syntax != BIG_ENDIAN
    if not syntax:
        little = head[:2] != b"\x00\x08"
    return Encoding(implicit=implicit, little=little)


def _guessed(encoding: Encoding) -> str:
    if not encoding.little:
        return BIG_ENDIAN
    return IMPLICIT if encoding.implicit else EXPLICIT
