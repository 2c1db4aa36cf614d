"""A film's header as a table for people."""

from __future__ import annotations

from datetime import date
from typing import Final

from kyphometer.dicom.uids import shown_uid, uid_name
from kyphometer.film import Acquisition, FilmHeader, Rendering
from kyphometer.geometry import PixelGeometry, SpacingSource

_SOURCES: Final = {
    SpacingSource.STATED: "stated by the user",
    SpacingSource.CALIBRATED: "PixelSpacing, calibrated",
    SpacingSource.PIXEL_SPACING: "PixelSpacing",
    SpacingSource.MAGNIFICATION: "ImagerPixelSpacing divided by the magnification",
    SpacingSource.DETECTOR: "ImagerPixelSpacing, at the detector",
    SpacingSource.SCANNER: "NominalScannedPixelSpacing, on the scanned film",
}
_UNKNOWN: Final = "-"


def facts(header: FilmHeader) -> list[tuple[str, str]]:
    """What a header says, as pairs of a name and a value in words; "-" where it says nothing.

    Parameters
    ----------
    header
        Header of a film.
    """
    reference = header.reference
    table = {
        "file": header.path.name if header.path else _UNKNOWN,
        "size": f"{reference.rows} x {reference.columns} pixels",
        "frames": str(header.frames),
        "pixel size": _pixel_size(header.geometry),
        **_exposure(header.acquisition),
        **_storage(header),
        **_patient(header.acquisition),
        "study UID": header.acquisition.study_instance_uid or _UNKNOWN,
        "series UID": header.acquisition.series_instance_uid or _UNKNOWN,
        "film UID": reference.sop_instance_uid or _UNKNOWN,
    }
    return list(table.items())


def _pixel_size(geometry: PixelGeometry) -> str:
    if geometry.row_mm is None or geometry.column_mm is None:
        shape = "square" if geometry.is_square else f"{geometry.aspect:.4g} times as high as wide"
        known = geometry.source is SpacingSource.ASPECT_RATIO
        return f"unknown; {shape}{'' if known else ' taken for granted'}"
    size = f"{geometry.column_mm:.4g} mm"
    if not geometry.is_square:
        size = f"{geometry.column_mm:.4g} mm wide, {geometry.row_mm:.4g} mm high"
    return f"{size} ({_SOURCES[geometry.source]})"


def _exposure(facts: Acquisition) -> dict[str, str]:
    return {
        "kind": facts.modality or _UNKNOWN,
        "exposed": facts.exposed_at.isoformat(" ") if facts.exposed_at else _UNKNOWN,
        "study date": _day(facts.study_date),
        "body part": facts.body_part or _UNKNOWN,
        "view": facts.view or _UNKNOWN,
        "lateral": _yes_no(facts.is_lateral),
        "anterior is": facts.facing.value if facts.facing else _UNKNOWN,
        "patient orientation": "\\".join(facts.patient_orientation) or _UNKNOWN,
        "position": facts.position.value.replace("_", " "),
        "source to detector": _millimetres(facts.source_to_detector_mm),
        "source to patient": _millimetres(facts.source_to_patient_mm),
        "magnification": f"{facts.magnification:.4g}" if facts.magnification else _UNKNOWN,
        "time point": facts.time_point or _UNKNOWN,
        "description": facts.description or _UNKNOWN,
        "device": facts.manufacturer or _UNKNOWN,
    }


def _storage(header: FilmHeader) -> dict[str, str]:
    facts = header.acquisition
    return {
        "stored as": _syntax(header.transfer_syntax_uid),
        "values": _values(header.rendering),
        "shown through": _display(header.rendering),
        "lossy": _yes_no(facts.lossy),
        "text burned in": _yes_no(facts.burned_in_annotation),
    }


def _patient(facts: Acquisition) -> dict[str, str]:
    return {
        "patient": facts.patient_name or _UNKNOWN,
        "patient ID": facts.patient_id or _UNKNOWN,
        "born": _day(facts.patient_birth_date),
        "sex": facts.patient_sex or _UNKNOWN,
        "accession number": facts.accession_number or _UNKNOWN,
    }


def _syntax(uid: str | None) -> str:
    if uid is None:
        return "picture file"
    name = uid_name(uid)
    return f"{name} ({uid})" if name else shown_uid(uid)


def _values(rendering: Rendering) -> str:
    sign = "signed" if rendering.signed else "unsigned"
    return f"{rendering.bits_stored} bits, {sign}{', inverted' if rendering.inverted else ''}"


def _display(rendering: Rendering) -> str:
    ways = [table.explanation or "lookup table" for table in rendering.voi_luts]
    ways += [f"{w.center:g}/{w.width:g} {w.function}" for w in rendering.windows]
    return ", ".join(ways) or "automatic window"


def _day(day: date | None) -> str:
    return day.isoformat() if day else _UNKNOWN


def _yes_no(value: bool | None) -> str:
    return _UNKNOWN if value is None else "yes" if value else "no"


def _millimetres(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:g} mm"
