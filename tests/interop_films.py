"""Films with a reading, for the tests of kyphometer.interop."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from builders import column
from dicom_films import FACTS, noisy_pixels

from kyphometer.dicom import read_film
from kyphometer.dicom.write import write_dx
from kyphometer.film import Acquisition, Film, FilmHeader, FilmReference, Rendering, VoiWindow
from kyphometer.geometry import Facing, PixelGeometry
from kyphometer.reading import Reading
from kyphometer.reading.document import read_reading

SAMPLES = Path(__file__).parent.parent / "sample_dicoms"
MADE = datetime(2024, 5, 7, 9, 0, tzinfo=UTC)
SLOPES = {"T12": (6.0, 4.0), "L1": (9.0, -7.0), "L2": (-8.0, -11.0)}


def sample(patient="SIM-001", visit="pre-op") -> tuple[Film, Reading]:
    """A sample film with its reading."""
    place = SAMPLES / patient
    return read_film(place / f"{visit}.dcm"), read_reading(place / f"{visit}.reading.json")


def small(folder, *, name="film.dcm", change=None, facing=Facing.RIGHT, slopes=SLOPES, **reading):
    """A small film written as DX, changed by `change(dataset)`, and a reading of it."""
    rows, columns = 900, 1000
    film = Film(
        header=FilmHeader(
            reference=FilmReference(rows=rows, columns=columns),
            geometry=PixelGeometry.from_spacing(0.2, 0.2),
            acquisition=Acquisition(**{**FACTS, "facing": facing}),
            rendering=Rendering(bits_stored=12, windows=(VoiWindow(center=2000, width=3500),)),
        ),
        pixels=np.tile(noisy_pixels(90, 100), (10, 10)),
    )
    path = Path(folder) / name
    write_dx(film, path, seed=name)
    if change is not None:
        import pydicom

        dataset = pydicom.dcmread(path)
        change(dataset)
        dataset.save_as(path)
    return path, reading_on(read_film(path, frame=1), facing=facing, slopes=slopes, **reading)


def reading_on(film, *, facing=Facing.RIGHT, slopes=SLOPES, observer="KN", **changes) -> Reading:
    """A reading of three vertebrae, L1 fractured, on a film."""
    made = column(
        slopes, facing=facing, fractured=("L1",), body=150.0, disc=40.0, length=180.0,
        middle_depth=10.0,
    )  # fmt: skip
    facts = {"observer": observer, "facing": facing, "created": MADE, **changes}
    return replace(made, film=film.reference, **facts)


JAVA_OPTIONS = (
    "-Djdk.xml.xpathExprOpLimit=0 -Djdk.xml.xpathTotalOpLimit=0 -Djdk.xml.xpathExprGrpLimit=0 "
    "-Xss512m -Xmx3g"
)
"""Without these PixelMed's validator ends silently on a present Java, and looks content."""


def pixelmed(path) -> str:
    """Words of PixelMed's validator of structured reports; it takes most of a minute."""
    return said("DicomSRValidator", path, timeout=600, JAVA_TOOL_OPTIONS=JAVA_OPTIONS)[1]


def said(program, *words, timeout=60, **environment) -> tuple[int, str]:
    """Status and words of a checking program; the test is skipped where it is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run(
        [program, *map(str, words)],
        capture_output=True,
        check=False,
        timeout=timeout,
        env={**os.environ, **environment},
    )
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def complaints(path) -> list[str]:
    """Errors that dciodvfy, and for reports dsrdump, find in an object; it must know its kind."""
    status, words = said("dciodvfy", "-new", path)
    found = [line for line in words.splitlines() if line.startswith("Error")]
    if status and not found:
        found = [words]
    if "ComprehensiveSR" in words:
        status, dumped = said("dsrdump", path)
        found += [line for line in dumped.splitlines() if line.startswith("E:")]
        if status:
            found.append(f"dsrdump: {status}")
    return found
