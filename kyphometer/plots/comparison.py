"""Visits of one patient side by side, and laid over each other on a vertebra that did not change.

Nothing is measured here: readings, numbers and the superposition come ready.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from kyphometer.measure.superimpose import Superposition
from kyphometer.plots.paper import BLACK, VISIT_STYLES
from kyphometer.plots.style import AMBER, PAPER, SKY, halo
from kyphometer.reading import Reading

DPI = 110
SUPERIMPOSED_TALL = 2.4
SUPERIMPOSED_WIDE = 2.6
LEGEND_WIDE = 1.6
_MARGIN = 0.55
"""Space around the shown levels, in parts of their extent across."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VisitPicture:
    """One film for a comparison.

    Attributes
    ----------
    title
        Visit and what is known of it, one or two lines.
    grey
        The film as it is to be seen, shape (rows, columns), uint8; None if it cannot be read.
    reading
        Its marks.
    aspect
        Height of a pixel divided by its width.
    values
        Lines under the film, for example `VKA 18.3°`.
    """

    title: str
    grey: NDArray[Any] | None
    reading: Reading
    aspect: float = 1.0
    values: tuple[str, ...] = ()


def plot_side_by_side(pictures: Sequence[VisitPicture], *, height_in: float = 4.6) -> Figure:
    """The films of a patient's visits beside each other, the same levels at the same size.

    Fractured levels carry an asterisk; endplates are drawn as marked.
    """
    boxes = [_box(picture) for picture in pictures]
    widths = [_ratio(box, picture) for box, picture in zip(boxes, pictures, strict=True)]
    figure = Figure(
        figsize=(height_in * 0.8 * sum(widths) + 0.1, height_in), dpi=DPI, facecolor="white"
    )
    total, start = sum(widths), 0.0
    for picture, box, width in zip(pictures, boxes, widths, strict=True):
        ax = figure.add_axes((start / total + 0.004, 0.08, width / total - 0.008, 0.8))
        start += width
        _draw_film(ax, picture, box)
        ax.set_title(picture.title, fontsize=10, color=BLACK, pad=4)
        ax.text(
            0.5, -0.018, "   ".join(picture.values), transform=ax.transAxes, ha="center", va="top",
            fontsize=10, color=BLACK,
        )  # fmt: skip
    return figure


def plot_superimposed(
    pictures: Sequence[VisitPicture], superpositions: Sequence[Superposition | None]
) -> Figure:
    """Endplates of all visits on the first film, laid on the caudal intact vertebra.

    Parameters
    ----------
    pictures
        Visits in order of time.
    superpositions
        From each visit's film to the first; None for the first itself.
    """
    first = pictures[0]
    box = _box(first, reach=1)
    wide = min(SUPERIMPOSED_WIDE, SUPERIMPOSED_TALL * _ratio(box, first))
    across = wide + LEGEND_WIDE
    figure = Figure(figsize=(across, SUPERIMPOSED_TALL), dpi=DPI, facecolor="white")
    share = wide / across
    ax = figure.add_axes((0.01, 0.01, share - 0.02, 0.98))
    _draw_film(ax, first, box, marks=False, dim=True)
    handles = []
    for place, (picture, move) in enumerate(zip(pictures, superpositions, strict=True)):
        colour, dashes = VISIT_STYLES[place % len(VISIT_STYLES)]
        for plate in _plates(picture.reading):
            points = np.array(plate) if move is None else move.apply(plate)
            ax.plot(
                points[:, 0], points[:, 1], color=colour, ls=dashes, lw=1.3, zorder=3 + place,
                path_effects=[withStroke(linewidth=2.4, foreground="white", alpha=0.9)],
            )  # fmt: skip
        values = "\n".join(picture.values)
        label = f"{picture.title.splitlines()[0]}\n{values}" if values else picture.title
        handles.append(Line2D([], [], color=colour, ls=dashes, lw=1.6, label=label))
    level = next((move.level for move in superpositions if move is not None), None)
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(share, 1.0), fontsize=7.5,
        frameon=False, handlelength=3.2, labelspacing=0.7,
        title=None if level is None else f"laid on {level}", title_fontsize=7.5,
    )  # fmt: skip
    return figure


