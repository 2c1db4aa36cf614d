"""Pictures of reliability: agreement, forests of ICCs, parts of variance.

Dark ink on white, colours of Okabe and Ito, and a different shape, hatch or dash wherever colour
tells things apart, so that a grey print says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kyphometer.plots.style import AMBER, BLUE, GREEN, GREY, INK, PURPLE, VERMILION
from kyphometer.reliability import (
    BlandAltman,
    Estimate,
    GroupAnalysis,
    RepeatedLimits,
    VarianceComponents,
)
from kyphometer.stats.formatting import format_number, format_signed

DPI = 200
TEXT = 9
SOURCES = (
    ("films", BLUE, ""),
    ("observers", AMBER, "///"),
    ("film × observer", GREEN, "xxx"),
    ("residual", GREY, "..."),
)


def new_axes(width: float = 6.4, height: float = 4.0) -> Axes:
    """Axes of a figure of their own, in inches, for print."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white", layout="constrained")
    return plain_axes(figure.add_subplot())


def plain_axes(ax: Axes) -> Axes:
    """Take off what draws nothing: upper and right frame; small type."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=TEXT, colors=INK)
    ax.xaxis.label.set_fontsize(TEXT + 1)
    ax.yaxis.label.set_fontsize(TEXT + 1)
    return ax


def plot_bland_altman(
    found: BlandAltman,
    *,
    unit: str = "°",
    repeated: RepeatedLimits | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Differences against means with bias, limits of agreement and their exact intervals.

    Parameters
    ----------
    found
        Agreement of single readings; its points are drawn.
    unit
        After the axis labels.
    repeated
        Limits that respect several films a patient, drawn beside as open brackets.
    ax
        Where to draw; None makes a figure.
    """
    ax = new_axes() if ax is None else plain_axes(ax)
    ax.axhline(0.0, color=GREY, linewidth=0.8, zorder=1)
    for estimate, colour, dashes, name in (
        (found.upper, VERMILION, (0, (6, 3)), "upper limit"),
        (found.bias, BLUE, (0, ()), "bias"),
        (found.lower, VERMILION, (0, (6, 3)), "lower limit"),
    ):
        if estimate.low is not None and estimate.high is not None:
            ax.axhspan(estimate.low, estimate.high, color=colour, alpha=0.13, linewidth=0, zorder=0)
        ax.axhline(estimate.value, color=colour, linewidth=1.4, linestyle=dashes, zorder=2)
        _line_label(ax, estimate, name, colour, unit)
    ax.scatter(
        found.means,
        found.differences,
        s=22,
        facecolor="white",
        edgecolor=INK,
        linewidth=1,
        zorder=3,
    )
    if repeated is not None:
        _bracket(ax, repeated)
    ax.set_xlabel(f"Mean of both readings ({unit})")
    ax.set_ylabel(f"{found.label} ({unit})".replace(" - ", " − "))
    reach = max(abs(v) for v in (*found.differences, *_ends(found.upper), *_ends(found.lower)))
    ax.set_ylim(-1.12 * reach, 1.12 * reach)
    return ax


def _ends(estimate: Estimate) -> tuple[float, ...]:
    return tuple(v for v in (estimate.low, estimate.value, estimate.high) if v is not None)


def _line_label(ax: Axes, estimate: Estimate, name: str, colour: str, unit: str) -> None:
    text = f"{name} {format_signed(estimate.value)}{unit}"
    if estimate.low is not None and estimate.high is not None:
        text += f"\n[{format_signed(estimate.low)}, {format_signed(estimate.high)}]"
    ax.annotate(
        text,
        (1.0, estimate.value),
        xycoords=("axes fraction", "data"),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        fontsize=TEXT - 1,
        color=INK,
        annotation_clip=False,
        bbox={"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": colour, "lw": 0.8},
    )


def _bracket(ax: Axes, found: RepeatedLimits) -> None:
    x = ax.get_xlim()[0]
    for estimate in (found.lower, found.upper):
        low, high = _ends(estimate)[0], _ends(estimate)[-1]
        ax.errorbar(
            [x],
            [estimate.value],
            yerr=[[estimate.value - low], [high - estimate.value]],
            fmt="D",
            color=PURPLE,
            markerfacecolor="white",
            markersize=5,
            capsize=3,
            zorder=4,
        )


