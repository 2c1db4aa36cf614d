"""False alarms and misses of the check of JPEG 2000 codestreams (kyphometer.dicom.jpeg2000).

    python benchmarks/damaged_jpeg2000.py [--sound 300 --damaged 1000 --seed 1]

Pictures of many sizes, depths and kinds are coded by every encoder that is there: OpenJPEG through
imagecodecs and Pillow, and the programs opj_compress, grk_compress and ffmpeg. Each is read whole
(a warning is a false alarm), then with one bit of its coded data flipped, or cut off. A flip that
is neither warned of nor refused is a miss; a tenth of the range is called a large error. Streams
that end every pass (RESTART) or bypass the coder are counted apart: of their blocks only the last
pass is checked.
"""

from __future__ import annotations

import argparse
import io
import random
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import imagecodecs
import numpy as np
from PIL import Image

from kyphometer.dicom.codecs import decode_frame
from kyphometer.dicom.layout import PixelLayout
from kyphometer.errors import FilmPixelsError

KINDS = ("smooth", "noisy", "edges", "clean", "random", "flat")
ORDERS = ("LRCP", "RLCP", "RPCL", "PCRL", "CPRL")


class Stream(NamedTuple):
    """A codestream, how it was made, its depth and size."""

    data: bytes
    maker: str
    lossless: bool
    bits: int
    shape: tuple[int, int]


