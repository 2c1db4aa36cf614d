"""How well copies of films are told from further films of a patient.

    python benchmarks/copies.py [--films FOLDER]

Films are those of a folder (the samples by default). Each is also taken again a little shifted and
with other noise, as a second exposure would be. Copies are made by JPEG and JPEG 2000 at several
strengths, windows, gamma, halving, eight turns and inversion. Prints the worst of each kind of copy
and the likest of each kind of other film, and how long a look takes beside reading and hashing.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from kyphometer.dicom import read_film
from kyphometer.dicom.look import ALIKE, SAME, TURNS, _detail, _turned, likeness, look
from kyphometer.film import Film

SAMPLES = Path(__file__).parent.parent / "sample_dicoms"
Pixels = NDArray[np.uint16]


def copies(pixels: Pixels) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """Copies of a film by what was done to it."""
    top = max(int(pixels.max()), 1)
    byte = (pixels.astype(np.float64) / top * 255).astype(np.uint8)
    for level in (95, 75, 50, 30, 10):
        yield f"JPEG, quality {level}", _jpeg(byte, level)
    wide = imagecodecs.jpeg2k_encode(
        pixels, level=40, reversible=False, codecformat="j2k", bitspersample=12
    )
    yield "JPEG 2000, 40 dB", imagecodecs.jpeg2k_decode(wide)
    yield "inverted", top - pixels
    for share in (5, 20):
        low, high = np.percentile(pixels, (share, 100 - share))
        clipped = np.clip(pixels, low, high)
        yield (
            f"window without {share} % at each end",
            ((clipped - low) / (high - low) * 255).astype(np.uint8),
        )
    yield "gamma 0.4", ((pixels / top) ** 0.4 * 255).astype(np.uint8)
    rows, columns = (length // 2 * 2 for length in pixels.shape)
    halves = pixels[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2)
    yield "halved", halves.mean(axis=(1, 3)).astype(np.uint16)
    for turn in TURNS[1:]:
        yield (
            "turned or mirrored, JPEG 50, inverted",
            255 - _jpeg(np.ascontiguousarray(_turned(byte, turn)), 50),
        )


def _jpeg(byte: NDArray[np.uint8], level: int) -> NDArray[np.uint8]:
    return imagecodecs.jpeg8_decode(imagecodecs.jpeg8_encode(byte, level=level))


def again(pixels: Pixels, rng: np.random.Generator) -> Iterator[tuple[str, Pixels]]:
    """The same view exposed again: the patient moved by some millimetres of some 400, new noise."""
    for permille in (2, 5, 10, 20):
        moved = np.roll(pixels, max(1, pixels.shape[0] * permille // 1000), axis=0)
        moved = np.roll(moved, max(1, pixels.shape[1] * permille // 1000), axis=1)
        noise = rng.normal(0, 0.005 * max(int(pixels.max()), 1), pixels.shape)
        yield (
            f"shifted by {permille / 10:g} % of the film",
            (moved + noise).clip(0, 65535).astype(np.uint16),
        )


def detail(one: NDArray[np.generic], other: NDArray[np.generic]) -> float:
    """Largest correlation of detail over all turns."""
    first, second = _detail(one), _detail(other)
    return max(abs(float((first * _turned(second, turn)).sum())) for turn in TURNS)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=Path, default=SAMPLES)
    args = parser.parse_args()
    read = {path: read_film(path) for path in sorted(args.films.rglob("*.dcm"))}
    films = {str(path.relative_to(args.films)): film.pixels for path, film in read.items()}
    rng = np.random.default_rng(1)
    worst: dict[str, tuple[float, float]] = {}
    likest: dict[str, tuple[float, float]] = {}
    for pixels in films.values():
        own = look(pixels)
        for kind, copy in copies(pixels):
            near, fine = likeness(own, look(copy)), detail(pixels, copy)
            known = worst.get(kind, (1.0, 1.0))
            worst[kind] = (min(known[0], near), min(known[1], fine))
        for kind, other in again(pixels, rng):
            _keep(likest, kind, likeness(own, look(other)), detail(pixels, other))
    for (one, first), (other, second) in itertools.combinations(films.items(), 2):
        same = Path(one).parent == Path(other).parent
        kind = "another visit of the patient" if same else "another patient"
        _keep(likest, kind, likeness(look(first), look(second)), detail(first, second))
    print(f"{len(films)} films; a copy has looks alike by {ALIKE} and detail by {SAME}, or more")
    for title, table in (("copies, the worst", worst), ("other films, the likest", likest)):
        print(f"{title:45} {'look':>6} {'detail':>6}")
        for kind, (near, fine) in table.items():
            print(f"  {kind:43} {near:6.3f} {fine:6.3f}")
    _times(read)


def _keep(table: dict[str, tuple[float, float]], kind: str, near: float, fine: float) -> None:
    known = table.get(kind, (0.0, 0.0))
    table[kind] = (max(known[0], near), max(known[1], fine))


def _times(read: dict[Path, Film]) -> None:
    spent = dict.fromkeys(("read", "hash", "look"), 0.0)
    for path, film in read.items():
        for name, act in {
            "read": lambda path=path: read_film(path),
            "hash": lambda film=film: replace_pixels(film).sha256_pixels,
            "look": lambda film=film: look(film.pixels),
        }.items():
            start = time.process_time()
            act()
            spent[name] += time.process_time() - start
    print(
        "ms of processor time a film:",
        ", ".join(f"{name} {1000 * t / len(read):.1f}" for name, t in spent.items()),
    )


def replace_pixels(film: Film) -> Film:
    """The film without the hash that it keeps."""
    return Film(header=replace(film.header), pixels=film.pixels)


if __name__ == "__main__":
    main()
