"""Text of a header in the character sets of DICOM."""

from __future__ import annotations

import re
import unicodedata
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
_PLAIN: Final = frozenset(("", "ISO_IR 6", "ISO_IR 100"))
_OTHER_NAMES: Final = {
    "UTF8": "ISO_IR 192",
    "UNICODE": "ISO_IR 192",
    "ISO10646": "ISO_IR 192",
    "ISO106461": "ISO_IR 192",
    "LATIN1": "ISO_IR 100",
    "ASCII": "ISO_IR 6",
    "USASCII": "ISO_IR 6",
    **{
        f"{start}8859{part}": f"ISO_IR {number}"
        for start in ("ISO", "")
        for part, number in {
            1: 100, 2: 101, 3: 109, 4: 110, 5: 144, 6: 127, 7: 126, 8: 138, 9: 148, 15: 203,
        }.items()
    },
}  # fmt: skip
"""Defined terms by names that programs write instead of them, letters and digits only."""
_MISSPELT: Final = re.compile(r"ISO(2022)?IR(\d{1,3})")


def defined_term(written: str) -> str:
    """The defined term of a character set, however it is spelt; what is no such stays as it is.

    >>> defined_term("iso-ir_192"), defined_term("UTF-8"), defined_term("ISO 2022 IR 87")
    ('ISO_IR 192', 'ISO_IR 192', 'ISO 2022 IR 87')
    """
    bare = "".join(letter for letter in written.upper() if letter.isalnum())
    match = _MISSPELT.fullmatch(bare)
    if match:
        return f"ISO 2022 IR {match[2]}" if match[1] else f"ISO_IR {match[2]}"
    return _OTHER_NAMES.get(bare, bare if bare in SINGLE_BYTE else written)


def is_utf8_against(value: bytes, charset: tuple[str, ...]) -> bool:
    """True if text is surely UTF-8 although the header says Latin-1, ASCII, nothing or nonsense.

    Accented letters of Latin-1 next to each other that happen to be UTF-8 do not occur in words.
    """
    first = charset[0] if charset else ""
    if len(charset) > 1 or value.isascii() or b"\x1b" in value:
        return False
    if first in SINGLE_BYTE and first not in _PLAIN:
        return False
    if first.startswith("ISO 2022"):
        return False
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def printable(text: str) -> str:
    """Text without control characters, which could break a line or a terminal."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def decode_text(value: bytes, charset: tuple[str, ...]) -> str:
    """Text of a value in Unicode NFC; what its character set lacks becomes a replacement character.

    Text that the header calls Latin-1, or of which it says nothing, is UTF-8 if it can be.

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
    return unicodedata.normalize("NFC", _decoded(value, charset))


def _decoded(value: bytes, charset: tuple[str, ...]) -> str:
    if is_utf8_against(value, charset):
        return printable(value.decode("utf-8").strip())
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