def picture(rng: np.random.Generator, kind: str, shape: tuple[int, int], bits: int) -> np.ndarray:
    """Stored values."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    values = {
        "smooth": lambda: 0.5 + 0.3 * np.sin(x / 37) * np.cos(y / 53) + rng.normal(0, 0.004, shape),
        "noisy": lambda: 0.5 + rng.normal(0, 0.15, shape),
        "edges": lambda: ((x // 23 + y // 31) % 5) / 5 * (x > 50) + rng.normal(0, 0.01, shape),
        "clean": lambda: ((x // 23 + y // 31) % 5) / 5 + x / shape[1] / 5,
        "random": lambda: rng.random(shape),
        "flat": lambda: np.where((x > 40) & (y > 60) & (y < 90), 0.9, 0.3),
    }[kind]()
    return (values.clip(0, 1) * ((1 << bits) - 1)).astype("u1" if bits == 8 else "u2")


def by_imagecodecs(pixels: np.ndarray, bits: int, lossless: bool, rng: random.Random) -> bytes:
    """OpenJPEG, one layer, up to a given quality."""
    return bytes(
        imagecodecs.jpeg2k_encode(
            pixels,
            level=0 if lossless else rng.choice((30, 40, 50, 60, 70, 90)),
            reversible=lossless or rng.random() < 0.3,
            codecformat="j2k",
            bitspersample=bits,
            resolutions=rng.choice((1, 3, 6)),
        )
    )


def by_pillow(pixels: np.ndarray, lossless: bool, rng: random.Random) -> bytes:
    """OpenJPEG, several layers and tiles."""
    options: dict[str, object] = {
        "irreversible": not lossless,
        "num_resolutions": rng.choice((2, 5, 6)),
        "codeblock_size": rng.choice(((64, 64), (32, 32), (16, 64))),
        "progression": rng.choice(ORDERS),
    }
    if not lossless:
        layers = rng.choice(([40, 20, 10], [8], [60, 50]))
        by_rate = rng.random() < 0.5
        options["quality_mode"] = "rates" if by_rate else "dB"
        options["quality_layers"] = layers if by_rate else sorted(layers)
    if rng.random() < 0.3:
        options["tile_size"] = (rng.choice((128, 200)),) * 2
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG2000", no_jp2=True, **options)
    return target.getvalue()


def program_options(program: str, lossless: bool, rng: random.Random) -> list[str]:
    """Options of opj_compress or grk_compress."""
    rates = (["-r", "10"], ["-r", "40,20,5"], ["-q", "35,50"], ["-r", "20,10,1"], ["-r", "3"])
    options = [] if lossless else [*rng.choice((["-I"], [])), *rng.choice(rates)]
    options += ["-n", str(rng.choice((1, 2, 4, 6)))]
    options += ["-b", rng.choice(("64,64", "32,32", "16,64", "128,32"))]
    switches = rng.choice((0, 0, 0, 0, 0, 2, 8, 32, 1, 4, 36, 55))
    options += ["-M", str(switches)] if switches else []
    if rng.random() < 0.3:
        options += ["-t", f"{rng.choice((128, 211))},{rng.choice((100, 256))}"]
    if rng.random() < 0.3:
        options += ["-SOP", "-EPH"] if program == "opj_compress" else ["-S", "-E"]
    if rng.random() < 0.3:
        options += ["-p", rng.choice(ORDERS)]
    return options


def by_program(
    program: str, pixels: np.ndarray, bits: int, options: list[str], folder: Path
) -> bytes | None:
    """A program's codestream, None if it refuses its options."""
    source, target = folder / "in.pgm", folder / "out.j2k"
    rows, columns = pixels.shape
    head = b"P5\n%d %d\n%d\n" % (columns, rows, (1 << bits) - 1)
    source.write_bytes(head + pixels.astype("u1" if bits == 8 else ">u2").tobytes())
    target.unlink(missing_ok=True)
    command = [program, "-i", str(source), "-o", str(target), *options]
    if program == "ffmpeg":
        command = [program, "-y", "-v", "error", "-i", str(source), "-c:v", "jpeg2000", "-format"]
        command += ["j2k", *options, "-f", "image2", "-update", "1", str(target)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return target.read_bytes() if done.returncode == 0 and target.exists() else None


def streams(count: int, seed: int, folder: Path) -> Iterator[Stream]:
    """Whole codestreams."""
    makers = ["imagecodecs", "Pillow"]
    makers += [m for m in ("opj_compress", "grk_compress", "ffmpeg") if shutil.which(m)]
    number = made = 0
    while made < count:
        rng = random.Random(f"{seed}.{number}")
        number += 1
        maker, lossless = rng.choice(makers), rng.random() < 0.5
        bits = 8 if maker == "ffmpeg" else rng.choice((8, 8, 10, 12, 12, 14, 16))
        shape = (rng.randint(30, 700), rng.randint(30, 700))
        pixels = picture(np.random.default_rng([seed, number]), rng.choice(KINDS), shape, bits)
        data: bytes | None
        if maker == "imagecodecs":
            data = by_imagecodecs(pixels, bits, lossless, rng)
        elif maker == "Pillow":
            data, bits = by_pillow(pixels, lossless, rng), 8 * pixels.itemsize
        elif maker == "ffmpeg":
            options = ["-pred", "1", "-pix_fmt", "gray"] if lossless else ["-q:v", "10"]
            data = by_program(maker, pixels, bits, options, folder)
        else:
            options = program_options(maker, lossless, rng)
            data = by_program(maker, pixels, bits, options, folder)
            if "-M" in options and options[options.index("-M") + 1] in ("1", "4", "36", "55"):
                maker += ", RESTART or BYPASS"
        if data:
            made += 1
            yield Stream(
                data, f"{maker}, {'lossless' if lossless else 'lossy'}", lossless, bits, shape
            )


def read(stream: Stream, data: bytes) -> tuple[np.ndarray | None, bool]:
    """Pixels or None if refused; True if warned."""
    layout = PixelLayout(
        rows=stream.shape[0],
        columns=stream.shape[1],
        samples=1,
        photometric="MONOCHROME2",
        bits_allocated=8 if stream.bits == 8 else 16,
        bits_stored=stream.bits,
        high_bit=stream.bits - 1,
        signed=False,
    )
    uid = "1.2.840.10008.1.2.4.90" if stream.lossless else "1.2.840.10008.1.2.4.91"
    try:
        frame = decode_frame(data, uid, layout, "film")
    except FilmPixelsError:
        return None, False
    return frame.pixels, any("contradict" in warning for warning in frame.warnings)


def injured(data: bytes, rng: random.Random) -> bytes:
    """One bit flipped after the first header, or one time in ten the end cut off."""
    start = data.index(b"\xff\x93") + 2
    at = rng.randrange(start, len(data) - 2)
    if rng.random() < 0.1:
        return data[:at]
    copy = bytearray(data)
    copy[at] ^= 1 << rng.randrange(8)
    return bytes(copy)


def main() -> int:
    """Count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sound", type=int, default=300)
    parser.add_argument("--damaged", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    count: dict[str, Counter[str]] = {}
    each = -(-args.damaged // args.sound)
    with tempfile.TemporaryDirectory() as temporary:
        for number, stream in enumerate(streams(args.sound, args.seed, Path(temporary))):
            rng = random.Random(f"{args.seed}.{number}.damage")
            seen = count.setdefault(stream.maker, Counter())
            whole, warned = read(stream, stream.data)
            seen["sound"] += 1
            seen["false alarms"] += warned or whole is None
            for _ in range(each if whole is not None else 0):
                pixels, told = read(stream, injured(stream.data, rng))
                seen["damaged"] += 1
                seen["refused"] += pixels is None
                seen["warned"] += told
                if pixels is not None and whole is not None and not told:
                    error = np.abs(pixels.astype(int) - whole.astype(int)).max() / (
                        1 << stream.bits
                    )
                    seen["without effect"] += error == 0
                    seen["missed"] += error > 0
                    seen["missed, large error"] += error > 0.1
    for maker in sorted(count):
        print(f"{maker}: " + ", ".join(f"{v} {k}" for k, v in count[maker].items()))
    total = sum(count.values(), Counter())
    print("all: " + ", ".join(f"{v} {k}" for k, v in total.items()))
    return 1 if total["false alarms"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
