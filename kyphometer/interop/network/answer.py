"""An answer of QIDO-RS: DICOM JSON (PS3.18, annex F), of which texts are wanted."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from kyphometer.errors import PacsAnswerError

_NAMES = ("Alphabetic", "Ideographic", "Phonetic")


class _Element(msgspec.Struct):
    """An attribute of DICOM JSON."""

    value: list[Any] | None = msgspec.field(default=None, name="Value")


_DECODER = msgspec.json.Decoder(dict[str, _Element])


class Answer:
    """An answer, asked by keywords as a data set of pydicom is.

    Parameters
    ----------
    member
        The JSON that came.
    name
        Name of the archive, for the sentence.

    Raises
    ------
    PacsAnswerError
        If it is no DICOM JSON.
    """

    __slots__ = ("_elements",)

    def __init__(self, member: bytes, name: str) -> None:
        try:
            elements = _DECODER.decode(member)
        except (msgspec.MsgspecError, RecursionError):
            raise PacsAnswerError("no_dicom_json", source=name) from None
        self._elements = {tag.upper(): one.value for tag, one in elements.items() if one.value}

    def get(self, keyword: str, default: Any = None) -> Any:
        """The text of an attribute, a list of texts where it has several."""
        values = self._elements.get(_tag(keyword))
        if not values:
            return default
        return _text(values[0]) if len(values) == 1 else [_text(one) for one in values]


@cache
def _tag(keyword: str) -> str:
    from pydicom.datadict import tag_for_keyword

    return f"{tag_for_keyword(keyword) or 0:08X}"


def _text(value: Any) -> str:
    if isinstance(value, dict):  # a person's name
        return "=".join(str(value.get(name) or "") for name in _NAMES).rstrip("=")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
