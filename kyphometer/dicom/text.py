"""Text of a header in the character sets of DICOM."""

from __future__ import annotations

from typing import Final

SINGLE_BYTE: Final[dict[str, str]] = {
    "": "latin-1",
    "ISO_IR 6": "latin-1",
    "ISO_IR 100": "latin-1",
    "ISO_IR 101": "iso8859_2",
    "ISO_IR 109": "iso8859_3",
    "ISO_IR 110": "iso8859_4",
    "ISO_IR 144": "iso8859_5",
    "ISO_IR 127": "iso8859_6",
    "ISO_IR 126": "iso8859_7",
    "ISO_IR 138": "iso8859_8",
    "ISO_IR 148": "iso8859_9",
    "ISO_IR 203": "iso8859_15",
    "ISO_IR 13": "shift_jis",
    "ISO_IR 166": "tis_620",
    "ISO_IR 192": "utf_8",
    "GB18030": "gb18030",
    "GBK": "gbk",
}
"""Python's name of every character set without code extensions."""


def printable(text: str) -> str:
    """Text without control characters, which could break a line or a terminal."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def decode_text(value: bytes, charset: tuple[str, ...]) -> str:
    """Text of a value; what its character set does not know becomes a replacement character.

    Parameters
    ----------
    value
        Raw bytes, possibly padded with blanks or zeros.
    charset
        Values of Specific Character Set.
    """
    value = value.strip(b"\0 ")
    if value.isascii() and b"\x1b" not in value:
        return printable(value.decode("ascii"))
    first = charset[0] if charset else ""
    if len(charset) < 2 and not first.startswith("ISO 2022"):
        return printable(value.decode(SINGLE_BYTE.get(first, "latin-1"), "replace").strip())
    return _decode_with_extensions(value, charset)


def _decode_with_extensions(value: bytes, charset: tuple[str, ...]) -> str:
    """Text of a value with ISO 2022 escape sequences."""
    import warnings

    from pydicom.charset import convert_encodings, decode_bytes
    from pydicom.valuerep import PN_DELIMS

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            encodings = convert_encodings(list(charset))
            return printable(str(decode_bytes(value, encodings, PN_DELIMS)).strip())
        except (LookupError, UnicodeError, ValueError):
            return printable(value.decode("ascii", "replace"))
