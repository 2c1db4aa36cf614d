"""What of a film's attributes may stay, one by one (`kept_attributes` names them)."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID

from kyphometer.dicom import kept_attributes as kept
from kyphometer.dicom.coded import cleaned_code
from kyphometer.dicom.identifiers import words_of
from kyphometer.dicom.pseudonyms import Pseudonyms


@dataclass
class AllowList:
    """Takes what may stay out of data sets, and notes what became of every attribute.

    Attributes
    ----------
    secret
        What stands in for UIDs, days and times.
    words
        Words of the patient's names and numbers, which no text may repeat.
    plain
        Keywords of attributes that stay as they are.
    removed, changed, kept
        Keywords, or numbers, of attributes that are gone, hold something else, or stay.
    """

    secret: Pseudonyms
    words: Set[str]
    plain: Set[str]
    removed: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)

    def filtered(self, source: Dataset) -> Dataset:
        """What may stay of a data set or item; empty if it is an item of a private code."""
        dataset = Dataset()
        for tag in list(source.keys()):
            keyword = pydicom.datadict.keyword_for_tag(tag)
            element = _readable(source, tag)
            value = None if element is None else self._kept_value(keyword, element)
            if element is None or value is None:
                self.removed.add(keyword or str(Tag(tag)))
                continue
            dataset.add_new(tag, element.VR, value)
            (self.kept if value == element.value else self.changed).add(keyword)
        coded = "CodingSchemeDesignator" in dataset or "CodeValue" in dataset
        if not coded:
            return dataset
        said = dataset.get("CodeMeaning")
        if not cleaned_code(dataset):
            return Dataset()
        if said is not None and said != dataset.CodeMeaning:
            self.changed.add("CodeMeaning")
        return dataset

    def _kept_value(self, keyword: str, element: DataElement) -> object | None:
        """The value that goes into the copy, None if the attribute goes."""
        if keyword in kept.SEQUENCES and element.VR == "SQ":
            items = [self.filtered(item) for item in element.value]
            return [item for item in items if len(item)]
        text = str(element.value)
        if keyword in kept.UIDS or (keyword == "DeviceUID" and keyword in self.plain):
            return UID(self.secret.uid(text))
        if keyword in kept.DATES:
            return self.secret.day_text(text)
        if keyword in kept.TIMES:
            return self.secret.clock_text(text)
        if keyword in kept.DATE_TIMES:
            return self.secret.moment_text(text)
        if keyword in self.plain and self.is_harmless(keyword, element):
            return element.value if element.value is not None else ""
        return None

    def is_harmless(self, keyword: str, element: DataElement) -> bool:
        """True if a value has the form of its kind and repeats no name or number."""
        return _has_its_form(keyword, element) and not self._names(element)

    def _names(self, element: DataElement) -> bool:
        """True if a text repeats a word of the patient's names or numbers."""
        if element.VR not in ("LO", "SH", "CS") or element.is_empty:
            return False
        said = set(words_of(str(element.value)))
        whole = str(element.value).casefold()
        return bool(said & self.words) or any(
            len(word) > 4 and word in whole for word in self.words
        )


def _readable(source: Dataset, tag: Any) -> DataElement | None:
    try:
        element: DataElement = source[tag]
        return element
    except Exception:
        return None


def _has_its_form(keyword: str, element: DataElement) -> bool:
    """True if each value looks as values of its kind should, so that nothing hides in it."""
    expected = pydicom.datadict.dictionary_VR(keyword)
    if element.VR not in expected and keyword not in ("PixelData", "LUTData"):
        return False
    form = kept.TERMS.get(keyword) or kept.FORMS.get(element.VR)
    if form is None or element.is_empty:
        return True
    values = element.value if element.VM > 1 else [element.value]
    return all(re.fullmatch(form, str(getattr(v, "original_string", v)).strip()) for v in values)