def _draw_film(
    ax: Axes,
    picture: VisitPicture,
    box: tuple[float, float, float, float],
    *,
    marks: bool = True,
    dim: bool = False,
) -> None:
    left, right, top, bottom = box
    if picture.grey is not None:
        rows, columns = picture.grey.shape
        grey = 0.45 * picture.grey + 140.0 if dim else picture.grey
        ax.imshow(
            grey, cmap="gray", vmin=0, vmax=255, extent=(0, columns, rows, 0),
            interpolation="antialiased",
        )  # fmt: skip
    ax.set_facecolor("#20252C" if not dim else "white")
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    ax.set_aspect(picture.aspect)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    if marks:
        _draw_marks(ax, picture.reading)


def _draw_marks(ax: Axes, reading: Reading) -> None:
    for level, vertebra in reading.vertebrae.items():
        fractured = level in reading.fractured_levels
        colour = AMBER if fractured else SKY
        middles = []
        for plate in vertebra.endplates.values():
            a, p = plate.anterior.xy, plate.posterior.xy
            middles.append(((a.x + p.x) / 2, (a.y + p.y) / 2))
            ax.plot(
                [p.x, a.x], [p.y, a.y], color=colour, lw=1.8 if fractured else 1.2,
                ls="-" if fractured else (0, (5, 1.5)), path_effects=halo(2.6), zorder=3,
            )  # fmt: skip
        x, y = np.mean(middles, axis=0)
        if len(middles) == 2:
            ax.text(
                x, y, f"{level}*" if fractured else str(level), color=PAPER, fontsize=8,
                ha="center", va="center", weight="bold", path_effects=halo(2.4), zorder=5,
                clip_on=True,
            )  # fmt: skip


def _plates(reading: Reading, reach: int = 2) -> list[list[tuple[float, float]]]:
    """Posterior and anterior corner of every endplate near the fracture."""
    near = _near(reading, reach)
    return [
        [plate.posterior.xy, plate.anterior.xy]
        for level, vertebra in reading.vertebrae.items()
        if level in near
        for plate in vertebra.endplates.values()
    ]


def _near(reading: Reading, reach: int = 2) -> list[Any]:
    """Levels up to `reach` away from the fracture; all where there is none."""
    levels = list(reading.vertebrae)
    broken = [i for i, level in enumerate(levels) if level in reading.fractured_levels]
    if not broken:
        return levels
    return levels[max(0, broken[0] - reach) : broken[-1] + reach + 1]


def _ratio(box: tuple[float, float, float, float], picture: VisitPicture) -> float:
    """Width of a box over its height, as seen."""
    return (box[1] - box[0]) / ((box[3] - box[2]) * picture.aspect)


def _box(picture: VisitPicture, reach: int = 2) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of what is shown: the levels near the fracture and some margin.

    In parts of the mean endplate length, so that films of any magnification look alike.
    """
    plates = _plates(picture.reading, reach)
    points = np.array([xy for plate in plates for xy in plate], dtype=float)
    centre = points.mean(axis=0)
    k = picture.aspect
    lengths = [np.hypot(a[0] - p[0], (a[1] - p[1]) * k) for p, a in plates]
    unit = float(np.mean(lengths))
    across, along = np.abs(points - centre).max(axis=0)
    half_width = max(1.6 * unit, float(across) + _MARGIN * unit)
    half_height = max((1.0 + reach) * unit, float(along) * k + 0.35 * unit)
    return (
        centre[0] - half_width,
        centre[0] + half_width,
        centre[1] - half_height / k,
        centre[1] + half_height / k,
    )
