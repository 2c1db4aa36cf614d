"""Whether a film is lateral, and where anterior lies on it, by its header."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from kyphometer.dicom.elements import Elements
from kyphometer.geometry import Facing

_AXES: Final = {"A": "sagittal", "P": "sagittal", "L": "coronal", "R": "coronal",
                "H": "axial", "F": "axial"}  # fmt: skip
_LATERAL_CODES: Final = frozenset(
    ("399067008", "399173006", "399198007", "399352003", "399260004", "30730003",
     "R-102CD", "R-10236", "R-10232", "R-10228", "R-10230")
)  # fmt: skip
_FRONTAL_CODES: Final = frozenset(
    ("399348003", "272479007", "399033003", "R-10206", "R-10214", "R-10202")
)
_LATERAL_WORDS: Final = re.compile(
    r"\b(LL|RL|LAT|LLAT|RLAT|LATL|LATR|LATERA\w+|SEITLICH|SEITE|PROFIL|PERFIL)\b"
)
_FRONTAL_WORDS: Final = re.compile(r"\b(AP|PA|A\.P\.?|P\.A\.?|FRONTAL|FACE)\b")
_DECUBITUS: Final = re.compile(r"\b(LATERAL|LAT)\.? (DECUB\w*|LYING)|\b[LR]LD\b")
_OBLIQUE_WORDS: Final = re.compile(r"\b(OBL\w*|LAO|RAO|LPO|RPO|LLO|RLO|BILAT\w*)\b")


class View(NamedTuple):
    """How a film was projected, by its header.

    Attributes
    ----------
    name
        View position or view code as the header words it, None if it has none.
    is_lateral
        True or False if the header says so without contradiction, otherwise None.
    facing
        Where anterior lies when the film is held head up, None if unknown.
    """

    name: str | None
    is_lateral: bool | None
    facing: Facing | None


def read_view(elements: Elements, modality: str) -> View:
    """View of a film; contradictions leave sentences in `elements.problems`."""
    facing, by_letters = _by_orientation(elements)
    name, by_view = _by_view(elements)
    says = {"PatientOrientation": by_letters, "the view": by_view,
            "the positioner's angle": _by_angle(elements, modality)}  # fmt: skip
    stated = {source: lateral for source, lateral in says.items() if lateral is not None}
    lateral = _agreed(stated, elements)
    if lateral is None and not stated:
        lateral = _by_description(elements)
    return View(name, lateral, facing)


def _agreed(stated: dict[str, bool], elements: Elements) -> bool | None:
    """What all sources say, None if they say nothing or contradict each other."""
    if len(set(stated.values())) == 2:
        lateral = " and ".join(source for source, value in stated.items() if value)
        other = " and ".join(source for source, value in stated.items() if not value)
        elements.problems.append(
            f"The header contradicts itself: by {lateral} the film is lateral, by {other} it is "
            "not."
        )
        return None
    for source, value in stated.items():
        if not value:
            elements.problems.append(
                f"By {source} this is no lateral film; kyphosis angles hold on lateral films only."
            )
        return value
    return None


def facing_of(row: str, column: str) -> Facing | None:
    """Where anterior lies once the film is held head up.

    Parameters
    ----------
    row, column
        Directions in which columns and rows count up: the two values of PatientOrientation.

    Returns
    -------
    facing
        None unless one direction is mainly sagittal and the other mainly along the body. The film
        may lie on its side or upside down: it is turned, never mirrored.
    """
    vectors = {row[:1]: (1, 0), column[:1]: (0, 1)}
    anterior = _pointing(vectors, "A", "P")
    feet = _pointing(vectors, "F", "H")
    if anterior is None or feet is None:
        return None
    return Facing.RIGHT if anterior[0] * feet[1] - anterior[1] * feet[0] > 0 else Facing.LEFT


def _pointing(vectors: dict[str, tuple[int, int]], to: str, away: str) -> tuple[int, int] | None:
    if to in vectors:
        return vectors[to]
    if away in vectors:
        x, y = vectors[away]
        return (-x, -y)
    return None


def _by_orientation(elements: Elements) -> tuple[Facing | None, bool | None]:
    """Facing and laterality by the letters of PatientOrientation."""
    letters = elements.codes("PatientOrientation")
    if not letters:
        return None, None
    shown = "\\".join(letters)
    possible = len(letters) == 2 and all(re.fullmatch("[APLRHF]{1,3}", part) for part in letters)
    axes = {_AXES[part[0]] for part in letters} if possible else set()
    if not possible or len(axes) < 2 or any(_contradictory(part) for part in letters):
        elements.problems.append(f"PatientOrientation {shown} is impossible and was left out.")
        return None, None
    if axes != {"sagittal", "axial"}:
        return None, False
    if letters[1][0] != "F":
        elements.problems.append(f"By PatientOrientation {shown} the film is not held head up.")
    return facing_of(*letters), True


def _contradictory(letters: str) -> bool:
    """True if a direction names one axis twice, such as AP."""
    return len({_AXES[letter] for letter in letters}) < len(letters)


def _by_view(elements: Elements) -> tuple[str | None, bool | None]:
    """View as worded, and laterality, by ViewPosition and ViewCodeSequence."""
    position = elements.text("ViewPosition")
    codes = elements.items("ViewCodeSequence")
    meaning = codes[0].text("CodeMeaning") if codes else None
    code = codes[0].code("CodeValue") if codes else ""
    by_code = True if code in _LATERAL_CODES else False if code in _FRONTAL_CODES else None
    by_words = _by_words(position or "")
    if by_code is not None and by_words is not None and by_code != by_words:
        elements.problems.append(
            f"ViewPosition '{position}' and the view code '{meaning}' contradict each other."
        )
        return position, None
    lateral = by_words if by_code is None else by_code
    return position or meaning, _by_words(meaning or "") if lateral is None else lateral


def _by_words(text: str) -> bool | None:
    """Laterality by the words of a text, None if it says nothing or several things."""
    words = _DECUBITUS.sub(" ", text.upper().replace("_", " "))
    lateral = bool(_LATERAL_WORDS.search(words))
    frontal = bool(_FRONTAL_WORDS.search(words))
    if _OBLIQUE_WORDS.search(words):
        return None if lateral or frontal else False
    return lateral if lateral != frontal else None


def _by_angle(elements: Elements, modality: str) -> bool | None:
    """Laterality by the C-arm's angle from the sagittal plane."""
    if modality not in ("XA", "RF"):
        return None
    angle = elements.number("PositionerPrimaryAngle")
    if angle is None:
        angle = elements.number("PositionerIsocenterPrimaryAngle")
    if angle is None or angle == 0:
        return None
    return abs(abs(angle) - 90) <= 20


def _by_description(elements: Elements) -> bool | None:
    """Laterality by the description of the series, believed only where it says lateral."""
    for keyword in ("SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription"):
        if _by_words(elements.text(keyword) or ""):
            return True
    return None
