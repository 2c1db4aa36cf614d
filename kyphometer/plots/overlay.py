"""A film with its endplates, angles and values drawn on it. Computes no measurement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from kyphometer.geometry import Point, line_intersection
from kyphometer.measure import Measurement, MeasurementSet
from kyphometer.plots.style import INK, MUTED, PAPER, angle_style, halo
from kyphometer.reading import MarkSource, Reading
from kyphometer.stats.formatting import format_number

MIN_HEIGHT_PX = 900
MAX_HEIGHT_PX = 1600
PANEL_PX = 500
DPI = 100
LABEL_DOTS = (150.0, 30.0)
"""Room that the label of an angle takes: width and height in dots."""
_MARKERS = {MarkSource.HAND: "o", MarkSource.TRUTH: "o"}
_ASSISTED = "D"


@dataclass(frozen=True, slots=True)
class _Canvas:
    """Size of the film on the picture.

    Attributes
    ----------
    width, height
        Of the film, in film pixels.
    aspect
        Height of a pixel divided by its width.
    dot
        Film pixels (columns) in one dot of the picture.
    """

    width: float
    height: float
    aspect: float
    dot: float = 1.0

    def inside(self, point: Point, margin: float = 0.03) -> bool:
        return (
            margin * self.width <= point.x <= (1 - margin) * self.width
            and margin * self.height <= point.y <= (1 - margin) * self.height
        )

    def free(self, point: Point, taken: Sequence[Point]) -> Point:
        """The point, or the nearest one below it where a label meets none of those placed."""
        for other in sorted(taken, key=lambda place: place.y):
            near = abs(point.x - other.x) < LABEL_DOTS[0] * self.dot
            if near and abs(point.y - other.y) < LABEL_DOTS[1] * self.dot / self.aspect:
                point = Point(point.x, other.y + LABEL_DOTS[1] * self.dot / self.aspect)
        return point

    def clamp(self, point: Point, half_width_dots: float, half_height_dots: float) -> Point:
        """The nearest point where a label of that size lies wholly on the film."""
        x = min((half_width_dots + 6) * self.dot, self.width / 2)
        y = min((half_height_dots + 6) * self.dot / self.aspect, self.height / 2)
        return Point(min(max(point.x, x), self.width - x), min(max(point.y, y), self.height - y))


def plot_overlay(
    grey: NDArray[Any],
    reading: Reading,
    measured: MeasurementSet | None = None,
    *,
    codes: Sequence[str] = ("VKA", "RKA"),
    title: Sequence[str] = (),
    aspect: float = 1.0,
    panel: bool = True,
    height_px: float | None = None,
) -> Figure:
    """Draw a reading and its angles on a film.

    Parameters
    ----------
    grey
        The film as it is to be seen, shape (rows, columns), uint8.
    reading
        The marks to draw.
    measured
        The numbers to draw; None draws the marks only.
    codes
        Angles that are drawn on the film; the panel lists all of them.
    title
        Lines above the table: patient, visit, date, position, observer.
    aspect
        Height of a pixel divided by its width.
    panel
        Whether to add the panel with the numbers beside the film.
    height_px
        Height of the figure; None for that of the film, between 900 and 1,600 pixels.

    Returns
    -------
    figure
        A figure at 100 dots an inch.
    """
    rows, columns = grey.shape
    height_px = height_px or min(max(rows * aspect, MIN_HEIGHT_PX), MAX_HEIGHT_PX)
    width_px = height_px * columns / (rows * aspect)
    total_px = width_px + (PANEL_PX if panel else 0)
    figure = Figure(figsize=(total_px / DPI, height_px / DPI), dpi=DPI, facecolor=INK)
    film = figure.add_axes((0, 0, width_px / total_px, 1))
    draw_film(film, grey, aspect)
    draw_marks(film, reading)
    if measured is not None:
        angles = [item for item in measured.measurements if item.lines]
        drawn = [item for item in angles if item.code in codes] or angles[:2]
        codes = [item.code for item in drawn]
        canvas = _Canvas(columns, rows, aspect, columns / width_px)
        taken: list[Point] = []
        for index, item in enumerate(drawn):
            draw_angle(film, item, canvas, index, taken)
    if panel:
        side = figure.add_axes((width_px / total_px, 0, PANEL_PX / total_px, 1))
        _draw_panel(side, title, measured, codes, height_px)
    return figure


def draw_film(ax: Axes, grey: NDArray[Any], aspect: float = 1.0) -> None:
    """Show a film in its own coordinates: (0, 0) at its outer top-left corner, y down.

    Films taller than `MAX_HEIGHT_PX` are reduced to that by area averaging before they are drawn.
    """
    rows, columns = grey.shape
    picture = Image.fromarray(grey)
    if rows > MAX_HEIGHT_PX:
        size = (max(1, round(columns * MAX_HEIGHT_PX / rows)), MAX_HEIGHT_PX)
        picture = picture.resize(size, Image.Resampling.BOX)
    ax.imshow(
        picture,
        cmap="gray",
        vmin=0,
        vmax=255,
        extent=(0, columns, rows, 0),
        aspect=aspect,
        interpolation="antialiased",
    )
    ax.set_xlim(0, columns)
    ax.set_ylim(rows, 0)
    ax.set_axis_off()


def draw_marks(ax: Axes, reading: Reading, *, colour: str = PAPER, labels: bool = True) -> None:
    """Draw every endplate line, its corners, and the levels' names on the posterior side."""
    for level, vertebra in reading.vertebrae.items():
        for plate in vertebra.endplates.values():
            a, p = plate.anterior.xy, plate.posterior.xy
            ax.plot([p.x, a.x], [p.y, a.y], color=colour, lw=1.3, path_effects=halo(3.2), zorder=3)
            for mark in plate.landmarks.values():
                ax.plot(
                    [mark.xy.x],
                    [mark.xy.y],
                    marker=_MARKERS.get(mark.source, _ASSISTED),
                    ms=4.2,
                    mfc="none",
                    mec=colour,
                    mew=1.2,
                    path_effects=halo(2.6),
                    zorder=4,
                )
        if labels:
            _draw_level(ax, reading, level, colour)


