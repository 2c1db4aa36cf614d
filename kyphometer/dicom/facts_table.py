"""A film's header as a table for people."""

from __future__ import annotations

from datetime import date
from typing import Final

from kyphometer.dicom.uids import shown_uid, uid_name
from kyphometer.film import Acquisition, FilmHeader, Rendering
from kyphometer.geometry import PixelGeometry, SpacingSource
from kyphometer.messages import LANGUAGES, Word, sentence

_UNKNOWN: Final = "-"


def facts(header: FilmHeader) -> list[tuple[str, str]]:
    """What a header says, as pairs of a name and a value in words; "-" where it says nothing.

    The words are English ones, for programs; `told_facts` has those for people.

    Parameters
    ----------
    header
        Header of a film.
    """
    return told_facts(header, LANGUAGES[0])


def told_facts(header: FilmHeader, language: str | None = None) -> list[tuple[str, str]]:
    """The same in a language; None takes that of the task.

    Parameters
    ----------
    header
        Header of a film.
    language
        `en`, `vi`.
    """
    return [
        (
            sentence(f"fact.{name}", {}, language),
            value.sentence(language) if isinstance(value, Word) else value,
        )
        for name, value in _table(header).items()
    ]


def _table(header: FilmHeader) -> dict[str, str | Word]:
    """Facts by the key of their name."""
    reference = header.reference
    return {
        "file": header.path.name if header.path else _UNKNOWN,
        "size": Word("fact.of_size", {"rows": reference.rows, "columns": reference.columns}),
        "frames": str(header.frames),
        "pixel_size": _pixel_size(header.geometry),
        **_exposure(header.acquisition),
        **_storage(header),
        **_patient(header.acquisition),
        "study_uid": header.acquisition.study_instance_uid or _UNKNOWN,
        "series_uid": header.acquisition.series_instance_uid or _UNKNOWN,
        "film_uid": reference.sop_instance_uid or _UNKNOWN,
    }


def _pixel_size(geometry: PixelGeometry) -> Word:
    if geometry.row_mm is None or geometry.column_mm is None:
        shape = Word("fact.square")
        if not geometry.is_square:
            shape = Word("fact.oblong", {"aspect": geometry.aspect})
        known = geometry.source is SpacingSource.ASPECT_RATIO
        return Word("fact.no_size" if known else "fact.no_size_known", {"shape": shape})
    key = "fact.square_size" if geometry.is_square else "fact.oblong_size"
    source = Word(f"fact.source.{geometry.source}")
    return Word(key, {"width": geometry.column_mm, "height": geometry.row_mm, "source": source})


def _exposure(facts: Acquisition) -> dict[str, str | Word]:
    return {
        "kind": facts.modality or _UNKNOWN,
        "exposed": facts.exposed_at.isoformat(" ") if facts.exposed_at else _UNKNOWN,
        "study_date": _day(facts.study_date),
        "body_part": facts.body_part or _UNKNOWN,
        "view": facts.view or _UNKNOWN,
        "lateral": _yes_no(facts.is_lateral),
        "anterior_is": Word(f"fact.side.{facts.facing.value}") if facts.facing else _UNKNOWN,
        "patient_orientation": "\\".join(facts.patient_orientation) or _UNKNOWN,
        "position": Word(f"fact.position.{facts.position.value}"),
        "source_to_detector": _number("fact.millimetres", facts.source_to_detector_mm),
        "source_to_patient": _number("fact.millimetres", facts.source_to_patient_mm),
        "magnification": _number("fact.times", facts.magnification or None),
        "time_point": facts.time_point or _UNKNOWN,
        "description": facts.description or _UNKNOWN,
        "device": facts.manufacturer or _UNKNOWN,
    }


def _storage(header: FilmHeader) -> dict[str, str | Word]:
    facts = header.acquisition
    return {
        "stored_as": _syntax(header.transfer_syntax_uid),
        "values": _values(header.rendering),
        "shown_through": _display(header.rendering),
        "lossy": _yes_no(facts.lossy),
        "text_burned_in": _yes_no(facts.burned_in_annotation),
    }


def _patient(facts: Acquisition) -> dict[str, str]:
    return {
        "patient": facts.patient_name or _UNKNOWN,
        "patient_id": facts.patient_id or _UNKNOWN,
        "born": _day(facts.patient_birth_date),
        "sex": facts.patient_sex or _UNKNOWN,
        "accession_number": facts.accession_number or _UNKNOWN,
    }


def _syntax(uid: str | None) -> str | Word:
    if uid is None:
        return Word("fact.picture_file")
    name = uid_name(uid)
    return f"{name} ({uid})" if name else shown_uid(uid)


def _values(rendering: Rendering) -> Word:
    sign = Word("fact.signed" if rendering.signed else "fact.unsigned")
    key = "fact.inverted_bits" if rendering.inverted else "fact.bits"
    return Word(key, {"bits": rendering.bits_stored, "sign": sign})


def _display(rendering: Rendering) -> Word:
    ways: list[str | Word] = [
        table.explanation or Word("fact.lookup_table") for table in rendering.voi_luts
    ]
    ways += [f"{w.center:g}/{w.width:g} {w.function}" for w in rendering.windows]
    return Word("fact.ways", {"ways": ways}) if ways else Word("fact.automatic_window")


def _day(day: date | None) -> str:
    return day.isoformat() if day else _UNKNOWN


def _yes_no(value: bool | None) -> str | Word:
    return _UNKNOWN if value is None else Word("fact.yes" if value else "fact.no")


def _number(key: str, value: float | None) -> str | Word:
    return _UNKNOWN if value is None else Word(key, {"value": value})
