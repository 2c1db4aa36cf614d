"""Where the error of an angle comes from: error ellipses on a schematic vertebra, and overlays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from numpy.typing import NDArray

from kyphometer.plots.overlay import draw_film
from kyphometer.plots.reliability import DPI, TEXT
from kyphometer.plots.style import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    INK,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    halo,
)
from kyphometer.reading import Reading
from kyphometer.reliability import EndplatePrecision, LandmarkAnalysis
from kyphometer.reliability.landmarks import CornerError

CHI2_95 = 5.991464547107979
"""95 % of a normal pair lies within this squared distance: -2 ln 0.05."""
READERS = (
    (AMBER, "o", (0, ())),
    (SKY, "s", (0, (6, 2))),
    (GREEN, "^", (0, (2, 2))),
    (VERMILION, "D", (0, (6, 2, 1, 2))),
    (YELLOW, "v", (0, (1, 1))),
    (PURPLE, "P", (0, (4, 1))),
)


def plot_landmark_ellipses(found: LandmarkAnalysis, *, ax: Axes | None = None) -> Axes:
    """95 % error ellipses of the four corners of an angle, at their true size.

    The vertebra is schematic: both endplates level, as far apart as fits, anterior at the left.
    Crosses are the observers' mean offsets from the consensus.
    """
    upper, lower = found.error.upper, found.error.lower
    length = (upper.mean_length + lower.mean_length) / 2
    gap = 0.8 * length
    if ax is None:
        figure = Figure(figsize=(6.4, 4.9), dpi=DPI, facecolor="white", layout="constrained")
        ax = figure.add_subplot()
    _body(ax, length, gap)
    shares = found.error.shares
    _plate(ax, upper, 0.0, length, shares[:2], above=True)
    _plate(ax, lower, gap, length, shares[2:], above=False)
    _scale_bar(ax, length, gap, found.unit)
    ax.text(
        -0.16 * length, gap / 2, "anterior", rotation=90, va="center", ha="right", fontsize=TEXT
    )
    ax.text(1.16 * length, gap / 2, "posterior", rotation=90, va="center", fontsize=TEXT)
    ax.set_xlim(-0.62 * length, 1.62 * length)
    ax.set_ylim(gap + 0.42 * length, -0.42 * length)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax


def _body(ax: Axes, length: float, gap: float) -> None:
    t = np.linspace(0.0, 1.0, 60)
    waist = 0.05 * length * np.sin(math.pi * t)
    outline = np.concatenate(
        [
            np.stack([length * t, 0.03 * length * np.sin(math.pi * t)], axis=1),
            np.stack([length - waist, gap * t], axis=1),
            np.stack([length * (1 - t), gap - 0.03 * length * np.sin(math.pi * t)], axis=1),
            np.stack([waist, gap * (1 - t)], axis=1),
        ]
    )
    ax.fill(outline[:, 0], outline[:, 1], facecolor="#eef0f2", edgecolor=GREY, linewidth=1.2)


def _plate(
    ax: Axes,
    plate: EndplatePrecision,
    y: float,
    length: float,
    shares: Sequence[float],
    *,
    above: bool,
) -> None:
    ax.plot((0, length), (y, y), color=INK, linewidth=1.6, zorder=2)
    for corner, x, share in (
        (plate.anterior, 0.0, shares[0]),
        (plate.posterior, length, shares[1]),
    ):
        _corner(ax, corner, (x, y))
        side = -1 if x == 0.0 else 1
        text = (
            f"across {corner.across.agreement.value:.2f} {plate.unit}\n"
            f"along {corner.along.agreement.value:.2f} {plate.unit}\n"
            f"{100 * share:.0f} % of the error"
        )
        ax.annotate(
            text,
            (x, y),
            xytext=(x + side * 0.2 * length, y + (-0.3 if above else 0.3) * length),
            ha="right" if side < 0 else "left",
            va="center",
            fontsize=TEXT - 1,
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.7},
        )
    name = plate.name
    ax.text(
        length / 2,
        y + (-0.12 if above else 0.12) * length,
        f"{name}: {plate.predicted_sd_with_correlation_deg:.2f}°",
        ha="center",
        va="center",
        fontsize=TEXT,
    )


def _corner(ax: Axes, corner: CornerError, at: tuple[float, float]) -> None:
    """Ellipse and offsets; (along, across) has along towards anterior, here towards the left."""
    (aa, ac), (_, cc) = corner.covariance
    matrix = np.array([[aa, -ac], [-ac, cc]])
    values, vectors = np.linalg.eigh(matrix)
    size = 2.0 * np.sqrt(CHI2_95 * np.maximum(values, 0.0))
    turn = math.degrees(math.atan2(vectors[1, 1], vectors[0, 1]))
    ellipse = Ellipse(
        at,
        width=float(size[1]),
        height=float(size[0]),
        angle=turn,
        facecolor=BLUE,
        alpha=0.25,
        zorder=3,
    )
    ax.add_patch(ellipse)
    edge = Ellipse(
        at,
        width=float(size[1]),
        height=float(size[0]),
        angle=turn,
        facecolor="none",
        edgecolor=BLUE,
        linewidth=1.4,
        zorder=3,
    )
    ax.add_patch(edge)
    for along, across in corner.observer_offsets:
        ax.plot(at[0] - along, at[1] + across, "x", color=VERMILION, markersize=5, zorder=4)


def _scale_bar(ax: Axes, length: float, gap: float, unit: str) -> None:
    size = 5.0 if unit == "mm" else round(0.15 * length)
    x, y = 0.5 * length - size / 2, gap / 2
    ax.plot((x, x + size), (y, y), color=INK, linewidth=2.2, solid_capstyle="butt")
    ax.text(
        x + size / 2, y + 0.03 * length, f"{size:g} {unit}", ha="center", va="top", fontsize=TEXT
    )


def plot_readings_together(
    grey: NDArray[Any],
    readings: Sequence[tuple[str, Reading]],
    *,
    title: str = "",
    aspect: float = 1.0,
    margin: float = 0.12,
) -> Figure:
    """Several readings of one film on it, for adjudication: each its own colour, mark and dash.

    Parameters
    ----------
    grey
        The film as it is to be seen, shape (rows, columns), uint8.
    readings
        Label (observer, round, value) and reading.
    title
        Above the list.
    aspect
        Height of a pixel divided by its width.
    margin
        Around the marked part of the film, as a share of its height.
    """
    rows, columns = grey.shape
    marks = [mark.xy for _, reading in readings for *_, mark in reading.landmarks()]
    figure = Figure(figsize=(9.0, 7.2), dpi=110, facecolor=INK)
    ax = figure.add_axes((0.0, 0.0, 0.66, 1.0))
    draw_film(ax, grey, aspect)
    for number, (_, reading) in enumerate(readings):
        colour, marker, dashes = READERS[number % len(READERS)]
        for _, _, plate in reading.endplates():
            a, p = plate.anterior.xy, plate.posterior.xy
            ax.plot(
                (a.x, p.x),
                (a.y, p.y),
                color=colour,
                marker=marker,
                linestyle=dashes,
                linewidth=1.3,
                markersize=4,
                path_effects=halo(2.2),
            )
    if marks:
        _zoom(ax, marks, (rows, columns), margin)
    _names(ax, readings)
    side = figure.add_axes((0.68, 0.0, 0.32, 1.0))
    side.set_axis_off()
    side.text(0.0, 0.95, title, color="white", fontsize=12, va="top", wrap=True)
    for number, (label, _) in enumerate(readings):
        colour, marker, dashes = READERS[number % len(READERS)]
        y = 0.84 - 0.065 * number
        side.plot((0.0, 0.14), (y, y), color=colour, marker=marker, linestyle=dashes)
        side.text(0.18, y, label, color="white", fontsize=10, va="center")
    side.set_xlim(0, 1)
    side.set_ylim(0, 1)
    return figure


def _zoom(ax: Axes, marks: Sequence[Any], size: tuple[int, int], margin: float) -> None:
    rows, columns = size
    xs, ys = [m.x for m in marks], [m.y for m in marks]
    pad = margin * (max(ys) - min(ys)) + 0.05 * columns
    ax.set_xlim(max(0.0, min(xs) - 1.6 * pad), min(float(columns), max(xs) + 1.6 * pad))
    ax.set_ylim(min(float(rows), max(ys) + pad), max(0.0, min(ys) - pad))


def _names(ax: Axes, readings: Sequence[tuple[str, Reading]]) -> None:
    if not readings:
        return
    for level, vertebra in readings[0][1].vertebrae.items():
        plates = list(vertebra.endplates.values())
        x = sum(plate.centre.x for plate in plates) / len(plates)
        y = sum(plate.centre.y for plate in plates) / len(plates)
        ax.text(
            x,
            y,
            str(level),
            color="white",
            fontsize=9,
            ha="center",
            va="center",
            path_effects=halo(2.0),
            clip_on=True,
        )
