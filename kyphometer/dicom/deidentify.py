"""Takes the patient out of a film's header and leaves what measuring needs.

An allow-list (`kept_attributes`): what is not known to be harmless goes. Pixels stay as they are,
bit for bit, so a film with text burned into it is refused unless the caller has looked.

The same key gives the same codes, UIDs and date shift every time, so that the visits of a patient
stay together and in order; without the key they cannot be turned back.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
import warnings
from datetime import date, timedelta
from os import PathLike
from pathlib import Path
from typing import Any, Final, NamedTuple

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import UID

from kyphometer import __version__
from kyphometer.dicom import kept_attributes as kept
from kyphometer.dicom.read import read_header
from kyphometer.dicom.write import describe_position
from kyphometer.errors import BurnedInTextError, UnsupportedFilmError
from kyphometer.film import FilmHeader, Position

_LONGEST_SHIFT_DAYS: Final = 3650
_OLDEST_YEARS: Final = 89
_DECADES: Final = timedelta(days=365 * 20)


class Deidentified(NamedTuple):
    """What became of a film.

    Attributes
    ----------
    path
        File that was written.
    patient_code
        Code that stands for the patient.
    sop_instance_uid
        New UID of the film.
    removed
        Keywords, or numbers, of attributes that are gone.
    """

    path: Path
    patient_code: str
    sop_instance_uid: str
    removed: tuple[str, ...]


def deidentify(
    film: str | PathLike[str],
    target: str | PathLike[str],
    *,
    key: str,
    patient_code: str | None = None,
    text_in_pixels_checked: bool = False,
) -> Deidentified:
    """Write a copy of a DICOM film without the patient's identity.

    Kept are pixels (bit for bit, in their transfer syntax), pixel geometry, view, beam, display,
    sex, and the age in years (90 and above as 90). Dates are shifted into the past by the same
    number of days for every film of a patient, so intervals stay exact. A position that the header
    only tells in words is written as a code.

    Parameters
    ----------
    film
        DICOM object.
    target
        File to write; must be another one.
    key
        Secret of the study. The same key always gives a patient the same code, UIDs and shift.
    patient_code
        Code to write instead of one derived from key and patient ID.
    text_in_pixels_checked
        True if somebody has looked that no text is burned into the pixels.

    Raises
    ------
    BurnedInTextError
        If the header says that text is burned in, or that the film is a secondary capture without
        saying that none is, and nobody has checked.
    UnsupportedFilmError
        If it is no DICOM object.
    FilmError
        If it cannot be read.
    """
    header = read_header(film)
    if header.transfer_syntax_uid is None:
        raise UnsupportedFilmError("no_dicom_to_strip", name=Path(film).name)
    if not text_in_pixels_checked:
        _require_clean_pixels(header)
    secret = _Secret(key, header.acquisition.patient_id or "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's words on odd values, which do not get through
        source = pydicom.dcmread(film, force=True)
        removed: set[str] = set()
        dataset = _filtered(source, secret, removed)
        _replace_identity(dataset, header, secret, patient_code)
        _write(dataset, source, Path(target))
    return Deidentified(
        Path(target), str(dataset.PatientID), str(dataset.SOPInstanceUID), tuple(sorted(removed))
    )


class _Secret:
    """Codes, UIDs and a date shift that only the key can link to a patient."""

    def __init__(self, key: str, patient: str) -> None:
        self._key = key.encode()
        self._patient = patient
        span = int.from_bytes(self._digest("shift", patient)[:8], "big") % _LONGEST_SHIFT_DAYS
        self.shift = _DECADES + timedelta(days=span)

    def _digest(self, *parts: str) -> bytes:
        return hmac.new(self._key, "\0".join(parts).encode(), hashlib.sha256).digest()

    def uid(self, uid: str) -> UID:
        """A UID in place of another one."""
        return UID(f"2.25.{uuid.UUID(bytes=self._digest('uid', uid)[:16], version=4).int}")

    def code(self) -> str:
        """A code in place of the patient's ID."""
        return "K" + self._digest("patient", self._patient).hex()[:10].upper()

    def day(self, text: str) -> str:
        """A shifted date (DA), empty if it was none."""
        match = re.fullmatch(r"(\d{4})\.?(\d\d)\.?(\d\d).*", text)
        try:
            day = date(*(int(part) for part in match.groups())) if match else None
        except ValueError:
            day = None
        return "" if day is None else (day - self.shift).strftime("%Y%m%d")


