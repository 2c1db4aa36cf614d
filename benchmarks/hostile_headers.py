"""What reading the header of a hostile file costs: this project's reader beside pydicom's.

    python benchmarks/hostile_headers.py

Every case runs in a process of its own; seconds and the growth of its memory are printed.
"""

from __future__ import annotations

import argparse
import io
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

INFLATED = 0x60000000
DEEP = 20_000
READERS = {
    "pydicom": "import pydicom; pydicom.dcmread(path, stop_before_pixels=True)",
    "kyphometer": "from kyphometer.dicom import read_film; read_film(path)",
}
MEASURED = """
import resource, sys, time, warnings
warnings.simplefilter("ignore")
import pydicom, kyphometer.dicom.codecs
path = sys.argv[1]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
try:
    {read}
    end = "returned"
except Exception as error:
    end = type(error).__name__
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(f"{{time.perf_counter() - start:8.2f}} {{(after - before) / 1024:8.0f}}  {{end}}")
"""


def meta(syntax: str) -> bytes:
    """Preamble and file meta information."""
    facts = FileMetaDataset()
    facts.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    facts.MediaStorageSOPInstanceUID = "1.2.3"
    facts.TransferSyntaxUID = syntax
    buffer = io.BytesIO()
    write_file_meta_info(buffer, facts)
    return b"\0" * 128 + b"DICM" + buffer.getvalue()


def element(vr: bytes, length: int) -> bytes:
    return struct.pack("<HH2sHI", 0x0008, 0x2112, vr, 0, length)


def cases() -> dict[str, bytes]:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = squeeze.compress(element(b"OB", INFLATED) + bytes(INFLATED)) + squeeze.flush()
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    return {
        "a length of 4 GB in a short file": meta(ExplicitVRLittleEndian)
        + element(b"UN", 0xF0000000),
        f"{DEEP} nested sequences": meta(ExplicitVRLittleEndian)
        + (element(b"SQ", 0xFFFFFFFF) + item) * DEEP,
        "1.5 GB deflated to 1.5 MB": meta(DeflatedExplicitVRLittleEndian) + bomb,
    }


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    print(f"{'header':36} {'reader':12} {'s':>8} {'MiB':>8}  end")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.dcm"
        for title, data in cases().items():
            path.write_bytes(data)
            for name, read in READERS.items():
                script = MEASURED.format(read=read)
                done = subprocess.run(
                    [sys.executable, "-c", script, str(path)],
                    check=True, capture_output=True, text=True,
                )  # fmt: skip
                print(f"{title:36} {name:12} {done.stdout.rstrip()}")


if __name__ == "__main__":
    main()
