"""How a folder is taken up, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

MOST_FRAMES = 12
"""Frames of a file that are listed one by one unasked; a series of more is no set of films."""
Progress = Callable[[int, int, Path], None]
"""Called with the files done, the files in all, and the next file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFailure:
    """A file with the sentence that says why it could not be taken up, or what is to be known."""

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
        Films that could not be taken up.
    passed_over
        Entries that are no films, or could not be looked at.
    notes
        What was taken up otherwise than it might seem: copies, patients and codes to look at.
    changed
        Number of films whose corrected headers were taken.
    missing
        Files of films that were in this folder and are neither there nor found elsewhere.
    """

    added: tuple[Path, ...] = ()
    known: int = 0
    moved: tuple[Path, ...] = ()
    failed: tuple[ScanFailure, ...] = ()
    passed_over: tuple[ScanFailure, ...] = ()
    notes: tuple[ScanFailure, ...] = ()
    changed: int = 0
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
        Take every frame of a file as a film, however many there are; otherwise files of more than
        `MOST_FRAMES` are refused.
    defer_hashes
        Do not decode pixels now; they are decoded before a reading is confirmed.
    accept_changes
        Take headers that were corrected, and films of a patient with another name, birth date or
        sex; otherwise they are refused, each with what differs.
    """

    patients_from: Literal["header", "folder"] = "header"
    all_frames: bool = False
    defer_hashes: bool = False
    accept_changes: bool = False
