"""A folder of 3 good films among 60 entries that have stopped programs before."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import zipfile
from pathlib import Path

import numpy as np
from dicom_films import dicom_file, noisy_pixels

SAMPLES = Path(__file__).parent.parent / "sample_dicoms" / "SIM-001"
GOOD = ("pre-op", "discharge", "1-month")


def make(folder: Path) -> tuple[Path, int]:
    """The folder, and how many entries beside the 3 good films it holds."""
    folder.mkdir(parents=True)
    for name in GOOD:
        shutil.copy(SAMPLES / f"{name}.dcm", folder / f"{name}.dcm")
        (reading,) = list(SAMPLES.glob(f"{name}*.reading.json"))[:1]
        shutil.copy(reading, folder / f"{name}.reading.json")
    whole = (folder / "pre-op.dcm").read_bytes()
    makers = (_links, _kinds, _names, _archives, _damaged, _objects, _odd_films)
    before = {entry.name for entry in os.scandir(folder)}
    for maker in makers:
        maker(folder, whole)
    made = {entry.name for entry in os.scandir(folder)} - before
    return folder, len(made)


def _links(folder: Path, _whole: bytes) -> None:
    (folder / "self.dcm").symlink_to("self.dcm")
    (folder / "ring-a").symlink_to("ring-b")
    (folder / "ring-b").symlink_to("ring-a")
    (folder / "gone.dcm").symlink_to("nowhere.dcm")
    (folder / "up").symlink_to("..")
    (folder / "here").symlink_to(".")


def _kinds(folder: Path, _whole: bytes) -> None:
    os.mkfifo(folder / "fifo.dcm")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(folder / "socket.dcm"))
    (folder / "null.dcm").symlink_to("/dev/null")
    (folder / "zero.dcm").symlink_to("/dev/zero")


def _names(folder: Path, whole: bytes) -> None:
    for name in (b"\xe9t\xe9.dcm", b"\xff\xfe.dcm"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(whole)
    Path(os.fsdecode(os.fsencode(folder) + b"/bad-\xe9")).mkdir()
    deep = folder / "deep"
    for _ in range(250):
        deep = deep / "d"
    deep.mkdir(parents=True)


def _archives(folder: Path, _whole: bytes) -> None:
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 no archive")
    (folder / "empty.zip").write_bytes(b"")
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.dcm", bytes(1_000_000))
    bomb = bytearray((folder / "bomb.zip").read_bytes())
    at = bomb.index(b"PK\x01\x02") + 24
    bomb[at : at + 4] = struct.pack("<I", 0x7FFFFFFF)
    (folder / "bomb.zip").write_bytes(bomb)
    with zipfile.ZipFile(folder / "slip.zip", "w") as archive:
        archive.writestr("../../slipped.dcm", b"x")
    with zipfile.ZipFile(folder / "nested.zip", "w") as archive:
        archive.writestr("inner.zip", b"PK")
    with zipfile.ZipFile(folder / "junk.zip", "w") as archive:
        archive.writestr("junk.dcm", b"junk")
    locked = bytearray((folder / "junk.zip").read_bytes())
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    (folder / "locked.zip").write_bytes(locked)


def _damaged(folder: Path, whole: bytes) -> None:
    for share in (10, 40, 200, 1000, 5000, len(whole) // 2, len(whole) - 9):
        (folder / f"cut-{share}.dcm").write_bytes(whole[:share])
    (folder / "empty.dcm").write_bytes(b"")
    (folder / "zeros.dcm").write_bytes(bytes(5000))
    (folder / "junk.dcm").write_bytes(b"junk " * 100)
    (folder / "text.dcm").write_text("not a film")
    (folder / "html.dcm").write_text("<html>404</html>")
    (folder / "png.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    (folder / "jpg.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(40))
    (folder / "tif.tif").write_bytes(b"II*\0" + struct.pack("<I", 8) + bytes(40))
    huge = whole.replace(b"\x28\x00\x10\x00US\x02\x00", b"\x28\x00\x10\x00US\x02\x00", 1)
    at = huge.index(b"\x28\x00\x10\x00US\x02\x00") + 8
    (folder / "huge.dcm").write_bytes(huge[:at] + b"\x05\xb5" + huge[at + 2 :])
    (folder / "thumbs").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    (folder / "README").write_text("read me")
    (folder / "viewer.exe").write_bytes(b"MZ" + bytes(100))
    (folder / "autorun.inf").write_text("[autorun]")
    (folder / "film.dcm.part").write_bytes(whole[:3000])


def _objects(folder: Path, _whole: bytes) -> None:
    for number, kind in enumerate(("88.33", "11.1", "104.1", "66.4"), 1):
        dicom_file(
            folder / f"object-{number}",
            PixelData=None, Rows=None, Columns=None,
            SOPClassUID=f"1.2.840.10008.5.1.4.1.1.{kind}",
            SOPInstanceUID=f"2.25.90{number}",
        )  # fmt: skip


def _odd_films(folder: Path, _whole: bytes) -> None:
    pixels = noisy_pixels()
    odd: dict[str, dict[str, object]] = {
        "colour": {
            "SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0,
            "PixelData": np.random.default_rng(1).bytes(pixels.size * 6),
        },
        "palette": {"PhotometricInterpretation": "PALETTE COLOR"},
        "bits": {"BitsStored": 99},
        "sign": {"PixelRepresentation": 7},
        "flat": {"Rows": 0},
        "frames": {"NumberOfFrames": 99_999},
        "short": {"PixelData": b"\0\0"},
        "none": {"PixelData": None},
    }  # fmt: skip
    for number, (name, facts) in enumerate(odd.items()):
        dicom_file(
            folder / f"{name}.dcm", pixels, **{"SOPInstanceUID": f"2.25.80{number}", **facts}
        )
    for number, syntax in enumerate((".4.50", ".4.70", ".4.80", ".4.90", ".4.201", ".5")):
        dicom_file(
            folder / f"scrap-{number}.dcm", pixels, syntax=f"1.2.840.10008.1.2{syntax}",
            frames=[b"scrap" * 40], SOPInstanceUID=f"2.25.70{number}",
        )  # fmt: skip
