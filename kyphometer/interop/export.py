"""Readings as files of other systems, one film or a whole study."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from kyphometer.errors import KyphometerError, MissingExtraError
from kyphometer.geometry import SpacingSource
from kyphometer.interop.marks.points import MarkedFilm
from kyphometer.interop.objects.make import objects_for, source_of
from kyphometer.interop.objects.source import Kind
from kyphometer.interop.read_file import ReadFile, ReadFilm
from kyphometer.measure import DEFAULT_CORNER_SD_MM
from kyphometer.store.records import ReadingRecord
from kyphometer.store.study.study import Study
from kyphometer.workflow.films import Failure


class Form(StrEnum):
    """What a reading is written as."""

    SR = "sr"
    SC = "sc"
    PDF = "pdf"
    GSPS = "gsps"
    COCO = "coco"
    CVAT = "cvat"
    SLICER = "slicer"
    FHIR = "fhir"

    @property
    def kind(self) -> Kind | None:
        """The DICOM object it is, None for files of other programs."""
        return Kind(self.value) if self.value in {kind.value for kind in Kind} else None

    @property
    def holds_all(self) -> bool:
        """True if one file holds many films."""
        return self in (Form.COCO, Form.CVAT)

    @property
    def suffix(self) -> str:
        """End of its file's name."""
        if self.kind is not None:
            return f".{self.value}.dcm"
        return _SUFFIXES[self]


_SUFFIXES = {
    Form.COCO: ".coco.json",
    Form.CVAT: ".cvat.xml",
    Form.SLICER: ".mrk.json",
    Form.FHIR: ".fhir.json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file that was written."""

    film: str
    form: Form
    path: Path
    uid: str | None = None


def read_files(
    film: Path,
    reading: Path | None,
    *,
    earlier: Sequence[Path] = (),
    frame: int | None = None,
    spacing_mm: tuple[float, float] | None = None,
) -> ReadFile:
    """A film's file and its reading's."""
    from kyphometer.reading.document import read_reading
    from kyphometer.workflow.beside import find_reading

    found = read_reading(find_reading(film) if reading is None else reading)
    return ReadFile(
        path=film,
        frame=found.film.frame if frame is None and found.film.frame > 1 else frame,
        spacing_mm=spacing_mm,
        reading=found,
        name=film.stem,
        earlier=tuple(map(read_reading, earlier)),
    )


def read_study(study: Study, observer: str | None = None) -> Iterator[ReadFile | Failure]:
    """The latest readings of a study's films; those of blinded sessions do not leave.

    A film that cannot be found is told and the rest goes on.
    """
    for record in study.latest_readings(observer=observer):
        if record.session_item is not None:
            continue
        try:
            yield _read_record(study, record)
        except (KyphometerError, OSError) as error:
            yield Failure(path=Path(study.film(record.film_id).name), reason=str(error))


def _read_record(study: Study, record: ReadingRecord) -> ReadFile:
    known = study.film(record.film_id)
    geometry = known.geometry
    spacing = None
    if geometry.source is SpacingSource.STATED:
        spacing = geometry.require_mm("A film")[::-1]
    versions = study.history(record.film_id, record.observer)
    return ReadFile(
        path=study.film_path(record.film_id),
        frame=known.frame,
        spacing_mm=spacing,
        reading=record.reading,
        name=f"{known.id}-{record.observer}",
        earlier=tuple(v.reading for v in versions if v.version < record.version),
        reason=record.reason,
        visit=known.visit,
        corner_sd_mm=study.settings.corner_sd_mm or DEFAULT_CORNER_SD_MM,
    )


def write_forms(
    films: Iterable[ReadFilm], forms: Sequence[Form], place: Callable[[str, Form], Path]
) -> Iterator[Written | Failure]:
    """Write films in every form; one that fails is told and the rest goes on.

    Parameters
    ----------
    films
        Films with readings.
    forms
        What to write.
    place
        Path of a file, from the film's name and the form; forms that hold all films are asked for
        once, with an empty name.
    """
    marked: list[MarkedFilm] = []
    for item in films:
        path = item.film.header.path
        name = item.name if path is None else path.name
        marked.append(MarkedFilm(name=name, reading=item.reading))
        for form in forms:
            if not form.holds_all:
                yield from _write_one(item, form, place)
    for form in forms:
        if form.holds_all and marked:
            target = place("", form)
            _write_text(_all_of(marked, form), target)
            yield Written(film=f"{len(marked)} films", form=form, path=target)


def _write_one(
    item: ReadFilm, form: Form, place: Callable[[str, Form], Path]
) -> Iterator[Written | Failure]:
    target = place(item.name, form)
    try:
        uid = write_form(item, form, target)
    except KyphometerError as error:
        yield Failure(path=target, reason=str(error))
    else:
        yield Written(film=item.name, form=form, path=target, uid=uid)


def write_form(item: ReadFilm, form: Form, target: Path) -> str | None:
    """Write one film in one form; the UID of the object, None for other files.

    Raises
    ------
    KyphometerError
        If the reading cannot be measured or the film has no UID.
    """
    if form is Form.FHIR:
        return _write_fhir(item, target)
    if form.kind is None:
        if form is Form.SLICER:
            from kyphometer.interop.marks.slicer import to_slicer

            _write_text(_json(to_slicer(item.reading, item.film.header)), target)
        else:
            path = item.film.header.path
            name = item.name if path is None else path.name
            _write_text(_all_of([MarkedFilm(name=name, reading=item.reading)], form), target)
        return None
    dataset = objects_for(
        item.film,
        item.reading,
        [form.kind],
        earlier=item.earlier,
        reason=item.reason,
        visit=item.visit,
        corner_sd_mm=item.corner_sd_mm,
    )[0]
    part = target.with_name(target.name + ".part")
    dataset.save_as(part, enforce_file_format=True)
    part.replace(target)
    return str(dataset.SOPInstanceUID)


def _write_fhir(item: ReadFilm, target: Path) -> str:
    """Write the Bundle; the UID of the structured report that it says the same as."""
    source = source_of(
        item.film, item.reading, earlier=item.earlier, reason=item.reason, visit=item.visit
    )
    try:
        from kyphometer.interop.objects.fhir import fhir_bundle
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), "interop") from None
    _write_text(_json(fhir_bundle(source)), target)
    return str(source.object_uid(Kind.SR))


def write_withdrawal(item: ReadFilm, kinds: Sequence[Kind], reason: str, target: Path) -> str:
    """Write the note that withdraws a reading's objects, of all its versions; its UID.

    Raises
    ------
    KyphometerError
        If the reading cannot be measured or the film has no UID.
    """
    from kyphometer.interop.objects.withdrawal import withdrawal_for

    note = withdrawal_for(
        item.film,
        item.reading,
        kinds,
        reason=reason,
        earlier=item.earlier,
        visit=item.visit,
        corner_sd_mm=item.corner_sd_mm,
    )
    part = target.with_name(target.name + ".part")
    note.save_as(part, enforce_file_format=True)
    part.replace(target)
    return str(note.SOPInstanceUID)


def _all_of(films: Sequence[MarkedFilm], form: Form) -> str:
    if form is Form.COCO:
        from kyphometer.interop.marks.coco import to_coco

        return _json(to_coco(films))
    from kyphometer.interop.marks.cvat import to_cvat

    return to_cvat(films)


def _json(document: object) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _write_text(text: str, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    part.write_text(text, "utf-8", errors="backslashreplace")
    part.replace(target)
