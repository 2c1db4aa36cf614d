"""Pixel size of a film from its header, with its source (DICOM PS3.3 10.7, C.8.1.2, C.8.7.10).

ImagerPixelSpacing holds at the detector. PixelSpacing with a calibration type holds in the patient.
PixelSpacing without one means something else in every kind of object; what cannot be told apart is
not taken for the patient's.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kyphometer.dicom.elements import Elements
from kyphometer.geometry import PixelGeometry, SpacingSource

SMALLEST_MM: Final = 0.005
LARGEST_MM: Final = 5.0
STRONGEST_MAGNIFICATION: Final = 3.0
AGREEMENT: Final = 0.02
"""Relative difference above which two statements of the header are called contradictory."""
RADIOGRAPHS: Final = ("CR", "DX", "DR", "RF", "XA", "RG", "PX", "IO", "MG", "RTIMAGE")
TOMOGRAPHS: Final = ("CT", "MR", "PT", "OPT")

_PLAIN_WORDS: Final = {
    SpacingSource.DETECTOR: "Lengths hold at the detector: the magnification is unknown.",
    SpacingSource.SCANNER: "Lengths hold on the scanned film: its magnification is unknown.",
    SpacingSource.NONE: "No pixel size is known: angles only, pixels taken as square.",
}

Pair = tuple[float, float]
"""Row and column spacing in mm."""


class Magnification(NamedTuple):
    """Radiographic magnification, and whether the header states it itself."""

    value: float
    stated: bool


def read_geometry(elements: Elements, modality: str) -> PixelGeometry:
    """Pixel geometry of a header; contradictions leave sentences in `elements.problems`."""
    imager = _pair(elements, "ImagerPixelSpacing")
    plain = _pair(elements, "PixelSpacing")
    at_isocentre = _pair(elements, "ObjectPixelSpacingInCenterOfBeam")
    scanned = _pair(elements, "NominalScannedPixelSpacing")
    magnification = read_magnification(elements)
    geometry = (
        _calibrated(elements, plain)
        or (at_isocentre and PixelGeometry.from_spacing(*at_isocentre, SpacingSource.CALIBRATED))
        or _corrected(plain, imager, modality)
        or _projected(imager, magnification)
        or _scanned(scanned)
        or _shape_only(elements)
    )
    if plain and imager:
        _compare(elements, plain, imager, magnification)
    _compare_shape(elements, geometry)
    return geometry


def read_magnification(elements: Elements) -> Magnification | None:
    """Radiographic magnification at the patient, stated or from the distances, None if unknown.

    Impossible ones (below 1, above 3, source beyond detector) leave a sentence and count as none.
    """
    stated = elements.number("EstimatedRadiographicMagnificationFactor")
    to_detector = elements.number("DistanceSourceToDetector")
    to_patient = elements.number("DistanceSourceToPatient")
    by_distance = to_detector / to_patient if to_detector and to_patient else None
    if stated is not None and not _possible(stated):
        _say(elements, f"The stated magnification {stated:g} is impossible and was left out.")
        stated = None
    if by_distance is not None and not _possible(by_distance):
        _say(
            elements,
            f"Source to detector {to_detector:g} mm and source to patient {to_patient:g} mm cannot "
            "both be right; no magnification was taken from them.",
        )
        by_distance = None
    if stated and by_distance and _differ(stated, by_distance):
        _say(
            elements,
            f"The stated magnification {stated:g} contradicts the distances, which give "
            f"{by_distance:.3f}; the stated one was taken.",
        )
    if stated:
        return Magnification(stated, stated=True)
    return Magnification(by_distance, stated=False) if by_distance else None


def _possible(magnification: float) -> bool:
    return 0.999 <= magnification <= STRONGEST_MAGNIFICATION


def _differ(a: float, b: float) -> bool:
    return abs(a - b) > AGREEMENT * max(abs(a), abs(b))


def _say(elements: Elements, sentence: str) -> None:
    elements.problems.append(sentence)


def _pair(elements: Elements, keyword: str) -> Pair | None:
    """Two spacings in mm, None if absent or impossible."""
    values = elements.numbers(keyword)
    if not values:
        return None
    shown = "\\".join(f"{value:g}" for value in values)
    if len(values) != 2 or not all(SMALLEST_MM <= value <= LARGEST_MM for value in values):
        _say(elements, f"{keyword} {shown} is no possible pixel size in mm and was left out.")
        return None
    return (values[0], values[1])


def _calibrated(elements: Elements, plain: Pair | None) -> PixelGeometry | None:
    if plain is None:
        return None
    kind = elements.code("PixelSpacingCalibrationType")
    if kind in ("GEOMETRY", "FIDUCIAL"):
        return PixelGeometry.from_spacing(*plain, SpacingSource.CALIBRATED)
    if kind:
        _say(elements, f"The calibration type '{kind}' of PixelSpacing is unknown.")
    return None


def _corrected(plain: Pair | None, imager: Pair | None, modality: str) -> PixelGeometry | None:
    """PixelSpacing without a calibration type, unless it only repeats the detector's."""
    if plain is None or (imager is not None and _same(plain, imager)):
        return None
    in_patient = imager is not None or modality in TOMOGRAPHS
    return PixelGeometry.from_spacing(*plain, SpacingSource.PIXEL_SPACING, in_patient=in_patient)


