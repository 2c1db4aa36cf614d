"""The verbs that command line, web and notebooks share.

open_film -> find_reading -> measure_film      one film
measure_folder                                 a folder, by patient and visit
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kyphometer import __version__
from kyphometer.dicom.archive import Unpacked
from kyphometer.dicom.entries import FILM_SUFFIXES as FILM_SUFFIXES
from kyphometer.dicom.entries import Entries, PassedOver, is_no_film
from kyphometer.errors import (
    FilmError,
    KyphometerError,
    NoReadingError,
    ReadingFilmMismatchError,
)
from kyphometer.film import Film, FilmHeader, FilmReference
from kyphometer.measure import DEFAULT_CORNER_SD_MM, MeasurementSet, measure_reading
from kyphometer.messages import Word
from kyphometer.reading import Reading
from kyphometer.reading.beside import SUFFIX
from kyphometer.reading.document import read_reading
from kyphometer.workflow.beside import find_reading, find_readings

READING_SUFFIX = SUFFIX
SOFTWARE = f"kyphometer {__version__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredFilm:
    """One film with its reading and numbers."""

    header: FilmHeader
    reading: Reading
    measured: MeasurementSet
    reading_path: Path | None = None

    @property
    def patient(self) -> str:
        """Patient ID, or the name of the film's folder where the header has none."""
        path = self.header.path
        folder = path.parent.name if path is not None else "?"
        return self.header.acquisition.patient_id or folder

    @property
    def visit(self) -> str:
        """Clinical trial time point, or the file's name where the header has none."""
        path = self.header.path
        return self.header.acquisition.time_point or (path.stem if path is not None else "")

    def to_dict(self) -> dict[str, Any]:
        """Document that `measure --format json` prints (ARCHITECTURE.md, File formats)."""
        header, reading, measured = self.header, self.reading, self.measured
        acquisition = header.acquisition
        exposed = acquisition.exposed_at
        return {
            "film": {
                "path": None if header.path is None else str(header.path),
                "sop_instance_uid": header.reference.sop_instance_uid,
                "frame": header.reference.frame,
                "rows": header.reference.rows,
                "columns": header.reference.columns,
                "patient": self.patient,
                "visit": self.visit,
                "date": None if exposed is None else exposed.date().isoformat(),
                "position": str(acquisition.position),
                "pixel_spacing_source": str(header.geometry.source),
            },
            "reading": {
                "path": None if self.reading_path is None else str(self.reading_path),
                "observer": reading.observer,
                "session": reading.session,
                "created": None if reading.created is None else reading.created.isoformat(),
                "fractured_levels": [level.value for level in reading.fractured_levels],
                "facing": str(measured.facing),
                "corner_rule": str(reading.corner_rule),
            },
            "measurements": [item.to_dict() for item in measured.measurements],
            "refused": [
                {"code": item.code, "label": item.label, "reason": item.reason}
                for item in measured.refused
            ],
            "warnings": [*header.warnings, *measured.warnings],
            "software": SOFTWARE,
        }

    def rows(self) -> list[dict[str, Any]]:
        """Rows in long form: one a measurement."""
        return [
            {
                "film": "" if self.header.path is None else self.header.path.name,
                "patient": self.patient,
                "visit": self.visit,
                "observer": self.reading.observer,
                "session": self.reading.session,
                "code": number.code,
                "label": number.label,
                "value": number.value,
                "unit": number.unit,
                "standard_uncertainty": number.standard_uncertainty,
                "levels": " ".join(map(str, number.levels)),
                "note": number.note,
            }
            for number in self.measured.measurements
        ]


def check_film(reading: Reading, film: FilmReference) -> str | None:
    """Refuse a reading that was made on another film, by pixel hash, UID, frame and size.

    A film is its pixels: of equal hash and size it is the same under another UID, as after another
    export or de-identification. What one of the two does not know is not compared.

    Returns
    -------
    note
        A sentence if the film has another UID than the one that was read, else None.

    Raises
    ------
    ReadingFilmMismatchError
        If they differ; the sentence says in what.
    """
    made_on = reading.film
    if made_on.same_pixels(film):
        renamed = made_on.sop_instance_uid not in (None, film.sop_instance_uid)
        return OTHER_UID if renamed else None
    for what, in_reading, in_film in (
        ("sop_instance_uid", made_on.sop_instance_uid, film.sop_instance_uid),
        ("frame", made_on.frame, film.frame),
        ("size", _size(made_on), _size(film)),
        ("sha256_pixels", made_on.sha256_pixels, film.sha256_pixels),
    ):
        if in_reading is not None and in_film is not None and in_reading != in_film:
            raise ReadingFilmMismatchError(what, in_reading, in_film)
    return None


def _size(film: FilmReference) -> Word:
    return Word("film.pixels", {"columns": film.columns, "rows": film.rows})


OTHER_UID = (
    "The film has another UID than the one that was read, but the same pixels: it is that film."
)


def measure_film(
    header: FilmHeader,
    reading: Reading,
    *,
    film: Film | None = None,
    codes: Sequence[str] | None = None,
    corner_sd_mm: float = DEFAULT_CORNER_SD_MM,
    allow_next_intact: bool = False,
    reading_path: Path | None = None,
) -> MeasuredFilm:
    """Measure a reading on its film.

    Parameters
    ----------
    header
        The film's header; its pixels are not needed.
    reading
        The reading; it must belong to that film.
    film
        The film with its pixels, to compare the pixel hash too.
    codes, corner_sd_mm, allow_next_intact
        See `kyphometer.measure.measure_reading`.
    reading_path
        Where the reading came from.

    Raises
    ------
    ReadingFilmMismatchError
        If the reading was made on another film.
    LandmarkError, FacingError, UnknownDefinitionError, AmbiguousDefinitionError
        See `measure_reading`.
    """
    needs_hash = film is not None and reading.film.sha256_pixels is not None
    note = check_film(
        reading, film.reference if film is not None and needs_hash else header.reference
    )
    if note is not None:
        header = replace(header, warnings=(*header.warnings, note))
    measured = measure_reading(
        reading,
        header.geometry,
        codes=codes,
        corner_sd_mm=corner_sd_mm,
        allow_next_intact=allow_next_intact,
        header_facing=header.acquisition.facing,
    )
    return MeasuredFilm(
        header=header, reading=reading, measured=measured, reading_path=reading_path
    )