def plot_forest(
    estimates: Sequence[tuple[str, Estimate]],
    *,
    label: str = "Intraclass correlation",
    bands: Sequence[float] = (0.5, 0.75, 0.9),
    ax: Axes | None = None,
) -> Axes:
    """Estimates with their intervals, one a line, from top to bottom.

    Parameters
    ----------
    estimates
        Name and estimate; those without interval are drawn open.
    label
        Of the axis.
    bands
        Values at which thin lines stand (Koo and Li 2016 for ICCs); empty for none.
    """
    ax = new_axes(6.4, 0.9 + 0.32 * len(estimates)) if ax is None else plain_axes(ax)
    for value in bands:
        ax.axvline(value, color=GREY, linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)
    for place, (_, estimate) in enumerate(estimates):
        interval = estimate.interval()
        if interval is not None:
            ax.plot(interval, (place, place), color=INK, linewidth=1.6, zorder=1)
            for end in interval:
                ax.plot((end, end), (place - 0.13, place + 0.13), color=INK, linewidth=1.6)
        face = BLUE if interval is not None else "white"
        ax.plot(estimate.value, place, "s", color=INK, markerfacecolor=face, markersize=6.5)
        ax.annotate(
            _with_interval(estimate),
            (1.0, place),
            xycoords=("axes fraction", "data"),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=TEXT - 1,
            annotation_clip=False,
        )
    ax.set_yticks(range(len(estimates)), [name for name, _ in estimates])
    ax.set_ylim(len(estimates) - 0.5, -0.5)
    ax.set_xlabel(label)
    if bands:
        lowest = min([0.0, *(v for _, e in estimates for v in _ends(e))])
        ax.set_xlim(max(lowest - 0.02, -1.02) if lowest < 0 else 0.0, 1.0)
    return ax


def _with_interval(estimate: Estimate, digits: int = 2) -> str:
    text = format_number(estimate.value, digits)
    interval = estimate.interval()
    if interval is None:
        return text
    low, high = (format_number(end, digits) for end in interval)
    return f"{text} [{low}, {high}]"


def plot_variance_parts(groups: Sequence[GroupAnalysis], *, ax: Axes | None = None) -> Axes:
    """Shares of the total variance by source, one bar a group.

    Groups whose components could not be computed are left out.
    """
    known = [(g.label, g.components) for g in groups]
    bars = [(label, c) for label, c in known if isinstance(c, VarianceComponents)]
    ax = new_axes(6.4, 1.1 + 0.45 * len(bars)) if ax is None else plain_axes(ax)
    names = [*SOURCES]
    for place, (_, components) in enumerate(bars):
        start = 0.0
        for (_, colour, hatch), share in zip(names, _shares(components), strict=True):
            ax.barh(
                place,
                100 * share,
                left=start,
                height=0.62,
                color=colour,
                edgecolor="white",
                hatch=hatch,
                linewidth=0.8,
            )
            if share >= 0.05:
                _share_text(ax, start + 50 * share, place, share)
            start += 100 * share
    _source_legend(ax)
    ax.set_yticks(range(len(bars)), [label for label, _ in bars])
    ax.set_ylim(len(bars) - 0.4, -0.6)
    ax.set_xlim(0, 100)
    ax.set_xlabel("Share of the total variance (%)")
    return ax


def _shares(components: VarianceComponents) -> tuple[float, ...]:
    """In the order of SOURCES; film x observer is 0 where it is part of the residual."""
    if len(components.shares) == 4:
        return tuple(components.shares)
    film, observer, residual = components.shares
    return film, observer, 0.0, residual


def _share_text(ax: Axes, x: float, y: float, share: float) -> None:
    box: dict[str, Any] = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"}
    ax.text(x, y, f"{100 * share:.0f}", ha="center", va="center", fontsize=TEXT - 1, bbox=box)


def _source_legend(ax: Axes) -> None:
    from matplotlib.patches import Patch

    ax.legend(
        handles=[
            Patch(facecolor=colour, hatch=hatch, edgecolor="white", label=name)
            for name, colour, hatch in SOURCES
        ],
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=4,
        frameon=False,
        fontsize=TEXT - 1,
        handlelength=1.6,
        columnspacing=1.2,
    )