def _draw_level(ax: Axes, reading: Reading, level: Any, colour: str) -> None:
    plates = list(reading.vertebrae[level].endplates.values())
    back = [plate.posterior.xy for plate in plates]
    x = sum(point.x for point in back) / len(back)
    y = sum(point.y for point in back) / len(back)
    ux, uy = (sum(part) / len(plates) for part in zip(*(p.vector for p in plates), strict=True))
    fractured = level in reading.fractured_levels
    ax.text(
        x - 0.28 * ux,
        y - 0.28 * uy,
        f"{level}*" if fractured else str(level),
        color=colour,
        fontsize=12,
        fontweight="bold",
        ha="center",
        va="center",
        path_effects=halo(3.0),
        zorder=6,
        clip_on=True,
    )


def draw_angle(
    ax: Axes, item: Measurement, canvas: _Canvas, index: int, taken: list[Point]
) -> None:
    """Extend the two lines of an angle anteriorly to where they meet, with an arc and the value.

    Where they meet too far away, a dashed parallel to the upper line is drawn from the anterior end
    of the lower one, so that the angle can still be seen. Labels keep clear of those in `taken`,
    which gets the place of this one.
    """
    colour, dashes = angle_style(item.code, index)
    (p1, a1), (p2, a2) = item.lines
    meet = line_intersection(p1, a1, p2, a2)
    near = meet is not None and canvas.inside(meet) and _beyond(p1, a1, meet) < 3.2
    vertex = meet if near and meet is not None else a2
    stroke: dict[str, Any] = {
        "color": colour,
        "path_effects": halo(3.4),
        "zorder": 5,
        "solid_capstyle": "round",
    }
    first = _ray(vertex if near else a1, p1, a1, 0.0 if near else 0.9)
    second = _ray(vertex, p2, a2, 0.0 if near else 0.9)
    for start, end in ((p1, first), (p2, second)):
        ax.plot([start.x, end.x], [start.y, end.y], lw=1.9, ls=dashes, **stroke)
    directions = ((p1, a1), (p2, a2))
    if near:
        directions = ((a1, p1), (a2, p2)) if _beyond(p1, a1, vertex) > 0.5 else directions
    else:
        reach = _ray(vertex, p1, a1, 0.9)
        ax.plot([vertex.x, reach.x], [vertex.y, reach.y], lw=1.1, ls=(0, (2, 3)), **stroke)
        ax.plot([a1.x, a2.x], [a1.y, a2.y], lw=0.9, ls=(0, (1, 4)), **stroke)
    radius = (0.62 + 0.12 * index) * math.hypot(a2.x - p2.x, (a2.y - p2.y) * canvas.aspect)
    lowest = _draw_arc(ax, vertex, directions, radius, canvas.aspect, colour)
    _draw_value(ax, item, lowest, canvas, colour, taken)


def _beyond(start: Point, end: Point, point: Point) -> float:
    """Position of a point along a line: 0 at its start, 1 at its end."""
    dx, dy = end.x - start.x, end.y - start.y
    return ((point.x - start.x) * dx + (point.y - start.y) * dy) / (dx * dx + dy * dy)


def _ray(origin: Point, start: Point, end: Point, lengths: float) -> Point:
    """The point `lengths` lengths of a line from an origin, along that line."""
    return Point(origin.x + lengths * (end.x - start.x), origin.y + lengths * (end.y - start.y))


