"""Takes the patient out of a film and leaves what measuring needs.

An allow-list (`allow_list`): what is not known to be harmless goes. Values of pixels stay as
they are, bit for bit, unless regions are blanked; a film that may have text burned into it is
refused unless somebody has looked.

The same key gives the same codes, UIDs and date shift every time, so that the visits of a patient
stay together and in order; without the key they cannot be turned back.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Final

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from kyphometer.dicom import kept_attributes as kept
from kyphometer.dicom.allow_list import AllowList
from kyphometer.dicom.clean_pixels import (
    Region,
    blank,
    clean_pixels,
    require_same_pixels,
    uid_of,
)
from kyphometer.dicom.codecs import NATIVE
from kyphometer.dicom.coded import coded_item
from kyphometer.dicom.deidentified_object import state_deidentified, write_object
from kyphometer.dicom.identifiers import Identifier, identifiers, words_of
from kyphometer.dicom.pseudonyms import Pseudonyms
from kyphometer.dicom.read import read_film, read_header
from kyphometer.dicom.required import fill_required
from kyphometer.dicom.write import describe_position
from kyphometer.errors import (
    BurnedInTextError,
    ColourFilmError,
    PixelsToCheckError,
    UnsupportedFilmError,
)
from kyphometer.film import Film, FilmHeader, Position

_OLDEST_YEARS: Final = 89
_LATERAL: Final = ("399067008", "SCT", "Lateral projection")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What may stay, and who has looked.

    Attributes
    ----------
    text_in_pixels_checked
        True if somebody has looked that no text is burned into the pixels, or that the blanked
        regions hold all of it.
    blank
        Regions of the picture to write black. The film is then stored uncompressed.
    keep_device
        Keep what names the device: station, serial number, software.
    """

    text_in_pixels_checked: bool = False
    blank: Sequence[Region] = ()
    keep_device: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deidentified:
    """What became of a film.

    Attributes
    ----------
    path
        File that was written.
    patient_code
        Code that stands for the patient.
    sop_instance_uid
        New UID of the film.
    sha256_pixels
        Hash of the first frame's stored values; that of the film unless regions were blanked.
    sha256_before
        That of the film.
    removed, changed, kept
        Keywords, or numbers, of attributes that are gone, hold something else, or stay.
    gaps
        Attributes that a valid object must have and that nobody can know.
    pixels
        What was taken out of the pixel data, in words.
    identifiers
        Values of the film that must not be found anywhere any more.
    """

    path: Path
    patient_code: str
    sop_instance_uid: str
    sha256_pixels: str
    sha256_before: str
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    kept: tuple[str, ...]
    gaps: tuple[str, ...]
    pixels: tuple[str, ...]
    identifiers: frozenset[Identifier]


def deidentify(
    film: str | PathLike[str],
    target: str | PathLike[str],
    *,
    key: str,
    patient_code: str | None = None,
    person: str | None = None,
    text_in_pixels_checked: bool = False,
    blank: Sequence[Region] = (),
    keep_device: bool = False,
) -> Deidentified:
    """Write a copy of a DICOM film without the patient's identity.

    Kept are values of pixels (bit for bit, in their transfer syntax), pixel geometry, view, beam,
    display, sex, and the age in years (90 and above as 90). Dates are shifted into the past by the
    same number of days for every film of a patient, so intervals stay exact. A position that the
    header only tells in words is written as a code. Before the copy gets its name it is read again:
    its pixels must be those of the film.

    Parameters
    ----------
    film
        DICOM object.
    target
        File to write; must be another one.
    key
        Secret of the study. The same key always gives a patient the same code, UIDs and shift.
    patient_code
        Code to write instead of one derived from key and patient.
    person
        What tells the patient from others; the header's patient ID if not given.
    text_in_pixels_checked, blank, keep_device
        See `Options`.

    Raises
    ------
    BurnedInTextError
        If the header says that text is burned in, or that the film is a secondary capture or was
        digitised without saying that none is, and nobody has checked.
    PixelsToCheckError
        If coloured pixels, or bits that are no pixels, may hold a drawing and nobody has checked,
        or a region to blank is not on the film.
    UnsupportedFilmError
        If it is no DICOM object, or its copy would read otherwise.
    FilmError
        If it cannot be read.
    """
    options = Options(
        text_in_pixels_checked=text_in_pixels_checked, blank=blank, keep_device=keep_device
    )
    header = read_header(film)
    if header.transfer_syntax_uid is None:
        raise UnsupportedFilmError("no_dicom_to_strip", name=Path(film).name)
    if not text_in_pixels_checked and not blank:
        _require_clean_pixels(header)
    secret = Pseudonyms(key, person_of(header) if person is None else person)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's words on odd values, which do not get through
        source = pydicom.dcmread(film, force=True)
        copy = _Copy(source, secret, options)
        copy.replace_identity(header, patient_code)
        return copy.written(header, Path(film), Path(target))


def person_of(header: FilmHeader) -> str:
    """What tells the patient from others: a film without ID or name is a person of its own."""
    facts = header.acquisition
    if facts.patient_id:
        return facts.patient_id
    named = f"{facts.patient_name} {facts.patient_birth_date}" if facts.patient_name else ""
    return named or facts.study_instance_uid or header.reference.sop_instance_uid or ""


def _require_clean_pixels(header: FilmHeader) -> None:
    facts = header.acquisition
    name = header.path.name if header.path else "the film"
    capture = (facts.sop_class_uid or "").startswith("1.2.840.10008.5.1.4.1.1.7")
    if facts.burned_in_annotation or (capture and facts.burned_in_annotation is None):
        raise BurnedInTextError(name)


