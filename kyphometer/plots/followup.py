"""Figures of a follow-up study: values by visit, corrections against measurement error, flow.

Every function takes result objects and draws their numbers; none computes one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Patch

from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.followup.cohort.flow import PatientFlow, VisitFlow
from kyphometer.followup.correction_model import Change, Verdict
from kyphometer.messages import sentence
from kyphometer.plots.paper import BLACK, FAINT, paper_axes, paper_figure
from kyphometer.plots.style import BLUE, VERMILION
from kyphometer.stats.formatting import format_p_statement

_VERDICT_LOOK = {
    Verdict.IMPROVED: (BLUE, "", "improved"),
    Verdict.UNCHANGED: ("white", "", "unchanged within error"),
    Verdict.WORSE: (VERMILION, "////", "worse"),
    Verdict.NOT_JUDGED: ("#C9D0D8", "....", "not judged"),
}
"""Fill, hatching and words: told apart in grey too."""


def plot_by_visit(
    endpoint: EndpointAnalysis,
    labels: Mapping[str, str],
    *,
    ylabel: str,
    individual: bool = True,
    limits: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Each patient as a thin line, the mean of each visit with its SD and 95 % interval.

    Parameters
    ----------
    endpoint
        Values and summaries by visit.
    labels
        Printed names of visits.
    ylabel
        Name and unit of the values.
    individual
        Whether to draw the patients.
    limits
        Range of the vertical axis.
    ax
        Where to draw; a figure of its own if None.
    """
    ax = paper_axes(ax or paper_figure(3.4, 3.2).add_subplot())
    places = list(range(len(endpoint.visits)))
    if individual:
        for patient in zip(*(endpoint.values[v] for v in endpoint.visits), strict=True):
            known = [(x, y) for x, y in zip(places, patient, strict=True) if y is not None]
            marker = "." if len(known) == 1 else ""
            xs, ys = [x for x, _ in known], [y for _, y in known]
            ax.plot(xs, ys, marker=marker, ms=3, color=FAINT, lw=0.7, alpha=0.75, zorder=2)
    _draw_means(ax, endpoint, places)
    ax.set_xticks(
        places,
        [f"{labels.get(v, v)}\nn = {endpoint.summaries[v].n}" for v in endpoint.visits],
    )
    ax.set_xlim(-0.4, len(places) - 0.6)
    if limits is not None:
        ax.set_ylim(*limits)
    ax.set_ylabel(ylabel)
    ax.legend(handles=_mean_legend(individual), fontsize=7, frameon=False, loc="best")
    return ax


def _draw_means(ax: Axes, endpoint: EndpointAnalysis, places: Sequence[int]) -> None:
    """Means with a thick bar for the 95 % interval and a thin one for the SD."""
    summaries = [endpoint.summaries[v] for v in endpoint.visits]
    means = [(x, s.mean) for x, s in zip(places, summaries, strict=True) if s.mean is not None]
    ax.plot(*zip(*means, strict=True), color=BLACK, lw=1.8, marker="o", ms=5.5, zorder=5)
    for x, s in zip(places, summaries, strict=True):
        if s.mean is None or s.sd is None or s.mean_low is None or s.mean_high is None:
            continue
        ax.plot([x, x], [s.mean - s.sd, s.mean + s.sd], color=BLACK, lw=0.9, zorder=4)
        for end in (s.mean - s.sd, s.mean + s.sd):
            ax.plot([x - 0.05, x + 0.05], [end, end], color=BLACK, lw=0.9, zorder=4)
        ax.plot([x, x], [s.mean_low, s.mean_high], color=BLACK, lw=3.4, zorder=4)


def _mean_legend(individual: bool) -> list[Line2D]:
    handles = [
        Line2D([], [], color=BLACK, lw=1.8, marker="o", ms=5, label=sentence("plot.mean", {})),
        Line2D([], [], color=BLACK, lw=3.4, label=sentence("plot.interval", {})),
        Line2D([], [], color=BLACK, lw=0.9, label=sentence("plot.sd", {})),
    ]
    patient = Line2D([], [], color=FAINT, lw=0.8, label=sentence("plot.patient", {}))
    return [*handles, patient] if individual else handles


