"""Time and memory of `read_film` against bare pydicom, for every transfer syntax.

    python benchmarks/read_film.py [--rows 4000 --columns 3000 --repeats 5]

Both decode the same file, in turns, in one process; the table shows the least CPU time of each and
their ratio. Where pydicom has no permissive decoder (marked *), imagecodecs is plugged into it.
Memory is the growth of the peak resident size of a fresh process that has read a small film of the
same syntax before (Linux), in units of the decoded array; of `read_film`, then of pydicom. The last
column is the largest difference between the pixels that the two decoders give; lossy syntaxes may
round differently.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import pydicom
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder

from kyphometer.dicom.compress import Compression, compress_frame

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "1.2.840.10008.1.2"
BORROWED = (".4.51", ".4.57", ".4.70")

ENCODERS: dict[str, Any] = {
    ".4.50": lambda a: imagecodecs.jpeg8_encode((a >> 4).astype(np.uint8), level=95),
    ".4.51": lambda a: imagecodecs.jpeg8_encode(a, level=95, bitspersample=12),
    ".4.57": lambda a: imagecodecs.jpeg8_encode(a, lossless=True, predictor=4, bitspersample=12),
    ".4.70": lambda a: compress_frame(a, 12, Compression.JPEG_LOSSLESS),
    ".4.80": lambda a: compress_frame(a, 12, Compression.JPEG_LS),
    ".4.81": lambda a: imagecodecs.jpegls_encode(a, level=3),
    ".4.90": lambda a: compress_frame(a, 12, Compression.JPEG_2000),
    ".4.91": lambda a: imagecodecs.jpeg2k_encode(
        a, level=60, reversible=False, codecformat="j2k", bitspersample=12
    ),
    ".4.201": lambda a: compress_frame(a, 12, Compression.HTJ2K),
    ".4.202": lambda a: compress_frame(a, 12, Compression.HTJ2K),
    ".4.203": lambda a: imagecodecs.htj2k_encode(a, reversible=False),
    ".5": lambda a: compress_frame(a, 12, Compression.RLE),
}
NATIVE = {"": (True, True), ".1": (False, True), ".2": (False, False), ".1.99": (False, True)}


def film_pixels(rows: int, columns: int) -> np.ndarray:
    """Smooth shapes with the noise of a film, 12 bits, dark collimated borders."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:rows, 0:columns]
    smooth = 2000 + 1500 * np.sin(x / 300.0) * np.cos(y / 200.0)
    pixels = (smooth + rng.normal(0, 12, smooth.shape)).clip(0, 4095).astype(np.uint16)
    border = columns // 20
    pixels[:, :border] = pixels[:, -border:] = 0
    return pixels


def write(path: Path, syntax: str, pixels: np.ndarray) -> None:
    """Write a plain DX-like object of these pixels in a transfer syntax."""
    bits = 8 if syntax == ".4.50" else 16
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(PREFIX + syntax)
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    dataset.SOPInstanceUID = "2.25.1"
    dataset.Modality = "DX"
    dataset.PatientOrientation = ["A", "F"]
    dataset.ImagerPixelSpacing = ["0.1", "0.1"]
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = bits
    dataset.BitsStored = min(bits, 12)
    dataset.HighBit = dataset.BitsStored - 1
    implicit, little = NATIVE.get(syntax, (False, True))
    if syntax in ENCODERS:
        dataset.PixelData = encapsulate([bytes(ENCODERS[syntax](pixels))])
    else:
        dataset.PixelData = pixels.astype("<u2" if little else ">u2").tobytes()
    dataset["PixelData"].VR = "OB" if syntax in ENCODERS else "OW"
    dataset.save_as(path, implicit_vr=implicit, little_endian=little, enforce_file_format=True)


def lend_decoders() -> None:
    """Plug imagecodecs into pydicom for the syntaxes that it cannot decode itself."""
    for syntax in BORROWED:
        decoder = get_decoder(pydicom.uid.UID(PREFIX + syntax))
        decoder._available = {"imagecodecs": _lent}


def _lent(data: bytes, runner: Any) -> bytearray:
    values = imagecodecs.jpeg8_decode(data)
    runner.set_option("bits_allocated", 8 * values.dtype.itemsize)
    return bytearray(values.tobytes())


def least_seconds(actions: list[Callable[[], object]], repeats: int) -> list[float]:
    """Least CPU time of each action, run in turns."""
    best = [float("inf")] * len(actions)
    for _ in range(repeats):
        for index, action in enumerate(actions):
            start = time.process_time()
            action()
            best[index] = min(best[index], time.process_time() - start)
    return best


def peak(path: Path, small: Path, reader: str) -> float:
    """Growth of the peak memory of a fresh process, in units of the decoded array."""
    command = [sys.executable, __file__, "--child", str(path), str(small), reader]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def child(path: str, small: str, reader: str) -> None:
    """Print the growth of the peak memory while reading a film."""
    from kyphometer.dicom import read_film

    def read(film: str) -> np.ndarray:
        return read_film(film).pixels if reader == "ours" else pydicom.dcmread(film).pixel_array

    lend_decoders()
    read(small)
    Path("/proc/self/clear_refs").write_text("5")
    before = _resident("VmRSS")
    pixels = read(path)
    print((_resident("VmHWM") - before) / pixels.nbytes)


def _resident(field: str) -> int:
    """A field of Linux' account of this process's memory, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise SystemExit("This needs Linux.")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--columns", type=int, default=3000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--child", nargs=3)
    args = parser.parse_args()
    if args.child:
        child(*args.child)
        return
    lend_decoders()
    pixels = film_pixels(args.rows, args.columns)
    print(f"{args.rows} x {args.columns}, 12 bits in 16")
    print(
        f"{'transfer syntax':24} {'bytes':>6} {'read_film':>10} {'pydicom':>10} ratio  "
        "memory pydicom off"
    )
    with tempfile.TemporaryDirectory() as folder:
        for syntax in (*NATIVE, *ENCODERS):
            measure(Path(folder), syntax, pixels, args.repeats)


def measure(folder: Path, syntax: str, pixels: np.ndarray, repeats: int) -> None:
    """Print one line of the table."""
    from kyphometer.dicom import read_film

    path, small = folder / "film.dcm", folder / "small.dcm"
    write(path, syntax, pixels)
    write(small, syntax, pixels[:64, :64].copy())
    film = read_film(path)
    reference = pydicom.dcmread(path).pixel_array
    off = int(np.abs(film.pixels.astype(np.int32) - reference).max())
    del reference
    ours, theirs = least_seconds(
        [lambda: read_film(path), lambda: pydicom.dcmread(path).pixel_array], repeats
    )
    share = path.stat().st_size / film.pixels.nbytes
    memory = [peak(path, small, reader) for reader in ("ours", "pydicom")]
    borrowed = "*" if syntax in BORROWED else " "
    print(
        f"{PREFIX + syntax:24} {share:6.2f} {ours * 1e3:7.1f} ms {theirs * 1e3:7.1f} ms"
        f"{borrowed} {ours / theirs:5.2f} {memory[0]:5.2f} x {memory[1]:5.2f} x {off:4}",
        flush=True,
    )


if __name__ == "__main__":
    main()
