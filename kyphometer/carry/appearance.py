"""How much places on one film look like a vertebra of another film."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Image = NDArray[np.float32]

DEPTH_PIXELS = 22.0
"""Body depth on the reduced films, in pixels."""
TEMPLATE = (2.3, 2.1)
"""Width and height of a template in body depths: the body, its discs, half of each neighbour."""
TURNS_DEG = (-18.0, -12.0, -6.0, 0.0, 6.0, 12.0, 18.0)
"""How far a vertebra may have turned from film to film."""
METAL_CONTRAST = 0.25
"""Metal stands out from its surroundings by this part of the film's range."""
PEAKS = 12
"""Places kept for each vertebra."""
APART = 0.3
"""Least distance between two of them, in body depths."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reduced:
    """A film reduced for matching: local contrast, bone bright.

    Attributes
    ----------
    image
        Shape (rows, columns), about -2.5 to 2.5.
    pitch
        Square units a pixel.
    """

    image: Image
    pitch: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Where a vertebra may be on the other film, best first.

    Attributes
    ----------
    centre
        In square units of the other film, shape (places, 2).
    turn_deg
        How far it would have turned, shape (places,).
    score
        Normalised correlation, shape (places,).
    """

    centre: Array
    turn_deg: Array
    score: Array


def reduce_film(pixels: NDArray[Any], factors: Array, depth: float, *, sign: int) -> Reduced:
    """A film at a resolution where a body of that depth (square units) has `DEPTH_PIXELS`."""
    pitch = depth / DEPTH_PIXELS
    rows, columns = pixels.shape
    size = (max(8, round(columns * factors[0] / pitch)), max(8, round(rows * factors[1] / pitch)))
    small = cv2.resize(pixels.astype(np.float32), size, interpolation=cv2.INTER_AREA) * sign
    low, high = np.percentile(small, (1.0, 99.5))
    tone = np.clip((small - low) / max(float(high - low), 1e-6), 0.0, 1.0).astype(np.float32)
    rest = tone - cv2.GaussianBlur(tone, (0, 0), DEPTH_PIXELS * 0.45)
    rest[_metal(tone)] = 0.0
    power = cv2.GaussianBlur(rest * rest, (0, 0), DEPTH_PIXELS * 0.45)
    local = np.clip(rest / np.sqrt(power + 2e-5), -2.5, 2.5)
    return Reduced(image=cv2.GaussianBlur(local, (0, 0), 0.7), pitch=pitch)


def _metal(tone: Image) -> NDArray[np.bool_]:
    """Where a reduced film shows screws and rods: they say nothing about which vertebra it is."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    raised = tone - cv2.morphologyEx(tone, cv2.MORPH_OPEN, disc)
    metal = (raised > METAL_CONTRAST).astype(np.uint8)
    return np.asarray(cv2.dilate(metal, np.ones((3, 3), np.uint8)), dtype=np.bool_)


def places_like(template_film: Reduced, centre: Array, other: Reduced, *, mirrored: bool) -> Places:
    """The places on `other` that look most like the vertebra at `centre` of the template film."""
    width, height = (round(part * DEPTH_PIXELS) for part in TEMPLATE)
    border = round(0.6 * DEPTH_PIXELS)
    image = cv2.copyMakeBorder(other.image, border, border, border, border, cv2.BORDER_REPLICATE)
    if image.shape[0] <= height or image.shape[1] <= width:
        return Places(centre=np.zeros((0, 2)), turn_deg=np.zeros(0), score=np.zeros(0))
    maps = np.stack(
        [
            cv2.matchTemplate(
                image,
                _template(template_film, centre, turn, mirrored, (width, height)),
                cv2.TM_CCOEFF_NORMED,
            )
            for turn in TURNS_DEG
        ]
    )
    best, which = maps.max(axis=0), maps.argmax(axis=0)
    rows, columns = _peaks(best)
    middle = np.stack((columns + width / 2, rows + height / 2), axis=1) - border
    return Places(
        centre=middle * other.pitch,
        turn_deg=np.array(TURNS_DEG)[which[rows, columns]],
        score=best[rows, columns].astype(np.float64),
    )


def _template(
    film: Reduced, centre: Array, turn_deg: float, mirrored: bool, size: tuple[int, int]
) -> Image:
    """The surroundings of a point, turned by an angle (positive: image x towards image y)."""
    angle = np.radians(turn_deg)
    back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    if mirrored:
        back = np.diag([-1.0, 1.0]) @ back
    middle = np.array(size) / 2 - 0.5
    start = centre / film.pitch - 0.5 - back @ middle
    turned = cv2.warpAffine(
        film.image,
        np.column_stack((back, start)),
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(turned, dtype=np.float32)


def _peaks(scores: Image) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the highest local maxima."""
    reach = 2 * round(APART * DEPTH_PIXELS) + 1
    top = cv2.dilate(scores, np.ones((reach, reach), np.uint8))
    rows, columns = np.nonzero(scores >= top)
    order = np.argsort(-scores[rows, columns], kind="stable")[:PEAKS]
    return rows[order], columns[order]
