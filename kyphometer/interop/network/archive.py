"""What every archive can do, whatever it speaks."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, Protocol

from kyphometer.dicom.text import printable
from kyphometer.errors import KyphometerError

_UID: Final = re.compile(r"[0-9.]{1,64}")
Tell = Callable[[KyphometerError], None]
RADIOGRAPHS: Final = ("DX", "CR", "RF", "XA", "DR", "RG", "OT", "SC")
"""Modalities that are asked for unless others are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which films are looked for; what is empty is not asked.

    Attributes
    ----------
    since, until
        Days of the study, both included.
    limit
        The most instances that are looked at.
    """

    patient_id: str = ""
    patient_name: str = ""
    accession_number: str = ""
    study_instance_uid: str = ""
    since: date | None = None
    until: date | None = None
    modalities: tuple[str, ...] = RADIOGRAPHS
    limit: int = 1000

    def dates(self) -> str:
        """The days as DICOM's range, empty for all."""
        if self.since is None and self.until is None:
            return ""
        ends = [f"{day:%Y%m%d}" if day else "" for day in (self.since, self.until)]
        return "-".join(ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An instance that an archive holds, as it describes it; unknown texts are empty."""

    sop_instance_uid: str
    sop_class_uid: str = ""
    series_instance_uid: str
    study_instance_uid: str
    patient_id: str = ""
    patient_name: str = ""
    study_date: str = ""
    accession_number: str = ""
    modality: str = ""
    body_part: str = ""
    view: str = ""
    laterality: str = ""
    series_description: str = ""
    study_description: str = ""
    protocol: str = ""
    rows: int | None = None
    columns: int | None = None


FIELDS: Final = {
    "patient_id": "PatientID",
    "patient_name": "PatientName",
    "study_date": "StudyDate",
    "accession_number": "AccessionNumber",
    "modality": "Modality",
    "body_part": "BodyPartExamined",
    "view": "ViewPosition",
    "laterality": "ImageLaterality",
    "series_description": "SeriesDescription",
    "study_description": "StudyDescription",
    "protocol": "ProtocolName",
    "sop_class_uid": "SOPClassUID",
}
"""Attribute behind each text of an `Entry`."""


def entry_of(*answers: Any) -> Entry | None:
    """The entry that answers of image, series and study level make; None without safe UIDs.

    Parameters
    ----------
    *answers
        Data sets of pydicom; the first that states an attribute is believed.
    """
    with quiet():
        uids = [_said(answers, key) for key in ("SOPInstanceUID", "SeriesInstanceUID",
                                                "StudyInstanceUID")]  # fmt: skip
        if not all(map(is_uid, uids)):
            return None
        return Entry(
            sop_instance_uid=uids[0],
            series_instance_uid=uids[1],
            study_instance_uid=uids[2],
            rows=_number(answers, "Rows"),
            columns=_number(answers, "Columns"),
            **{name: _said(answers, keyword) for name, keyword in FIELDS.items()},
        )


def quiet() -> AbstractContextManager[Any]:
    """Without pydicom's words on odd values, which archives hold and people ask for."""
    return warnings.catch_warnings(action="ignore")


def is_uid(text: str) -> bool:
    """True for what can be a UID, and hence part of a file's name and of an address."""
    return bool(_UID.fullmatch(text)) and text.strip(".") != ""


def _said(answers: Sequence[Any], keyword: str) -> str:
    for answer in answers:
        value = answer.get(keyword)
        if value not in (None, ""):
            many = "\\".join(map(str, value)) if isinstance(value, list) else str(value)
            return printable(many).strip()
    return ""


def _number(answers: Sequence[Any], keyword: str) -> int | None:
    said = _said(answers, keyword)
    return int(said) if said.isdecimal() and len(said) < 7 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A DICOM file to send; `recipe` says what it was made from, if it was made."""

    path: Path
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    size: int
    sha256: str
    recipe: str = ""


class Part(Protocol):
    """A film on its way in, in a file that is not yet its own."""

    def write(self, piece: bytes) -> None:
        """Add bytes of the DICOM file."""
        ...


class Receiver(Protocol):
    """Takes films in."""

    def receive(self, sop_instance_uid: str) -> AbstractContextManager[Part]:
        """Take a film in; it is kept if the block ends without an error."""
        ...


class Archive(Protocol):
    """An archive that is open; `fetch` and `send` go through their items one by one.

    What an item meets is its outcome, so that the others still go; what ends all (sign-in, a cut)
    is raised.
    """

    def echo(self) -> None:
        """See whether it answers and lets us in."""
        ...

    def find(self, query: Query, tell: Tell | None = None) -> Iterator[Entry]:
        """Instances that fit; `tell` is told where the archive lists less than it holds."""
        ...

    def fetch(
        self, entries: Sequence[Entry], receiver: Receiver
    ) -> Iterator[tuple[Entry, KyphometerError | None]]:
        """Fetch each, with what it met."""
        ...

    def send(self, items: Iterable[Outgoing]) -> Iterator[tuple[Outgoing, KyphometerError | None]]:
        """Send each, with what it met."""
        ...

    def committed(self, items: Sequence[Outgoing]) -> dict[str, bool] | None:
        """By UID, whether safe keeping was promised; None where that is not offered."""
        ...