def _draw_arc(
    ax: Axes,
    vertex: Point,
    directions: tuple[tuple[Point, Point], tuple[Point, Point]],
    radius: float,
    aspect: float,
    colour: str,
) -> Point:
    """Arc between two directions at a vertex; a place under its lowest point, for the value."""
    angles = [math.atan2((end.y - start.y) * aspect, end.x - start.x) for start, end in directions]
    turn = math.remainder(angles[1] - angles[0], 2 * math.pi)
    steps = [angles[0] + turn * i / 32 for i in range(33)]
    ax.plot(
        [vertex.x + radius * math.cos(t) for t in steps],
        [vertex.y + radius * math.sin(t) / aspect for t in steps],
        color=colour,
        lw=1.6,
        path_effects=halo(3.0),
        zorder=5,
    )
    lowest = max(steps, key=math.sin)
    return Point(
        vertex.x + radius * math.cos(lowest),
        vertex.y + radius * (math.sin(lowest) + 0.32) / aspect,
    )


def _draw_value(
    ax: Axes, item: Measurement, place: Point, canvas: _Canvas, colour: str, taken: list[Point]
) -> None:
    """The name and value of an angle, wholly on the film and beside other values."""
    text = f"{item.code} {format_number(item.value)}°"
    half = 6.0 * len(text)
    label = canvas.clamp(canvas.free(canvas.clamp(place, half, 14.0), taken), half, 14.0)
    taken.append(label)
    ax.text(
        label.x,
        label.y,
        text,
        color=colour,
        fontsize=13,
        fontweight="bold",
        ha="center",
        va="center",
        path_effects=halo(3.4),
        zorder=7,
        clip_on=True,
    )


def _draw_panel(
    ax: Axes,
    title: Sequence[str],
    measured: MeasurementSet | None,
    codes: Sequence[str],
    height_px: float,
) -> None:
    """The numbers beside the film: each angle with its pair and 95 % interval."""
    ax.set_axis_off()
    ax.set_xlim(0, PANEL_PX)
    ax.set_ylim(height_px, 0)
    y = 46.0
    for number, line in enumerate(title):
        size, colour = (15, PAPER) if number == 0 else (11, MUTED)
        weight = "bold" if number == 0 else "normal"
        ax.text(24, y, line, color=colour, fontsize=size, fontweight=weight, va="center")
        y += 30 if number == 0 else 22
    if measured is None:
        return
    y += 24
    angles = [item for item in measured.measurements if item.unit == "deg"]
    for item in angles:
        if y > height_px - 120:
            break
        y = _draw_entry(ax, item, y, codes.index(item.code) if item.code in codes else None)
    for refusal in measured.refused[:3]:
        y = _draw_note(ax, f"{refusal.code}: {refusal.reason}", y + 4, height_px)
    for warning in measured.warnings[:4]:
        y = _draw_note(ax, warning, y + 4, height_px)
    ax.text(
        24,
        height_px - 26,
        "± : 95 % interval from the corners' uncertainty\nkyphosis +, lordosis −   * fractured",
        color=MUTED,
        fontsize=8.5,
        va="bottom",
        linespacing=1.5,
    )


def _draw_entry(ax: Axes, item: Measurement, y: float, index: int | None) -> float:
    """One angle of the panel; `index` is its place among those drawn on the film."""
    emphasised = index is not None
    colour, dashes = (MUTED, (0, ())) if index is None else angle_style(item.code, index)
    ax.plot([24, 58], [y, y], color=colour, lw=2.2, ls=dashes)
    size = 14 if emphasised else 11.5
    ax.text(72, y, item.label, color=PAPER if emphasised else MUTED, fontsize=size - 3, va="center")
    interval = item.interval_95
    spread = "" if interval is None else f" ± {(interval[1] - interval[0]) / 2:.1f}°"
    ax.text(
        PANEL_PX - 24,
        y,
        f"{format_number(item.value)}°{spread}",
        color=colour if emphasised else MUTED,
        fontsize=size,
        fontweight="bold" if emphasised else "normal",
        ha="right",
        va="center",
    )
    return y + (36 if emphasised else 25)


def _draw_note(ax: Axes, text: str, y: float, height_px: float) -> float:
    import textwrap

    lines = textwrap.wrap(text, 58)
    if y + 17 * len(lines) > height_px - 80:
        return y
    ax.text(
        24,
        y,
        "\n".join(lines),
        color=MUTED,
        fontsize=8.5,
        va="top",
        linespacing=1.4,
        style="italic",
    )
    return y + 17 * len(lines) + 6


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure in the format of its file name, at its own resolution."""
    options = {"compress_level": 3} if str(path).lower().endswith(".png") else {}
    figure.savefig(path, dpi=figure.dpi, facecolor=figure.get_facecolor(), pil_kwargs=options)
