"""How a folder is taken up, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Progress = Callable[[int, int, Path], None]
"""Called with the files done, the files in all, and the next file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFailure:
    """A file that could not be taken up, with the sentence that says why."""

    path: Path
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """What a scan found.

    Attributes
    ----------
    added
        Files whose films are new.
    known
        Number of files whose films the study held already, at this place.
    moved
        Files whose films the study held at another place.
    failed
        Files that could not be taken up.
    missing
        Files of films that were in this folder and are neither there nor found elsewhere.
    """

    added: tuple[Path, ...] = ()
    known: int = 0
    moved: tuple[Path, ...] = ()
    failed: tuple[ScanFailure, ...] = ()
    missing: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How a folder is taken up.

    Attributes
    ----------
    patients_from
        `header`: the patient's code is the header's PatientID. `folder`: it is the name of the
        first folder below the scanned one.
    all_frames
        Take every frame of a file with several as a film; otherwise such files are refused.
    defer_hashes
        Do not decode pixels now; they are decoded before a reading is confirmed.
    """

    patients_from: Literal["header", "folder"] = "header"
    all_frames: bool = False
    defer_hashes: bool = False
