"""What every copy without identity says of itself, and how it is written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID

from kyphometer import __version__
from kyphometer.dicom.coded import coded_item

_OPTIONS: Final = {
    "113100": "Basic Application Confidentiality Profile",
    "113101": "Clean Pixel Data Option",
    "113105": "Clean Descriptors Option",
    "113107": "Retain Longitudinal Temporal Information With Modified Dates Option",
    "113108": "Retain Patient Characteristics Option",
    "113109": "Retain Device Identity Option",
}
"""De-identification methods: PS3.16 CID 7050."""
_ALWAYS: Final = ("113100", "113105", "113107", "113108")


def state_deidentified(dataset: Dataset, further: Iterable[str] = ()) -> None:
    """Say that identity is removed and by which methods: the usual ones and further codes."""
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = f"Kyphometer {__version__} allow-list"
    dataset.LongitudinalTemporalInformationModified = "MODIFIED"
    dataset.DeidentificationMethodCodeSequence = [
        coded_item(code, "DCM", _OPTIONS[code][:64]) for code in sorted((*_ALWAYS, *further))
    ]


def write_object(dataset: Dataset, syntax: UID, path: Path) -> None:
    """Write an object with file meta information that says no more than it must."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = syntax
    dataset.file_meta = meta
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)
