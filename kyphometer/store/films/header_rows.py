"""What a store keeps of a film's header; nothing that names the patient."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date
from typing import Any

from kyphometer.film import FilmHeader
from kyphometer.store.films.identity import identity

_NOT_KEPT = frozenset(("patient_id", "patient_name", "patient_birth_date", "facing", "position"))
"""Header facts that have columns of their own, or that name the patient: a study knows codes."""


def film_row(
    header: FilmHeader, frame: int, sha256: str | None, key: str | None = None
) -> dict[str, Any]:
    """Columns of a film, without its patient.

    Parameters
    ----------
    key
        Key of the hashes that tell one person from another; None keeps none.
    """
    reference, geometry, acquisition = header.reference, header.geometry, header.acquisition
    exposed = acquisition.exposed_at
    return {
        "sop_instance_uid": reference.sop_instance_uid,
        "frame": frame,
        "sha256_pixels": sha256,
        "rows": reference.rows,
        "columns": reference.columns,
        "row_mm": geometry.row_mm,
        "column_mm": geometry.column_mm,
        "aspect": geometry.aspect,
        "spacing_source": geometry.source.value,
        "spacing_in_patient": geometry.in_patient,
        "taken_on": exposed.date() if exposed else _study_date(header),
        "taken_at": exposed.time().isoformat() if exposed else None,
        "position": acquisition.position.value,
        "facing": None if acquisition.facing is None else acquisition.facing.value,
        "is_lateral": acquisition.is_lateral,
        "facts": _facts(header, key),
    }


def _study_date(header: FilmHeader) -> date | None:
    """The study's date of a film that has no moment of exposure, unless that was passed over."""
    passed = any(sentence.startswith("The study date ") for sentence in header.warnings)
    return None if passed else header.acquisition.study_date


def _facts(header: FilmHeader, key: str | None) -> str:
    """Further facts of a header as JSON; nothing that names the patient."""
    acquisition = header.acquisition
    kept = {
        item.name: getattr(acquisition, item.name)
        for item in fields(acquisition)
        if item.name not in _NOT_KEPT
    }
    kept["transfer_syntax_uid"] = header.transfer_syntax_uid
    kept["frames"] = header.frames
    kept["warnings"] = list(header.warnings)
    kept["identity"] = None if key is None else identity(acquisition, key)
    known = {name: value for name, value in kept.items() if value not in (None, (), [], {})}
    return json.dumps(known, ensure_ascii=False, default=str)
