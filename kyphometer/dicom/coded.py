"""Coded items without words of the sender's own: public codes with DICOM's own meanings."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from pydicom.dataset import Dataset

SCHEMES: Final = {
    "SCT": r"\d{6,18}",
    "SRT": r"[A-Z]{1,2}-[0-9A-F]{4,6}",
    "SNM3": r"[A-Z]{1,2}-[0-9A-F]{4,6}",
    "DCM": r"[A-Z0-9]{1,12}",
    "NCIt": r"C\d{3,7}",
    "LN": r"\d{1,7}-\d",
    "FMA": r"\d{1,7}",
    "UCUM": r".{1,16}",
}
"""Coding schemes whose codes are public and name nobody, with the form of their codes."""
_UNITS: Final = frozenset(
    ("1", "mm/{pixel}", "mm/{pixels}", "{pixel}", "{pixels}", "{ratio}", "mm/mm", "cm/pixel")
)
OWN: Final = "99KYPHO"
"""The scheme of Kyphometer's own codes."""


def coded_item(value: str, scheme: str, meaning: str) -> Dataset:
    """A code as an item of a sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def cleaned_code(item: Dataset) -> bool:
    """Put the dictionary's meaning in place of the item's; False if the code is not a public one.

    A public code that DICOM's context groups lack is its own meaning: the attribute must not be
    empty, and what the sender wrote may be anything.
    """
    scheme = str(item.get("CodingSchemeDesignator") or "")
    value = str(item.get("CodeValue") or "")
    form = r"[A-Z][A-Z0-9_]{0,15}" if scheme == OWN else SCHEMES.get(scheme)
    if form is None or not re.fullmatch(form, value):
        return False
    if scheme == "UCUM" and _meaning(scheme, value) is None and value not in _UNITS:
        return False  # its codes may be made up
    item.CodeMeaning = (_meaning(scheme, value) or value)[:64]
    return True


@cache
def _meanings() -> dict[tuple[str, str], str]:
    from pydicom.sr import _concepts_dict
    from pydicom.sr._snomed_dict import mapping

    concepts: dict[str, Any] = _concepts_dict.concepts
    found = {
        (scheme, value): meaning
        for scheme, names in concepts.items()
        for values in names.values()
        for value, (meaning, _) in values.items()
    }
    for old, new in mapping.get("SRT", {}).items():
        if ("SCT", new) in found:
            found["SRT", old] = found["SCT", new]
    return found


def _meaning(scheme: str, value: str) -> str | None:
    wanted = "SRT" if scheme == "SNM3" else scheme
    return _meanings().get((wanted, value))
