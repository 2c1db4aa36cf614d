"""Reads damaged films in a process of little memory; anything but a film or a FilmError is printed.

    python tests/dicom_fuzz.py FOLDER SEED COUNT

FOLDER holds whole films. Exit status 0 if every damaged copy was read or refused with one sentence.
"""

from __future__ import annotations

import random
import resource
import struct
import sys
import time
import traceback
import warnings
from pathlib import Path

MEMORY = 400 << 20
"""Address space that reading may add, in bytes: the largest whole film here needs 1 MB."""
SECONDS = 5.0
ODD_NUMBERS = (0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 46341, 65535,
               0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)  # fmt: skip


def damaged(data: bytes, rng: random.Random) -> bytes:
    """A copy with one to four injuries, most of them near the front."""
    copy = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        if not copy:
            break
        near = rng.random() < 0.7
        at = rng.randrange(min(len(copy), 2500) if near else len(copy))
        injure(copy, at, rng)
    return bytes(copy)


def injure(copy: bytearray, at: int, rng: random.Random) -> None:
    """One injury at one place."""
    kind = rng.randrange(7)
    if kind == 0:
        copy[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        copy[at] = rng.randrange(256)
    elif kind == 2:
        form = rng.choice(("<H", ">H", "<I", ">I"))
        size = struct.calcsize(form)
        value = rng.choice(ODD_NUMBERS) & ((1 << 8 * size) - 1)
        copy[at : at + size] = struct.pack(form, value)
    elif kind == 3:
        del copy[at : at + rng.choice((1, 2, 4, 8, 50, 1000))]
    elif kind == 4:
        copy[at:at] = copy[at : at + rng.choice((1, 2, 8, 100))]
    elif kind == 5:
        copy[at:at] = rng.randbytes(rng.choice((1, 2, 4, 16)))
    else:
        other = rng.randrange(len(copy))
        copy[at : at + 8] = copy[other : other + 8]
    if rng.random() < 0.05:
        del copy[at:]


def problem(data: bytes) -> str | None:
    """What is wrong with how a damaged film was handled, or None."""
    from kyphometer.dicom import read_film, read_header, to_grey
    from kyphometer.dicom.facts_table import facts
    from kyphometer.errors import FilmError

    start = time.perf_counter()
    try:
        facts(read_header(data))
        film = read_film(data, frame=1)
        if film.pixels.shape != (film.reference.rows, film.reference.columns):
            return "wrong shape"
        to_grey(film)
    except FilmError as error:
        if "\n" in str(error) or len(str(error)) > 400:
            return f"no sentence: {error}"
    except BaseException:
        return traceback.format_exc()
    took = time.perf_counter() - start
    return f"took {took:.1f} s" if took > SECONDS else None


def main() -> int:
    """Damage and read; print each problem with what caused it."""
    folder, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    films = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    for data in films.values():
        found = problem(data)
        if found:
            sys.stdout.write(f"{found}\n")
            return 2
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    warnings.simplefilter("error")
    failures = 0
    for number in range(count):
        rng = random.Random(f"{seed}.{number}")
        name = rng.choice(list(films))
        data = damaged(films[name], rng)
        (folder.parent / "last.bin").write_bytes(data)
        found = problem(data)
        if found:
            failures += 1
            (folder.parent / f"failed-{seed}-{number}.bin").write_bytes(data)
            sys.stdout.write(f"{name} {seed}.{number}: {found}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
