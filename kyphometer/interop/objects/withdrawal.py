"""Objects that were sent and must not be used any more: IHE's rejection note (IOCM).

A key object selection titled "Rejected for Quality Reasons" tells archives and viewers to hide the
objects that it names. It names those of every version of the reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import highdicom as hd
from highdicom.ko import KeyObjectSelection, KeyObjectSelectionDocument
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from kyphometer.dicom.write import uid_from
from kyphometer.film import Film
from kyphometer.interop.objects import codes as coded
from kyphometer.interop.objects.identity import (
    DEVICE_UID,
    MANUFACTURER,
    as_evidence,
    fitted,
    identify,
)
from kyphometer.interop.objects.make import DEFAULT_KINDS, source_of
from kyphometer.interop.objects.source import Kind, Source
from kyphometer.measure import DEFAULT_CORNER_SD_MM
from kyphometer.reading import Reading

REJECTED = coded.dcm("113001", "Rejected for Quality Reasons")
SOP_CLASSES = {
    Kind.SR: "1.2.840.10008.5.1.4.1.1.88.33",
    Kind.SC: "1.2.840.10008.5.1.4.1.1.7",
    Kind.PDF: "1.2.840.10008.5.1.4.1.1.104.1",
    Kind.GSPS: "1.2.840.10008.5.1.4.1.1.11.1",
}
"""SOP classes of the objects that readings become."""


def withdrawal_for(
    film: Film,
    reading: Reading,
    kinds: Iterable[Kind | str] = DEFAULT_KINDS,
    *,
    reason: str,
    earlier: Sequence[Reading] = (),
    visit: str | None = None,
    corner_sd_mm: float = DEFAULT_CORNER_SD_MM,
) -> Dataset:
    """Rejection note for the objects of a reading and of its earlier versions.

    Parameters
    ----------
    film, reading, earlier, visit, corner_sd_mm
        As they were given to `objects_for`, from which the UIDs follow.
    kinds
        Kinds of objects that were sent.
    reason
        Why the reading is withdrawn.

    Raises
    ------
    NoFilmToReferError, ReadingFilmMismatchError, LandmarkError, FacingError
        See `objects_for`.
    """
    source = source_of(film, reading, earlier=earlier, visit=visit, corner_sd_mm=corner_sd_mm)
    named = [
        _object(source, Kind(kind), version)
        for kind in kinds
        for version in range(1, source.version + 1)
    ]
    note = KeyObjectSelectionDocument(
        evidence=named,
        content=KeyObjectSelection(
            document_title=REJECTED,
            referenced_objects=named,
            observer_device_context=_device(),
            description=reason,
        ),
        series_instance_uid=uid_from("withdrawn", *source.thread),
        series_number=9009,
        sop_instance_uid=uid_from("withdrawn", source.object_uid(Kind.SR)),
        instance_number=source.version,
        manufacturer=MANUFACTURER,
    )
    identify(note, source, Kind.SR, "KO")
    note.SeriesInstanceUID = uid_from("withdrawn", *source.thread)
    note.SeriesNumber, note.SeriesDescription = 9009, "Kyphometer withdrawn"
    note.SOPInstanceUID = uid_from("withdrawn", source.object_uid(Kind.SR), fitted(reason))
    note.file_meta.MediaStorageSOPInstanceUID = note.SOPInstanceUID
    return note


def _object(source: Source, kind: Kind, version: int) -> Dataset:
    """A version's object as highdicom wants to see it."""
    uid = source.object_uid(kind, version)
    found = as_evidence(source, SOP_CLASSES[kind], uid, source.series_uid(kind))
    if kind is Kind.SC:
        found.Rows = found.Columns = 1
    return found


def _device() -> hd.sr.ObserverContext:
    return hd.sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=DEVICE_UID, name=MANUFACTURER
        ),
    )
