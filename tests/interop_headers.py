"""Films with headers as they come: empty, missing, odd, too long, in many character sets."""

from __future__ import annotations

import random
import string
import warnings
from pathlib import Path

import numpy as np
import pydicom
from dicom_films import noisy_pixels
from interop_films import complaints, reading_on
from pydicom import config
from pydicom.dataset import Dataset

from kyphometer.dicom import read_film
from kyphometer.geometry import Facing
from kyphometer.interop.objects.make import objects_for
from kyphometer.interop.objects.source import Kind

_DX = "1.2.840.10008.5.1.4.1.1.1.1"
_CR = "1.2.840.10008.5.1.4.1.1.1"
_SC = "1.2.840.10008.5.1.4.1.1.7"
_XA = "1.2.840.10008.5.1.4.1.1.12.1"
_RF = "1.2.840.10008.5.1.4.1.1.12.2"
_MULTI_SC = "1.2.840.10008.5.1.4.1.1.7.3"

NAMES = (
    ("ISO_IR 192", "Nguyễn^Văn An"),
    ("ISO_IR 192", "Trần^Thị Bích^^BS"),
    ("ISO_IR 192", "Đặng"),
    ("ISO_IR 192", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    ("ISO_IR 100", "Müller^Jörg"),
    ("ISO_IR 144", "Люкceмбypг"),
    ("ISO_IR 126", "Διονυσιος"),
    ("GB18030", "Wang^XiaoDong=王^小东"),
    (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    ("ISO_IR 6", "Simulated^Anna"),
    ("", "Simulated^Anna^B^C^D^E^F"),
    ("ISO_IR 100", "A" * 200),
    ("ISO_IR 100", "A^B=C=D=E"),
    ("ISO_IR 999", "Simulated^Anna"),
    ("ISO_IR 100", " ^ "),
    ("ISO_IR 100", ""),
    ("ISO_IR 100", None),
)


def _long(rng, count):
    return "".join(rng.choices(string.ascii_uppercase + string.digits + " -", k=count))


def varied(seed: int) -> Dataset:
    """A film of 900 x 1000 pixels with a header that chance made; the same for the same seed."""
    rng = random.Random(seed)
    dataset = Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    _kind(dataset, rng, seed)
    _patient(dataset, rng)
    _study(dataset, rng, seed)
    _geometry(dataset, rng)
    _pixels(dataset, rng)
    _display(dataset, rng)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def _maybe(dataset, rng, keyword, *values):
    """One of the values, or the attribute empty, or not there at all."""
    chosen = rng.choice((*values, "", None))
    if chosen is not None:
        setattr(dataset, keyword, chosen)


def _kind(dataset, rng, seed):
    dataset.SOPClassUID, modality = rng.choice(
        ((_DX, "DX"), (_DX, "DX"), (_CR, "CR"), (_SC, "OT"), (_XA, "XA"), (_RF, "RF"),
         (_MULTI_SC, "OT"))
    )  # fmt: skip
    dataset.SOPInstanceUID = f"1.2.826.0.1.3680043.10.511.3.{seed + 1}"
    _maybe(dataset, rng, "Modality", modality, modality, modality)
    if dataset.SOPClassUID in (_XA, _RF, _MULTI_SC):
        dataset.NumberOfFrames = rng.choice((1, 3))


def _patient(dataset, rng):
    charset, name = rng.choice(NAMES)
    if charset:
        dataset.SpecificCharacterSet = charset
    if name is not None:
        dataset.PatientName = name
    _maybe(dataset, rng, "PatientID", "SIM-1", _long(rng, 64), _long(rng, 90), "  7  ")
    _maybe(dataset, rng, "PatientBirthDate", "19551102", "1955", "19551350", "1955.11.02")
    _maybe(dataset, rng, "PatientSex", "F", "M", "O", "U", "female")


def _study(dataset, rng, seed):
    uid = f"1.2.826.0.1.3680043.10.511.3.{seed + 1}"
    _maybe(dataset, rng, "StudyInstanceUID", f"{uid}.1", f"{uid}.1", f"{uid}.1", "1.02.3", "none")
    _maybe(dataset, rng, "SeriesInstanceUID", f"{uid}.2", f"{uid}.2", "1." + "2" * 70)
    _maybe(dataset, rng, "StudyDate", "20240301", "20240301", "2024-03-01", "20241301")
    _maybe(dataset, rng, "StudyTime", "1530", "153000.25", "15:30:00", "259999")
    _maybe(dataset, rng, "StudyID", "1", _long(rng, 16), _long(rng, 40))
    _maybe(dataset, rng, "AccessionNumber", "A1", _long(rng, 16), _long(rng, 30))
    _maybe(dataset, rng, "ReferringPhysicianName", "Lê^B", "Dr", "B" * 100)
    _maybe(dataset, rng, "ClinicalTrialTimePointID", "pre-op", _long(rng, 64), _long(rng, 100))
    _maybe(dataset, rng, "SeriesDescription", "TL spine", _long(rng, 64))
    _maybe(dataset, rng, "Manufacturer", "Maker", _long(rng, 64))


def _geometry(dataset, rng):
    if dataset.SOPClassUID == _DX or rng.random() < 0.5:
        facing = rng.choice((["A", "F"], ["A", "F"], "", ["A"], None))
        if facing is not None:
            dataset.PatientOrientation = facing
    spacing = rng.choice((None, ["0.2", "0.2"], ["0.2", "0.15"], ["0.143", "0.143"]))
    if spacing is not None:
        keyword = "ImagerPixelSpacing" if rng.random() < 0.6 else "PixelSpacing"
        setattr(dataset, keyword, spacing)
        if rng.random() < 0.3:
            dataset.EstimatedRadiographicMagnificationFactor = "1.15"
    elif rng.random() < 0.3:
        dataset.PixelAspectRatio = [4, 3]
    _maybe(dataset, rng, "ViewPosition", "LL", "RL", "LATERAL")


def _pixels(dataset, rng):
    bits = rng.choice((8, 10, 12, 16))
    values = np.tile(noisy_pixels(90, 100), (10, 10)).astype(np.float64) / 4096
    kind = np.uint8 if bits == 8 else np.uint16
    pixels = (values * (2**bits - 1)).astype(kind)
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = rng.choice(("MONOCHROME1", "MONOCHROME2"))
    dataset.BitsAllocated = 8 if bits == 8 else 16
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits, bits - 1, 0
    dataset.PixelData = pixels.tobytes() * int(dataset.get("NumberOfFrames", 1))
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"


def _display(dataset, rng):
    top = 2**dataset.BitsStored
    if rng.random() < 0.5:
        dataset.WindowCenter, dataset.WindowWidth = [str(top // 2), "5"], [str(top), "3"]
        _maybe(dataset, rng, "VOILUTFunction", "SIGMOID", "LINEAR", "LINEAR_EXACT")
    if rng.random() < 0.3:
        dataset.RescaleSlope, dataset.RescaleIntercept = "1.5", "-100"
        dataset.RescaleType = "US"
    if rng.random() < 0.15:
        dataset.VOILUTSequence = [_table(dataset.BitsStored, _long(rng, 64))]
    if rng.random() < 0.15:
        dataset.ModalityLUTSequence = [_table(dataset.BitsStored, "")]
        dataset.ModalityLUTSequence[0].ModalityLUTType = "US"


def _table(bits, explanation):
    item = Dataset()
    count = min(2**bits, 4096)
    item.add_new("LUTDescriptor", "US", [count, 0, 16])
    if explanation:
        item.LUTExplanation = explanation
    item.add_new("LUTData", "OW", np.linspace(0, 65535, count).astype("<u2").tobytes())
    return item


def write_varied(seed: int, folder: Path) -> Path:
    """The film of a seed as a file, written as it is whatever is wrong with it."""
    path = folder / f"varied-{seed}.dcm"
    before = config.settings.writing_validation_mode, config.settings.reading_validation_mode
    config.settings.writing_validation_mode = config.IGNORE
    config.settings.reading_validation_mode = config.IGNORE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            varied(seed).save_as(path, enforce_file_format=True)
    finally:
        config.settings.writing_validation_mode = before[0]
        config.settings.reading_validation_mode = before[1]
    return path


OBSERVERS = ("KN", "Nguyễn Văn A", None, "x" * 90, "a=b\\c", "Doe^Jane")


def faults_of(seed: int, folder: Path, kinds=tuple(Kind), *, templates=None) -> list[str]:
    """What checking programs find in the objects of a film with a varied header.

    Parameters
    ----------
    templates
        PixelMed's validator, to be asked about reports too.
    """
    path = write_varied(seed, folder)
    film = read_film(path, frame=2 if _frames(path) > 1 else 1)
    reading = reading_on(
        film,
        facing=Facing.RIGHT,
        observer=OBSERVERS[seed % len(OBSERVERS)],
        comment="Bình luận \\ " * (seed % 40),
    )
    earlier = [reading_on(film)] * (seed % 3)
    found = []
    for dataset in objects_for(film, reading, kinds, earlier=earlier, reason="sửa lại góc" * 9):
        target = folder / f"{seed}.dcm"
        dataset.save_as(target, enforce_file_format=True)
        told = complaints(target)
        if templates is not None and dataset.Modality == "SR":
            told += templates.faults(target)
        found += [f"{seed} {dataset.Modality}: {line}" for line in told]
    return found


def _frames(path: Path) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        header = pydicom.dcmread(path, stop_before_pixels=True)
        return int(header.get("NumberOfFrames") or 1)
