"""Picture of readings with help from the image beside readings without."""

from __future__ import annotations

from matplotlib.axes import Axes

from kyphometer.plots.reliability import TEXT, new_axes, plain_axes
from kyphometer.plots.reliability_time import MARKS
from kyphometer.plots.style import AMBER, BLUE, GREY, INK, VERMILION
from kyphometer.sessions.validation import PairedReadings


def plot_help(found: PairedReadings, *, ax: Axes | None = None) -> Axes:
    """Helped less unhelped reading against their mean, one mark an observer."""
    ax = new_axes() if ax is None else plain_axes(ax)
    ax.axhline(0.0, color=GREY, linewidth=0.9, zorder=0)
    colours = (BLUE, AMBER, VERMILION, GREY)
    for number in range(found.alone.shape[1]):
        alone, helped = found.alone[:, number], found.helped[:, number]
        ax.plot(
            (alone + helped) / 2,
            helped - alone,
            MARKS[number % len(MARKS)],
            color=INK,
            markeredgewidth=0.6,
            markerfacecolor=colours[number % len(colours)],
            markersize=5,
            label=found.observers[number],
        )
    ax.set_xlabel(f"Mean of both readings of {found.code} (°)")
    ax.set_ylabel("With help − without (°)")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=6, frameon=False, fontsize=TEXT - 1)
    return ax
