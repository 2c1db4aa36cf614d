"""Films in every transfer syntax, destinations, and what a folder holds, for tests of archives."""

from __future__ import annotations

import hashlib
from pathlib import Path

import imagecodecs
import numpy as np
from dicom_films import BIG_ENDIAN, EXPLICIT, IMPLICIT, dicom_file, noisy_pixels
from orthanc import PASSWORD, USER

from kyphometer.dicom import read_film
from kyphometer.dicom.compress import Compression, compress_frame

PREFIX = "1.2.840.10008.1.2"
HTJ2K = f"{PREFIX}.4.201"


def _compressed(how):
    return lambda pixels: compress_frame(pixels, 12, how)


ENCODERS = {
    IMPLICIT: None,
    EXPLICIT: None,
    BIG_ENDIAN: None,
    f"{PREFIX}.1.99": None,
    f"{PREFIX}.4.51": lambda a: imagecodecs.jpeg8_encode(a, level=98, bitspersample=12),
    f"{PREFIX}.4.70": _compressed(Compression.JPEG_LOSSLESS),
    f"{PREFIX}.4.80": _compressed(Compression.JPEG_LS),
    f"{PREFIX}.4.90": _compressed(Compression.JPEG_2000),
    HTJ2K: _compressed(Compression.HTJ2K),
    f"{PREFIX}.5": _compressed(Compression.RLE),
}
"""A film of each of these syntaxes."""


def write_film(folder: Path, number: int, syntax: str = EXPLICIT, rows: int = 120, **more) -> Path:
    """A lateral spine film of its own."""
    encode = ENCODERS[syntax]
    pixels = np.roll(noisy_pixels(rows, 90), number, 1)
    facts = {
        "SOPInstanceUID": f"2.25.7{number:03}", "StudyInstanceUID": f"2.25.8{number // 4}",
        "SeriesInstanceUID": f"2.25.9{number}", "PatientID": f"P{number // 4}",
        "PatientName": "Tester^Änna", "SpecificCharacterSet": "ISO_IR 192",
        "StudyDate": "20240506", "StudyTime": "101112", "StudyID": "1", "AccessionNumber": "A1",
        "BodyPartExamined": "TLSPINE", "SeriesDescription": "WS seitlich", "SeriesNumber": "1",
        "InstanceNumber": str(number), "BitsStored": 12, "HighBit": 11,
    }  # fmt: skip
    path = folder / f"film-{number:03}.dcm"
    frames = None if encode is None else [bytes(encode(pixels))]
    return dicom_file(path, pixels, syntax=syntax, frames=frames, **{**facts, **more})


def pixels_of(folder: Path) -> dict[str, str]:
    """SHA-256 of the stored values of every film in a folder, by UID; each film once."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.dcm")):
        film = read_film(path)
        uid = film.header.reference.sop_instance_uid
        assert uid not in found, f"{uid} came twice"
        found[uid] = hashlib.sha256(film.pixels.tobytes()).hexdigest()
    return found


def leftovers(folder: Path) -> list[Path]:
    """Part files."""
    return [path for path in folder.rglob("*") if ".part" in path.name]


def destinations(path: Path, **tables: dict) -> Path:
    """Write a destinations file."""
    lines = []
    for name, table in tables.items():
        lines.append(f"[{name}]")
        for key, value in table.items():
            shown = f'"{value}"' if isinstance(value, str) else str(value).lower()
            lines.append(f"{key} = {shown}")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def web_table(port: int, **more) -> dict:
    """Table of an Orthanc over DICOMweb at a port, with the right account."""
    table = {"kind": "dicomweb", "url": f"http://127.0.0.1:{port}/dicom-web", "user": USER,
             "password": "env:KYPHO_TEST_SECRET", "timeout_s": 20.0}  # fmt: skip
    return {**table, **more}


def dimse_table(port: int, ours: int, **more) -> dict:
    """Table of an Orthanc over DIMSE at a port; `ours` is where it calls us back."""
    table = {"kind": "dimse", "host": "127.0.0.1", "port": port, "called_ae": "ORTHANC",
             "listen_host": "127.0.0.1", "listen_port": ours, "timeout_s": 20.0}  # fmt: skip
    return {**table, **more}


SECRET = PASSWORD
