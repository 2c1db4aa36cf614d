"""Colours, halos and type shared by all pictures.

The colours are Okabe and Ito's (2008), distinguishable with colour-blindness; every line also has a
dash pattern of its own, because colour is never the only sign.
"""

from __future__ import annotations

from matplotlib.patheffects import AbstractPathEffect, withStroke

AMBER = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#8A8F98"

INK = "#11151B"
PAPER = "#F4F6F8"
MUTED = "#AEB6C0"

ANGLE_STYLES = {
    "VKA": (AMBER, (0, ())),
    "RKA": (SKY, (0, (7, 3))),
    "GA": (GREEN, (0, (2, 2))),
    "ADJ": (PURPLE, (0, (7, 2, 1, 2))),
    "MONO_CAUDAL": (YELLOW, (0, (4, 2))),
    "PTA": (VERMILION, (0, (1, 1.5))),
}
"""Colour and dashes of named angles."""

OTHER_STYLES = ((YELLOW, (0, (5, 2))), (PURPLE, (0, (2, 2))), (GREEN, (0, (7, 2, 1, 2))))
"""For angles without a style of their own."""


def angle_style(code: str, index: int = 0) -> tuple[str, tuple[int, tuple[float, ...]]]:
    """Colour and dash pattern of an angle; `index` tells unnamed ones apart."""
    if code in ANGLE_STYLES:
        return ANGLE_STYLES[code]
    return OTHER_STYLES[index % len(OTHER_STYLES)]


def halo(width: float = 2.5, colour: str = INK) -> list[AbstractPathEffect]:
    """Dark outline that keeps a mark readable on white bone and on black air."""
    return [withStroke(linewidth=width, foreground=colour, alpha=0.85)]