# ------------------------------------------------------------------------------------ folders


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A file that could not be worked on, with the sentence that says why."""

    path: Path
    reason: str
    passed_over: bool = False
    """True if it is no film, False if it is one that failed."""


def film_files(folder: str | Path) -> list[Path]:
    """Files below a folder that look like films by name or beginning (PACS exports have no suffix).

    The folder may be a DICOMDIR; see `kyphometer.dicom.entries` for the rule.
    """
    root = Path(folder)
    found = [Path(entry) for entry in Entries(root)]
    return [p for p in found if p == root or p.suffix.lower() in FILM_SUFFIXES or _begins(p)]


def _begins(path: Path) -> bool:
    """True if a file begins like a film."""
    from kyphometer.dicom import looks_like_film

    return looks_like_film(path)


def look_through(
    folders: Iterable[Path], unpacked: Unpacked | None = None
) -> tuple[list[Path], list[PassedOver]]:
    """Files of folders, archives and DICOMDIRs that may be films, and what was passed over."""
    files: list[Path] = []
    passed: list[PassedOver] = []
    for folder in folders:
        entries = Entries(folder, unpacked)
        files += [Path(entry) for entry in entries]
        passed += entries.passed
    return files, passed


def measure_file(
    path: Path,
    *,
    reading_path: Path | None = None,
    spacing_mm: tuple[float, float] | None = None,
    frame: int | None = None,
    with_pixels: bool = True,
    grey: bool = False,
    auto: Mapping[str, Any] | None = None,
    **options: Any,
) -> tuple[Film | None, MeasuredFilm]:
    """Measure a film file from the reading beside it, or from the one given.

    Parameters
    ----------
    path
        The film.
    reading_path
        The reading; None looks beside the film.
    spacing_mm
        Row and column spacing, if the user states it.
    frame
        Frame number, from 1, of a multi-frame film.
    with_pixels
        Decode the pixels: to check the pixel hash and to draw.
    grey
        Read coloured pixels as grey; the film's warnings say how many there are.
    auto
        Where there is no reading, measure the bodies of a proposal that may be taken without a look
        at each, with these options of `propose_file`;
        with `leave`, what came of it waits beside the film for somebody to look at it.
    **options
        For `measure_film`.
    """
    from kyphometer.dicom import read_film, read_header

    if auto is not None and reading_path is None and not find_readings(path):
        known = {"spacing_mm": spacing_mm, "frame": frame, "grey": grey, **auto}
        return _measure_proposed(path, known, options)
    chosen = find_reading(path) if reading_path is None else reading_path
    reading = read_reading(chosen)
    frame = reading.film.frame if frame is None and reading.film.frame > 1 else frame
    film = read_film(path, frame=frame, spacing_mm=spacing_mm, grey=grey) if with_pixels else None
    header = (
        film.header if film is not None else read_header(path, frame=frame, spacing_mm=spacing_mm)
    )
    if film is None and _may_be_copy(reading.film, header.reference):
        film = read_film(path, frame=frame, spacing_mm=spacing_mm, grey=grey)
    return film, measure_film(header, reading, film=film, reading_path=chosen, **options)


def _measure_proposed(
    path: Path, known: Mapping[str, Any], options: Mapping[str, Any]
) -> tuple[Film, MeasuredFilm]:
    """Measure what is proposed on a film; its warnings say that nobody has confirmed it."""
    from kyphometer.workflow.proposals import propose_and_leave, propose_file, taken_unseen

    chosen = {name: value for name, value in known.items() if name != "leave"}
    propose = propose_and_leave if known.get("leave") else propose_file
    film, proposal = propose(path, **chosen)
    reading, said = taken_unseen(proposal)
    item = measure_film(film.header, reading, film=film, **options)
    return film, replace(item, header=replace(item.header, warnings=(*said, *item.header.warnings)))


def _may_be_copy(made_on: FilmReference, film: FilmReference) -> bool:
    """True if only the pixels can tell whether a film under another UID is the same."""
    other = made_on.sop_instance_uid != film.sop_instance_uid
    return other and film.sha256_pixels is None and made_on.sha256_pixels is not None


def measure_folder(
    files: Iterable[Path], *, with_pixels: bool = True, **options: Any
) -> Iterable[tuple[Film | None, MeasuredFilm] | Failure]:
    """Measure film after film; a film that fails is told and the rest goes on."""
    for path in files:
        try:
            yield measure_file(path, with_pixels=with_pixels, **options)
        except KyphometerError as error:
            yield failure_of(path, error)


def failure_of(path: Path, error: KyphometerError) -> Failure:
    """Why a file has no numbers; that it is no film at all comes before its lack of a reading."""
    from kyphometer.dicom import read_header

    if isinstance(error, NoReadingError):
        try:
            read_header(path)
        except FilmError as own:
            error = own
    no_film = isinstance(error, FilmError) and is_no_film(path, error)
    return Failure(path=path, reason=str(error), passed_over=no_film)


def stamped(reading: Reading) -> Reading:
    """The reading with this program's name and version as its software."""
    return replace(reading, software=SOFTWARE)