@dataclass
class _Copy:
    """A film's data set on its way to one without identity."""

    source: Dataset
    secret: Pseudonyms
    options: Options

    def __post_init__(self) -> None:
        self.found = identifiers(self.source)
        words = {
            word
            for kind, value in self.found
            if kind in ("name", "number")
            for word in words_of(value)
        }
        plain = kept.PLAIN | (kept.DEVICE if self.options.keep_device else frozenset())
        self.allowed = AllowList(self.secret, words, plain)
        self.dataset = self.allowed.filtered(self.source)

    def replace_identity(self, header: FilmHeader, patient_code: str | None) -> None:
        """Codes in place of the patient, facts that only went with words, and what was done."""
        dataset, facts = self.dataset, header.acquisition
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.PatientID = dataset.PatientName = patient_code or self.secret.code()
        dataset.PatientBirthDate = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
        dataset.StudyID = "1"
        self._set_moments(header)
        exposed, born = facts.exposed_at, facts.patient_birth_date
        if exposed is not None and born is not None and exposed.date() > born:
            years = (exposed.date() - born).days * 4 // 1461
            dataset.PatientAge = f"{min(years, _OLDEST_YEARS + 1):03d}Y"
        elif re.fullmatch(r"(09[1-9]|1\d\d)Y", str(dataset.get("PatientAge", ""))):
            dataset.PatientAge = f"{_OLDEST_YEARS + 1:03d}Y"
        self._say_in_codes(header)
        cleaned = ["113101"] if self.options.blank else []
        state_deidentified(dataset, [*cleaned, *(["113109"] if self.options.keep_device else [])])

    def _set_moments(self, header: FilmHeader) -> None:
        """The moment of exposure as it was read, whatever the dates of the header contradict."""
        moment = header.acquisition.exposed_at
        self.dataset.StudyTime = self.secret.clock_text(str(self.source.get("StudyTime", "")))
        for keyword in ("FrameAcquisitionDateTime", "AcquisitionDateTime"):
            if keyword in self.dataset:
                del self.dataset[keyword]
        if moment is not None:
            moved = self.secret.moment(moment)
            self.dataset.AcquisitionDate = f"{moved:%Y%m%d}"
            self.dataset.AcquisitionTime = f"{moved:%H%M%S}"

    def _say_in_codes(self, header: FilmHeader) -> None:
        dataset, facts = self.dataset, header.acquisition
        position = facts.position
        held = dataset.get("PatientOrientationCodeSequence") or dataset.get("PatientPosition")
        if not held and position is not Position.UNKNOWN:
            describe_position(dataset, position)
        said = dataset.get("ViewPosition") or dataset.get("ViewCodeSequence")
        if facts.is_lateral and not said and not dataset.get("PatientOrientation"):
            dataset.ViewCodeSequence = [coded_item(*_LATERAL)]
        point = facts.time_point
        if point and "ClinicalTrialTimePointID" not in dataset:
            element = DataElement(0x00120050, "LO", point[:64])
            if self.allowed.is_harmless("ClinicalTrialTimePointID", element):
                dataset.ClinicalTrialTimePointID = point[:64]

    def written(self, header: FilmHeader, film: Path, target: Path) -> Deidentified:
        """Write the copy and read it again."""
        dataset, name, options, allowed = self.dataset, film.name, self.options, self.allowed
        looked = options.text_in_pixels_checked or bool(options.blank)
        frames = list(_frames(film, header.frames, looked=looked))
        syntax = str(header.transfer_syntax_uid)
        if options.blank:
            pixels = ["regions that were blanked"]
            syntax = blank(dataset, frames[0], options.blank, name)
        elif "PixelData" in dataset and _said_otherwise(self.source, syntax):
            pixels = ["a compression other than stated; the copy is uncompressed"]
            syntax = blank(dataset, frames[0], (), name)
        else:
            checked = options.text_in_pixels_checked
            pixels = clean_pixels(dataset, self.source, syntax, frames[0], name, checked=checked)
        if options.text_in_pixels_checked:
            dataset.BurnedInAnnotation = "NO"
        gaps = fill_required(dataset, lossy=frames[0].acquisition.lossy)
        part = target.with_name(target.name + ".part")
        try:
            write_object(dataset, uid_of(syntax), part)
            if not options.blank:
                for number, frame in enumerate(frames, 1):
                    require_same_pixels(part, frame, number, name)
            shown = read_film(part, 1, grey=True).sha256_pixels
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return Deidentified(
            path=target,
            patient_code=str(dataset.PatientID),
            sop_instance_uid=str(dataset.SOPInstanceUID),
            sha256_pixels=shown,
            sha256_before=frames[0].sha256_pixels,
            removed=tuple(sorted(allowed.removed)),
            changed=tuple(sorted(allowed.changed - allowed.removed)),
            kept=tuple(sorted(allowed.kept - allowed.changed - allowed.removed)),
            gaps=gaps,
            pixels=tuple(pixels),
            identifiers=self.found,
        )


def _frames(film: Path, count: int, *, looked: bool) -> Iterator[Film]:
    """Frames of a film; refuses coloured pixels, which may be drawn, unless somebody looked."""
    for number in range(1, count + 1):
        try:
            yield read_film(film, number, grey=looked)
        except ColourFilmError:
            raise PixelsToCheckError("coloured_pixels", name=film.name) from None


def _said_otherwise(source: Dataset, syntax: str) -> bool:
    """True if compressed pixels are said to be uncompressed, or the other way round."""
    return bool(source["PixelData"].is_undefined_length) == (syntax in NATIVE)