def _require_clean_pixels(header: FilmHeader) -> None:
    facts = header.acquisition
    name = header.path.name if header.path else "the film"
    capture = (facts.sop_class_uid or "").startswith("1.2.840.10008.5.1.4.1.1.7")
    if facts.burned_in_annotation or (capture and facts.burned_in_annotation is None):
        raise BurnedInTextError(name)


def _filtered(source: Dataset, secret: _Secret, removed: set[str]) -> Dataset:
    """What may stay of a data set or item."""
    dataset = Dataset()
    for tag in list(source.keys()):
        keyword = pydicom.datadict.keyword_for_tag(tag)
        element = _readable(source, tag)
        value = None if element is None else _kept_value(keyword, element, secret, removed)
        if element is None or value is None:
            removed.add(keyword or str(Tag(tag)))
        else:
            dataset.add_new(tag, element.VR, value)
    scheme = dataset.get("CodingSchemeDesignator")
    return Dataset() if scheme is not None and scheme not in kept.CODED_IN_PUBLIC else dataset


def _readable(source: Dataset, tag: Any) -> DataElement | None:
    try:
        element: DataElement = source[tag]
        return element
    except Exception:
        return None


def _kept_value(
    keyword: str, element: DataElement, secret: _Secret, removed: set[str]
) -> object | None:
    """The value that goes into the copy, None if the attribute goes."""
    if keyword in kept.SEQUENCES and element.VR == "SQ":
        items = [_filtered(item, secret, removed) for item in element.value]
        return [item for item in items if len(item)]
    if keyword in kept.UIDS:
        return secret.uid(str(element.value))
    if keyword in kept.DATES or keyword in kept.DATE_TIMES:
        return secret.day(str(element.value))
    if keyword in kept.PLAIN and _has_its_form(keyword, element):
        return element.value if element.value is not None else ""
    return None


def _has_its_form(keyword: str, element: DataElement) -> bool:
    """True if each value looks as values of its kind should, so that nothing hides in it."""
    expected = pydicom.datadict.dictionary_VR(keyword)
    if element.VR not in expected and keyword not in ("PixelData", "LUTData"):
        return False
    form = kept.FORMS.get(element.VR)
    if form is None or element.is_empty:
        return True
    values = element.value if element.VM > 1 else [element.value]
    return all(re.fullmatch(form, str(getattr(v, "original_string", v)).strip()) for v in values)


def _replace_identity(
    dataset: Dataset, header: FilmHeader, secret: _Secret, patient_code: str | None
) -> None:
    facts = header.acquisition
    dataset.PatientID = dataset.PatientName = patient_code or secret.code()
    for keyword in kept.EMPTIED:
        setattr(dataset, keyword, "")
    dataset.StudyID = "1"
    exposed, born = facts.exposed_at, facts.patient_birth_date
    if exposed is not None and born is not None and exposed.date() > born:
        years = (exposed.date() - born).days * 4 // 1461
        dataset.PatientAge = f"{min(years, _OLDEST_YEARS + 1):03d}Y"
    elif re.fullmatch(r"(09[1-9]|1\d\d)Y", str(dataset.get("PatientAge", ""))):
        dataset.PatientAge = f"{_OLDEST_YEARS + 1:03d}Y"
    if "PatientOrientationCodeSequence" not in dataset and facts.position is not Position.UNKNOWN:
        describe_position(dataset, facts.position)
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = f"Kyphometer {__version__} allow-list"
    dataset.LongitudinalTemporalInformationModified = "MODIFIED"


def _write(dataset: Dataset, source: Dataset, target: Path) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    syntax = UID(source.file_meta.get("TransferSyntaxUID") or "1.2.840.10008.1.2")
    meta.TransferSyntaxUID = syntax
    dataset.file_meta = meta
    part = target.with_name(target.name + ".part")
    pydicom.dcmwrite(part, dataset, enforce_file_format=True)
    part.replace(target)
