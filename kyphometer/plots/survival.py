"""Kaplan-Meier curves: who is still free of the event, and how many were followed so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from kyphometer.followup.cohort.times import GroupTimes, TimeToEvent
from kyphometer.plots.paper import BLACK, VISIT_STYLES, paper_axes, paper_figure

_LINE_IN = 0.17
"""Height of a line of the table of patients at risk."""


def plot_time_to_event(
    item: TimeToEvent,
    groups: Sequence[GroupTimes],
    labels: Mapping[str, str],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Steps of each group, intervals at the visits, patients at risk below.

    Parameters
    ----------
    item
        The event.
    groups
        Groups of it to draw.
    labels
        Printed names of visits.
    ax
        Where to draw; a figure of its own if None.
    """
    ax = paper_axes(ax or paper_figure(4.6, 2.9 + _LINE_IN * len(groups)).add_subplot())
    shift = 0.012 * max(item.visits.values())
    for place, group in enumerate(groups):
        colour, dashes = VISIT_STYLES[place % len(VISIT_STYLES)]
        days, free = _steps(group)
        ax.step(
            days, free, where="post", color=colour, ls=dashes, lw=1.6, zorder=4, label=group.group
        )
        for visit, found in group.at_visits.items():
            at = item.visits[visit] + shift * (place - (len(groups) - 1) / 2)
            ends = [100 * (found.low or 0.0), 100 * (1.0 if found.high is None else found.high)]
            ax.plot([at, at], ends, color=colour, lw=0.9, zorder=3)
    ax.set_ylim(0, 104)
    ax.set_xlim(0, 1.05 * max(item.visits.values()))
    ax.set_ylabel("Free of the event (%)")
    end = max(item.visits.values())
    shown = {visit: day for visit, day in item.visits.items() if day > 0.1 * end}
    ticks = [f"{labels.get(v, v)}\nday {day:.0f}" for v, day in shown.items()]
    ax.set_xticks([0, *shown.values()], ["0", *ticks])  # discharge would lie on the 0
    _at_risk(ax, item, groups)
    if len(groups) > 1:
        ax.legend(fontsize=7, frameon=False, loc="lower left")
    return ax


def _steps(group: GroupTimes) -> tuple[list[float], list[float]]:
    """Corners of the curve in days and percent, to just after anybody was followed."""
    curve = group.curve
    free = [100.0, *(100 * share for share in curve.free)]
    return [0.0, *curve.times, 1.03 * curve.followed[-1]], [*free, free[-1]]


def _at_risk(ax: Axes, item: TimeToEvent, groups: Sequence[GroupTimes]) -> None:
    """Patients followed to each visit, a line a group under the axis."""
    height = ax.get_figure(root=True).get_size_inches()[1]  # type: ignore[union-attr]
    step = 1.35 * _LINE_IN / height
    style: dict[str, Any] = {"fontsize": 7, "color": BLACK, "va": "top", "clip_on": False}
    style["transform"] = ax.get_xaxis_transform()
    for place, group in enumerate(groups):
        y = -0.16 - step * (place + 1)
        words = f"{group.group}, at risk" if len(groups) > 1 else "at risk"
        at_side = {**style, "transform": ax.transAxes}
        ax.text(-0.04, y, words, ha="right", **at_side)
        for visit, count in group.at_risk.items():
            ax.text(item.visits[visit], y, str(count), ha="center", **style)
