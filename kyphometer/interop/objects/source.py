"""What objects about a film must know of it: whose it is, its study, the version of the reading."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property

import pydicom

from kyphometer.dicom.belonging import Belonging, belonging_of
from kyphometer.dicom.write import uid_from
from kyphometer.errors import NoFilmToReferError
from kyphometer.film import Film
from kyphometer.measure import DEFAULT_CORNER_SD_MM, MeasurementSet
from kyphometer.reading import Reading
from kyphometer.reading.document import reading_to_dict
from kyphometer.workflow.films import MeasuredFilm

LAYOUT = "2"
"""Raised when objects of the same reading come to say something else: they get other UIDs."""
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


class Kind(StrEnum):
    """A DICOM object of results."""

    SR = "sr"
    """Comprehensive SR with the measurements (TID 1500)."""
    SC = "sc"
    """Secondary capture: the film with marks and angles drawn on it."""
    PDF = "pdf"
    """Encapsulated PDF: one page with picture and numbers."""
    GSPS = "gsps"
    """Presentation state: marks and angles that a viewer lays over the film."""

    @property
    def series_number(self) -> int:
        """Number of its series, far from those of films."""
        return 9001 + list(Kind).index(self)

    @property
    def series_description(self) -> str:
        """Name of its series."""
        return f"Kyphometer {_SERIES[self]}"


_SERIES = {Kind.SR: "measurements", Kind.SC: "overlay", Kind.PDF: "page", Kind.GSPS: "marks"}


@dataclass(frozen=True, kw_only=True)
class Source:
    """A measured film with what its objects must say of it.

    Attributes
    ----------
    film, reading, measured
        The film, the reading and its numbers.
    belonging
        Whose film it is and of which study, all UIDs known.
    earlier
        Earlier versions of the reading, oldest first.
    reason
        Why the version before was corrected.
    visit
        Name of the visit, empty if unknown.
    corner_sd_mm
        SD of a hand-marked corner, behind the uncertainties.
    """

    film: Film
    reading: Reading
    measured: MeasurementSet
    belonging: Belonging
    earlier: Sequence[Reading] = ()
    reason: str = ""
    visit: str = ""
    corner_sd_mm: float = DEFAULT_CORNER_SD_MM

    @property
    def version(self) -> int:
        """Version of the reading, from 1."""
        return len(self.earlier) + 1

    @property
    def uid(self) -> str:
        """UID of the film."""
        return str(self.belonging.sop_instance_uid)

    @property
    def frames(self) -> list[int] | None:
        """Frame that objects must name: None if the film has only one."""
        return [self.film.header.reference.frame] if self.film.header.frames > 1 else None

    @property
    def made(self) -> datetime:
        """When the reading was made, in the time of this machine; now if it does not say."""
        created = self.reading.created
        return datetime.now() if created is None else created.astimezone().replace(tzinfo=None)

    @cached_property
    def overlay_png(self) -> bytes:
        """The film with marks and angles drawn on it, as PNG; drawn when first asked for."""
        from kyphometer.plots.export import figure_png
        from kyphometer.workflow.overlay import draw_overlay

        header = self.film.header
        item = MeasuredFilm(header=header, reading=self.reading, measured=self.measured)
        return figure_png(draw_overlay(self.film, item))

    @cached_property
    def thread(self) -> tuple[str, ...]:
        """What stays the same over the versions of a reading."""
        frame = str(self.film.header.reference.frame)
        return (self.uid, frame, self.reading.observer or "", self.reading.session or "")

    def series_uid(self, kind: Kind) -> pydicom.uid.UID:
        """Series of an object: the same for all versions of a reading."""
        return uid_from("results", kind, *self.thread)

    def tracking_uid(self, what: str) -> pydicom.uid.UID:
        """UID under which one measurement is followed over the versions of a reading."""
        return uid_from("tracking", what, *self.thread)

    def object_uid(self, kind: Kind, version: int | None = None) -> pydicom.uid.UID:
        """UID of the object of a version; the same reading of the same film gives the same."""
        number = self.version if version is None else version
        reading = [*self.earlier, self.reading][number - 1]
        scale = repr((self.film.geometry.scale, self.corner_sd_mm))
        about = (str(number), document_hash(reading), scale, self.visit, LAYOUT)
        return uid_from("result", kind, *self.thread, *about)


def document_hash(reading: Reading) -> str:
    """SHA-256 of a reading's document."""
    return hashlib.sha256(document_text(reading).encode()).hexdigest()


def document_text(reading: Reading) -> str:
    """A reading as compact JSON."""
    document: Mapping[str, object] = reading_to_dict(reading)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def completed(film: Film) -> Belonging:
    """Whose film it is, with UIDs for study and series where the header lacks them.

    Raises
    ------
    NoFilmToReferError
        If the film has no UID of its own: nothing can refer to it.
    """
    found = belonging_of(film.header)
    uid = found.sop_instance_uid
    if uid is None:
        path = film.header.path
        raise NoFilmToReferError("film" if path is None else path.name)
    return replace(
        found,
        study_instance_uid=found.study_instance_uid or uid_from("study of", uid),
        series_instance_uid=found.series_instance_uid or uid_from("series of", uid),
        sop_class_uid=found.sop_class_uid or _SECONDARY_CAPTURE,
    )
