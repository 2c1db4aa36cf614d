"""Pictures of readings over time, and of errors where the truth is known."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from kyphometer.plots.reliability import TEXT, new_axes, plain_axes
from kyphometer.plots.style import AMBER, BLUE, GREY, INK, VERMILION
from kyphometer.reliability import ControlChart, ReadingTable

MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")


def plot_control_chart(
    chart: ControlChart, *, label: str = "Error (°)", ax: Axes | None = None
) -> Axes:
    """Points in order of time with centre line, control limits and signals.

    Parameters
    ----------
    chart
        Individuals, moving ranges, means or standard deviations.
    label
        Of the vertical axis.
    """
    ax = new_axes(6.4, 2.9) if ax is None else plain_axes(ax)
    places = list(range(1, len(chart.points) + 1))
    ax.plot(places, chart.points, color=GREY, linewidth=0.9, zorder=1)
    ax.axhline(chart.centre, color=BLUE, linewidth=1.3, zorder=0)
    for limits in (chart.lower, chart.upper):
        ax.step(places, limits, where="mid", color=VERMILION, linewidth=1.2, linestyle=(0, (6, 3)))
    fired = {signal.index for signal in chart.signals}
    calm = [i for i in range(len(places)) if i not in fired]
    ax.plot([places[i] for i in calm], [chart.points[i] for i in calm], "o", **_look("white"))
    at = sorted(fired)
    ax.plot([places[i] for i in at], [chart.points[i] for i in at], "D", **_look(AMBER, 7))
    for signal in chart.signals[:6]:
        late = signal.index > 0.55 * len(places)
        note = ax.annotate(
            signal.rule,
            (places[signal.index], chart.points[signal.index]),
            xytext=(-5 if late else 5, 7),
            textcoords="offset points",
            ha="right" if late else "left",
            fontsize=TEXT - 2,
            bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"},
        )
        note.set_in_layout(False)
    ax.set_xlim(0.4, len(places) + 0.6)
    ax.set_xlabel("Reading, in order of time")
    ax.set_ylabel(label)
    return ax


def _look(face: str, size: float = 5) -> dict[str, Any]:
    return {"color": INK, "markerfacecolor": face, "markersize": size, "zorder": 3}


def plot_errors(table: ReadingTable, *, unit: str = "°", ax: Axes | None = None) -> Axes:
    """Reading minus truth against truth, one mark an observer; rows without truth are left out."""
    ax = new_axes() if ax is None else plain_axes(ax)
    ax.axhline(0.0, color=GREY, linewidth=0.9, zorder=0)
    colours = (BLUE, AMBER, VERMILION, GREY)
    for number, observer in enumerate(table.observers):
        points = [
            (row.truth, row.value - row.truth)
            for row in table.values
            if row.observer == observer and row.truth is not None and row.value is not None
        ]
        ax.plot(
            [x for x, _ in points],
            [y for _, y in points],
            MARKS[number % len(MARKS)],
            color=INK,
            markeredgewidth=0.6,
            markerfacecolor=colours[number % len(colours)],
            markersize=5,
            label=observer,
        )
    ax.set_xlabel(f"True value ({unit})")
    ax.set_ylabel(f"Reading − truth ({unit})")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=6, frameon=False, fontsize=TEXT - 1)
    return ax
