"""How the patient was held, by codes and words of the header."""

from __future__ import annotations

import re
from typing import Final

from kyphometer.dicom.elements import Elements
from kyphometer.film import Position

_CODES: Final[dict[str, Position]] = {
    "C86043": Position.STANDING,
    "10904000": Position.STANDING,
    "F-10320": Position.STANDING,
    "F-10440": Position.STANDING,
    "33586001": Position.SITTING,
    "F-103A0": Position.SITTING,
    "40199007": Position.SUPINE,
    "F-10340": Position.SUPINE,
    "1240000": Position.PRONE,
    "F-10310": Position.PRONE,
    "32185000": Position.LATERAL_DECUBITUS,
    "102535000": Position.LATERAL_DECUBITUS,
    "102536004": Position.LATERAL_DECUBITUS,
    "F-10316": Position.LATERAL_DECUBITUS,
    "F-10317": Position.LATERAL_DECUBITUS,
    "F-10319": Position.LATERAL_DECUBITUS,
}
"""Positions by code (DICOM CID 19 and 20, SNOMED CT and SRT)."""

_WORDS: Final[tuple[tuple[Position, str], ...]] = (
    (
        Position.STANDING,
        r"STANDING|ERECT|UPRIGHT|WEIGHT.?BEARING|IM STEHEN|STEHEND|DEBOUT|DE PIE|BIPEDESTACI\w+"
        r"|IN PIEDI|ORTOSTA\w+|STAANDE?|STAENDE",
    ),
    (Position.SITTING, r"SITTING|SEATED|IM SITZEN|SITZEND|ASSIS|SENTADO|SEDUT[OA]|ZITTENDE?"),
    (
        Position.SUPINE,
        r"SUPINE|CROSS.?TABLE|X.?TABLE|R(Ü|UE)CKENLAGE|DECUBITUS DORSAL|SUPINO|SUPINA",
    ),
    (Position.PRONE, r"PRONE|BAUCHLAGE|PRONO|PROCUBITO"),
    (
        Position.LATERAL_DECUBITUS,
        r"LLD|RLD|(LATERAL |LAT |L |R )?DECUB(ITUS)?|SEITENLAGE|LATERAL LYING",
    ),
)
"""Words for positions in the languages that film headers are written in most."""

_PATTERNS: Final = tuple((where, re.compile(rf"\b({words})\b")) for where, words in _WORDS)
_UNTRUE: Final = re.compile(r"\b(SEMI|NON|NOT|HALF)[ -]?(ERECT|UPRIGHT|SUPINE|PRONE|SITTING)\b")
_TEXTS: Final = ("ViewPosition", "SeriesDescription", "AcquisitionDeviceProcessingDescription",
                 "ProtocolName", "PerformedProcedureStepDescription", "ImageComments",
                 "RequestedProcedureDescription", "StudyDescription")  # fmt: skip


def read_position(elements: Elements) -> Position:
    """Position of the patient; codes before words; contradictions leave sentences."""
    by_code = _by_code(elements)
    by_words = _by_words(elements)
    if by_code is None:
        return by_words or Position.UNKNOWN
    if by_words is not None and by_words is not by_code:
        elements.problems.append(
            f"The header contradicts itself: the patient is {_shown(by_code)} by code but "
            f"{_shown(by_words)} by description; the code was taken."
        )
    return by_code


def _shown(position: Position) -> str:
    return position.value.replace("_", " ")


def _by_code(elements: Elements) -> Position | None:
    """By PatientOrientationCodeSequence and its modifier, then by PatientPosition."""
    for item in elements.items("PatientOrientationCodeSequence"):
        modifiers = item.items("PatientOrientationModifierCodeSequence")
        for code in (*modifiers, item):
            found = _CODES.get(code.code("CodeValue"))
            if found is not None:
                return found
    return _by_patient_position(elements.code("PatientPosition"))


def _by_patient_position(value: str) -> Position | None:
    """By PatientPosition: HFS is head first supine, FFDL feet first decubitus left."""
    if value == "SITTING":
        return Position.SITTING
    if not re.fullmatch("(HF|FF|LF|RF|AF|PF)(S|P|DL|DR)", value):
        return None
    ends = {"S": Position.SUPINE, "P": Position.PRONE}
    return ends.get(value[2:], Position.LATERAL_DECUBITUS)


def position_in_words(text: str) -> Position | None:
    """The one position that a text names, None if it names none or several."""
    words = re.sub(r"[_/,;:()]+", " ", text.upper())
    words = _UNTRUE.sub(" ", words)
    found = {where for where, pattern in _PATTERNS if pattern.search(words)}
    if Position.SUPINE in found and "DECUBITUS DORSAL" in words:
        found.discard(Position.LATERAL_DECUBITUS)
    return found.pop() if len(found) == 1 else None


def _by_words(elements: Elements) -> Position | None:
    """By the most specific description that names one position."""
    for keyword in _TEXTS:
        found = position_in_words(elements.text(keyword) or "")
        if found is not None:
            return found
    return None
