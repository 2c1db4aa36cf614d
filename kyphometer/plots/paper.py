"""Plain black-on-white axes for figures in a paper: readable in colour, in grey, and when small."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kyphometer.plots.style import AMBER, BLUE, GREEN, PURPLE, VERMILION

BLACK = "#16191D"
FAINT = "#9AA3AD"
LINE = "#D5DAE0"
DPI = 200
VISIT_STYLES = (
    (BLACK, (0, ())),
    (BLUE, (0, (6, 2))),
    (VERMILION, (0, (2, 1.5))),
    (GREEN, (0, (6, 2, 1, 2))),
    (PURPLE, (0, (1, 1))),
    (AMBER, (0, (9, 3))),
)
"""Colour and dashes of visits in order of time, for drawings that hold several."""


def paper_figure(width_in: float = 6.3, height_in: float = 3.6) -> Figure:
    """A white figure of 200 dots an inch whose parts make room for each other."""
    return Figure(figsize=(width_in, height_in), dpi=DPI, facecolor="white", layout="constrained")


def paper_axes(ax: Axes, *, grid: bool = True) -> Axes:
    """Axes without the upper and right frame, with faint horizontal lines."""
    ax.spines[["top", "right"]].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(FAINT)
    ax.tick_params(colors=BLACK, labelsize=8, length=3)
    ax.xaxis.label.set_fontsize(8.5)
    ax.yaxis.label.set_fontsize(8.5)
    if grid:
        ax.grid(visible=True, axis="y", color=LINE, lw=0.6)
        ax.set_axisbelow(True)
    return ax
