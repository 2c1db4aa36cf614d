"""Figures of the reliability report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kyphometer.plots.export import figure_png, figure_svg
from kyphometer.plots.figure import Axes
from kyphometer.plots.reliability import plot_bland_altman, plot_forest, plot_variance_parts
from kyphometer.plots.reliability_landmarks import plot_landmark_ellipses
from kyphometer.plots.reliability_time import plot_control_chart, plot_errors
from kyphometer.reliability import (
    GroupAnalysis,
    LandmarkAnalysis,
    NotComputed,
    ObserverResult,
    ReadingTable,
)
from kyphometer.reports.document import Figure, slug


def picture(ax: Axes, key: str, title: str, alternative: str, width: float = 0.85) -> Figure:
    """A figure of a report from drawn axes."""
    figure: Any = ax.figure
    return Figure(
        key=slug(key).replace("-", "_"),
        title=title,
        png=figure_png(figure),
        svg=figure_svg(figure),
        alternative=alternative,
        width=width,
    )


def short_unit(unit: str) -> str:
    """Degrees as their sign, other units as they are."""
    return "°" if unit == "deg" else f" {unit}"


def parts_figure(groups: Sequence[GroupAnalysis]) -> Figure | None:
    """Shares of the variance by source; None where none could be estimated."""
    if all(isinstance(group.components, NotComputed) for group in groups):
        return None
    title = (
        "Where the variance of a single reading comes from: true differences between films, "
        "observers who read higher or lower throughout, observers who differ film by film, and "
        "what is left when one observer repeats."
    )
    return picture(plot_variance_parts(groups), "variance", title, title)


def icc_figure(groups: Sequence[GroupAnalysis]) -> Figure | None:
    """Forest of all ICC forms of all measurements."""
    rows = [
        (f"{group.code}  {form.name}".strip(), form.estimate)
        for group in groups
        if not isinstance(group.icc, NotComputed)
        for form in (*group.icc.single, *group.icc.average)
    ]
    if not rows:
        return None
    title = (
        "Intraclass correlations of first readings with 95 % confidence intervals; thin lines at "
        "0.5, 0.75 and 0.9 (Koo and Li 2016)."
    )
    return picture(plot_forest(rows), "icc_forest", title, title)


def agreement_figure(group: GroupAnalysis, pair: Any) -> Figure | None:
    """Bland-Altman plot of a pair of observers, or of an observer's repeats."""
    if isinstance(pair.single, NotComputed):
        return None
    repeated = getattr(pair, "visits", None)
    usable = None if repeated is None or isinstance(repeated, NotComputed) else repeated
    ax = plot_bland_altman(pair.single, unit=short_unit(group.unit).strip(), repeated=usable)
    title = (
        f"{group.code or 'Readings'}, {pair.label}: differences against means, bias and limits of "
        "agreement (shaded: exact 95 % intervals, Carkeet 2015)"
    )
    title += "; diamonds: limits that take a patient's films as one cluster." if usable else "."
    return picture(ax, f"agreement {group.code} {pair.label}", title, title, 0.75)


def chart_figure(group: GroupAnalysis, observer: ObserverResult) -> Figure | None:
    """Control chart of one observer's errors over time."""
    if isinstance(observer.drift, NotComputed):
        return None
    drift = observer.drift
    label = f"Reading − {drift.reference}\n({short_unit(group.unit).strip()})"
    ax = plot_control_chart(drift.individuals, label=label)
    state = "in control" if drift.individuals.in_control else "signals are marked by diamonds"
    title = (
        f"{group.code or 'Readings'}, {observer.name}: course of the difference from the "
        f"{drift.reference}, with mean and 3-sigma limits from moving ranges; {state}."
    )
    return picture(ax, f"chart {group.code} {observer.name}", title, title)


def ellipse_figure(found: LandmarkAnalysis) -> Figure:
    """Error ellipses of the corners of an angle."""
    title = (
        f"{found.code}: 95 % error ellipses of the four corners at true size on a schematic body, "
        f"from {found.readings} readings of {found.films} films; SDs across and along the "
        "endplate, each corner's share of the predicted error, and the SD that each endplate "
        "gives the angle. Crosses: mean offsets of the observers."
    )
    return picture(plot_landmark_ellipses(found), f"landmarks {found.code}", title, title, 0.75)


def error_figure(table: ReadingTable, group: GroupAnalysis) -> Figure:
    """Errors against truth."""
    own = table.where(lambda row: row.code == group.code)
    title = f"{group.code or 'Readings'}: reading minus truth against truth, by observer."
    ax = plot_errors(own, unit=short_unit(group.unit).strip())
    return picture(ax, f"errors {group.code}", title, title, 0.75)