def plot_comparisons(
    endpoint: EndpointAnalysis,
    labels: Mapping[str, str],
    *,
    ylabel: str,
    scale_end: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Means by visit with a bracket for every pair of visits and its Holm-adjusted p.

    Parameters are those of `plot_by_visit`.

    Parameters
    ----------
    scale_end
        Highest value that the score can have: no tick is drawn above it.
    """
    ax = plot_by_visit(endpoint, labels, ylabel=ylabel, ax=ax)
    legend = ax.get_legend()
    if legend is not None:
        legend.remove()
    places = {visit: x for x, visit in enumerate(endpoint.visits)}
    tops = [v for column in endpoint.values.values() for v in column if v is not None]
    low, high = min(tops), max(tops)
    step = 0.085 * (high - low or 1.0)
    pairs = sorted(
        endpoint.comparisons.comparisons, key=lambda c: places[c.second] - places[c.first]
    )
    for level, pair in enumerate(pairs, 1):
        y = high + step * level * 1.15
        x1, x2 = places[pair.first] + 0.03, places[pair.second] - 0.03
        ax.plot([x1, x1, x2, x2], [y - 0.25 * step, y, y, y - 0.25 * step], color=BLACK, lw=0.8)
        text = format_p_statement(pair.p_t_holm)
        ax.text((x1 + x2) / 2, y + 0.1 * step, text, fontsize=6.3, ha="center", va="bottom")
    ax.set_ylim(top=high + step * (len(pairs) + 1) * 1.15)
    if scale_end is not None:
        ax.set_yticks([tick for tick in ax.get_yticks() if 0 <= tick <= scale_end])
    return ax


def plot_waterfall(
    changes: Sequence[Change],
    *,
    ylabel: str = "Correction (°)",
    ax: Axes | None = None,
) -> Axes:
    """Each patient's change as a bar, largest first, with the band within measurement error.

    Parameters
    ----------
    changes
        Changes of one kind and angle; those without an amount are left out.
    ylabel
        Name and unit of the change.
    ax
        Where to draw; a figure of its own if None.
    """
    ax = paper_axes(ax or paper_figure(6.3, 3.0).add_subplot())
    stated = [c for c in changes if c.amount_deg is not None]
    ranked = sorted(stated, key=lambda c: -(c.amount_deg or 0.0))
    precision = next((c.precision for c in ranked if c.precision is not None), None)
    if precision is not None:
        limit = precision.minimal_detectable_change_95_deg
        ax.axhspan(-limit, limit, color="#E9EDF1", zorder=0)
        for edge in (-limit, limit):
            ax.axhline(edge, color=BLACK, lw=0.8, ls=(0, (4, 3)), zorder=1)
    for place, change in enumerate(ranked):
        fill, hatch, _ = _VERDICT_LOOK[change.verdict]
        ax.bar(
            place, change.amount_deg or 0.0, width=0.72, color=fill, hatch=hatch, edgecolor=BLACK,
            lw=0.7, zorder=3,
        )  # fmt: skip
    ax.axhline(0, color=BLACK, lw=0.9, zorder=4)
    names = [change.earlier.patient for change in ranked]
    many = len(names) > 30
    ax.set_xticks([] if many else range(len(names)), [] if many else names, rotation=90)
    ax.tick_params(axis="x", labelsize=6.5, length=0)
    ax.set_xlim(-0.8, max(len(ranked), 1) - 0.2)
    ax.set_ylabel(ylabel)
    if many:
        ax.set_xlabel(f"{len(names)} patients, largest change first")
    _waterfall_legend(ax, ranked, None if precision is None else limit)
    return ax


def _waterfall_legend(ax: Axes, changes: Sequence[Change], limit: float | None) -> None:
    handles: list[Patch] = []
    for verdict, (fill, hatch, words) in _VERDICT_LOOK.items():
        count = sum(change.verdict is verdict for change in changes)
        if count:
            label = f"{words} ({count})"
            handles.append(Patch(fc=fill, ec=BLACK, hatch=hatch, lw=0.7, label=label))
    if limit is not None:
        label = f"within ± MDC95 ({limit:.1f}°)"
        handles.append(Patch(fc="#E9EDF1", ec=BLACK, ls="--", lw=0.8, label=label))
    ax.legend(handles=handles, fontsize=7, frameon=False, loc="upper right")


def _visit_box(visit: VisitFlow) -> tuple[str, str]:
    """Head and lines of a visit's box; where no film is taken by protocol, its scores count."""
    scores = f"VAS {visit.vas}, ODI {visit.odi}\nAIS {visit.ais}"
    if visit.filmed or visit.measured:
        head = f"{visit.label}\nn = {visit.measured}"
        return head, f"film in window {visit.within_tolerance}\n{scores}"
    return f"{visit.label}\nn = {max(visit.vas, visit.odi, visit.ais)}", f"no film\n{scores}"


def plot_flow(flow: PatientFlow, *, ax: Axes | None = None) -> Axes:
    """Patients from enrolment to each visit: measured, and measured within tolerance."""
    if ax is None:
        ax = paper_figure(6.3, 1.15).add_subplot()
    ax.set_axis_off()
    boxes = [
        (
            f"Enrolled\nn = {flow.enrolled}",
            f"in the table {flow.in_table}\nmeasured {flow.measured}",
        ),
        *(_visit_box(visit) for visit in flow.visits),
    ]
    ax.set_xlim(0, len(boxes))
    ax.set_ylim(0, 1)
    for place, (head, detail) in enumerate(boxes):
        box = FancyBboxPatch(
            (place + 0.06, 0.06), 0.84, 0.88, boxstyle="round,pad=0,rounding_size=0.04",
            fc="white", ec=BLACK, lw=0.9, mutation_aspect=0.8,
        )  # fmt: skip
        ax.add_patch(box)
        ax.text(place + 0.48, 0.72, head, ha="center", va="center", fontsize=9, weight="bold")
        ax.text(place + 0.48, 0.27, detail, ha="center", va="center", fontsize=6.8, color=BLACK)
        if place:
            arrow = {"arrowstyle": "-|>", "color": BLACK, "lw": 0.9, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (place + 0.06, 0.5), (place - 0.1, 0.5), arrowprops=arrow)
    return ax