def _same(a: Pair, b: Pair) -> bool:
    return all(abs(x - y) <= 1e-3 * y for x, y in zip(a, b, strict=True))


def _projected(imager: Pair | None, magnification: Magnification | None) -> PixelGeometry | None:
    if imager is None:
        return None
    if magnification is None:
        return PixelGeometry.from_spacing(*imager, SpacingSource.DETECTOR, in_patient=False)
    row, column = (value / magnification.value for value in imager)
    return PixelGeometry.from_spacing(row, column, SpacingSource.MAGNIFICATION)


def _scanned(scanned: Pair | None) -> PixelGeometry | None:
    if scanned is None:
        return None
    return PixelGeometry.from_spacing(*scanned, SpacingSource.SCANNER, in_patient=False)


def _shape_only(elements: Elements) -> PixelGeometry:
    """PixelAspectRatio is height to width (DICOM PS3.3 C.7.6.3.1.7)."""
    aspect = _aspect(elements)
    if aspect is None:
        return PixelGeometry()
    return PixelGeometry(aspect=aspect, source=SpacingSource.ASPECT_RATIO)


def _aspect(elements: Elements) -> float | None:
    values = elements.numbers("PixelAspectRatio")
    if not values:
        return None
    if len(values) != 2 or min(values) <= 0 or not 0.1 <= values[0] / values[1] <= 10:
        shown = "\\".join(f"{value:g}" for value in values)
        _say(elements, f"PixelAspectRatio {shown} is impossible; pixels were taken as square.")
        return None
    return values[0] / values[1]


def _compare(
    elements: Elements, plain: Pair, imager: Pair, magnification: Magnification | None
) -> None:
    """Sentences where PixelSpacing and ImagerPixelSpacing do not fit together."""
    ratios = [i / p for i, p in zip(imager, plain, strict=True)]
    if _differ(*ratios):
        _say(elements, "PixelSpacing and ImagerPixelSpacing disagree about the shape of a pixel.")
    elif ratios[0] < 1 - AGREEMENT or ratios[0] > STRONGEST_MAGNIFICATION:
        _say(
            elements,
            f"PixelSpacing {plain[0]:g} mm and ImagerPixelSpacing {imager[0]:g} mm contradict each "
            f"other: they mean a magnification of {ratios[0]:.3f}.",
        )
    elif magnification and not _same(plain, imager) and _differ(ratios[0], magnification.value):
        _say(
            elements,
            f"PixelSpacing means a magnification of {ratios[0]:.3f}, but the header gives "
            f"{magnification.value:.3f}; PixelSpacing was taken.",
        )


def _compare_shape(elements: Elements, geometry: PixelGeometry) -> None:
    if geometry.is_calibrated and (aspect := _aspect(elements)) and _differ(
        aspect, geometry.aspect
    ):  # fmt: skip
        _say(
            elements,
            f"PixelAspectRatio gives pixels {aspect:.3f} times as high as wide, but the spacing "
            f"gives {geometry.aspect:.3f}; the spacing was taken.",
        )


def stated_geometry(spacing_mm: float | Pair, header: PixelGeometry) -> tuple[PixelGeometry, str]:
    """The user's pixel size in place of the header's, and a sentence (or none) if they disagree.

    Raises
    ------
    PixelSpacingError
        If it is no positive number, or no two of them.
    """
    alike = (spacing_mm, spacing_mm) if isinstance(spacing_mm, int | float) else spacing_mm
    row, column = alike
    stated = PixelGeometry.from_spacing(row, column)
    for ours, theirs in ((row, header.row_mm), (column, header.column_mm)):
        if theirs is not None and abs(ours - theirs) > 0.1 * theirs:
            return stated, (
                f"The stated pixel size {ours:g} mm is far from the header's {theirs:g} mm; the "
                "stated one was taken."
            )
    return stated, ""


def explain(geometry: PixelGeometry) -> tuple[str, ...]:
    """Sentences where lengths carry an unknown magnification, or pixels are not square."""
    sentences = []
    if not geometry.is_square:
        sentences.append(
            f"Pixels are {geometry.aspect:.3f} times as high as wide; angles are corrected for it."
        )
    if geometry.source is SpacingSource.PIXEL_SPACING and not geometry.in_patient:
        sentences.append(
            "It is unknown whether PixelSpacing holds at the detector or in the patient."
        )
    elif geometry.source in _PLAIN_WORDS:
        sentences.append(_PLAIN_WORDS[geometry.source])
    return tuple(sentences)
