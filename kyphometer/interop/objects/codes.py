"""Coded concepts of what is measured.

Vertebrae, their sides and the Cobb angle have codes in the standard; which angle it is has none
and gets one of our own (scheme 99KYPHO). An endplate is its vertebra with a topographical modifier.
"""

from __future__ import annotations

from highdicom.sr import CodedConcept, FindingSite

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.measure import ANGLES, Measurement

OWN_SCHEME = "99KYPHO"


def sct(value: str, meaning: str) -> CodedConcept:
    """A concept of SNOMED CT."""
    return CodedConcept(value, "SCT", meaning)


def dcm(value: str, meaning: str) -> CodedConcept:
    """A concept of DICOM."""
    return CodedConcept(value, "DCM", meaning)


def own(value: str, meaning: str) -> CodedConcept:
    """A concept of our own."""
    return CodedConcept(value[:16], OWN_SCHEME, meaning[:64])


def ucum(value: str, meaning: str) -> CodedConcept:
    """A unit."""
    return CodedConcept(value, "UCUM", meaning, "1.4")


COBB_ANGLE = sct("285285000", "Cobb angle")
ARM_OF_ANGLE = dcm("121223", "Arm of angle")
SUPERIOR = sct("264217000", "Superior")
INFERIOR = sct("261089000", "Inferior")
FINDING = dcm("121071", "Finding")
COMMENT = dcm("121106", "Comment")
UNCERTAINTY = own("UNCERTAINTY", "Measurement uncertainty")
INTERVAL_95 = "95 % interval"
IMAGING_PROCEDURE = sct("363679005", "Imaging procedure")
UNITS = {
    "deg": ucum("deg", "degree"),
    "mm": ucum("mm", "millimeter"),
    "%": ucum("%", "percent"),
}
_VERTEBRAE = {
    "C1": "14806007", "C2": "39976000", "C3": "113205007", "C4": "5329002", "C5": "36978003",
    "C6": "36054005", "C7": "87391001", "T1": "64864005", "T2": "53733008", "T3": "1626008",
    "T4": "73071006", "T5": "56401006", "T6": "45296009", "T7": "62487009", "T8": "11068009",
    "T9": "82687006", "T10": "7610001", "T11": "12989004", "T12": "23215003", "L1": "66794005",
    "L2": "14293000", "L3": "36470004", "L4": "11994002", "L5": "49668003", "S1": "65985001",
}  # fmt: skip
_LEVELS = {code: Level(name) for name, code in _VERTEBRAE.items()}
_SHAPES = {
    "HA": "Anterior vertebral height",
    "HM": "Middle vertebral height",
    "HP": "Posterior vertebral height",
    "VBT": "Vertebral body translation",
}


def vertebra(level: Level) -> CodedConcept:
    """A vertebra; T13 and L6, which the standard does not know, get a code of our own."""
    code = _VERTEBRAE.get(level.value)
    if code is None:
        return own(f"VERTEBRA_{level}", f"{level} vertebra")
    name = "Structure of first sacral vertebra" if level is Level.S1 else f"{level} vertebra"
    return sct(code, name)


def level_of(value: str, scheme: str) -> Level | None:
    """The level that a code of a vertebra means, or None."""
    if scheme == OWN_SCHEME and value.startswith("VERTEBRA_"):
        name = value.removeprefix("VERTEBRA_")
        return Level(name) if name in Level.__members__ else None
    return _LEVELS.get(value)


def endplate_site(level: Level, side: EndplateSide) -> FindingSite:
    """An endplate as a finding site."""
    modifier = SUPERIOR if side is EndplateSide.SUPERIOR else INFERIOR
    return FindingSite(vertebra(level), topographical_modifier=modifier)


def vertebra_site(level: Level) -> FindingSite:
    """A vertebra as a finding site."""
    return FindingSite(vertebra(level))


def angle_finding(item: Measurement) -> CodedConcept:
    """Which angle it is."""
    definition = ANGLES.get(item.code)
    if definition is None:
        return own("ANGLE", "angle between named lines")
    return own(definition.code, definition.name)


def shape_name(code: str) -> CodedConcept:
    """The concept of a height or slip."""
    return own(code, _SHAPES[code])
