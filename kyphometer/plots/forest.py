"""Forest plot: differences with their intervals, one a row, numbers beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from kyphometer.plots.paper import BLACK, FAINT, paper_axes, paper_figure


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """One row: what is compared, its difference and interval, and how they are printed."""

    label: str
    value: float
    low: float
    high: float
    text: str


def plot_forest(
    rows: Sequence[ForestRow], *, xlabel: str, null: float = 0.0, ax: Axes | None = None
) -> Axes:
    """Squares with intervals against the line of no difference, first row on top.

    Parameters
    ----------
    rows
        What to draw.
    xlabel
        Name and unit of the differences, and which side favours whom.
    null
        Where there is no difference.
    ax
        Where to draw; a figure of its own if None.
    """
    ax = paper_axes(ax or paper_figure(6.6, 0.9 + 0.24 * len(rows)).add_subplot(), grid=False)
    ax.axvline(null, color=FAINT, lw=0.9, zorder=1)
    for place, row in enumerate(rows):
        ax.plot([row.low, row.high], [place, place], color=BLACK, lw=1.1, zorder=2)
        ax.plot([row.value], [place], color=BLACK, marker="s", ms=4.5, zorder=3)
        ax.text(
            1.02, place, row.text, transform=ax.get_yaxis_transform(), fontsize=7, va="center",
            ha="left",
        )  # fmt: skip
    ax.set_yticks(range(len(rows)), [row.label for row in rows])
    ax.tick_params(axis="y", labelsize=7.5, length=0)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel(xlabel)
    return ax
