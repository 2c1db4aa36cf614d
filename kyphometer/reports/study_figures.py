"""Figures of a study report: drawn by `kyphometer.plots`, with captions that say what is seen."""

from __future__ import annotations

from kyphometer.followup.cohort.analysis import CohortResults
from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.followup.correction_model import Change
from kyphometer.plots.export import figure_png, figure_svg
from kyphometer.plots.figure import Figure as Drawing
from kyphometer.plots.followup import (
    plot_by_visit,
    plot_comparisons,
    plot_flow,
    plot_waterfall,
)
from kyphometer.plots.paper import paper_figure
from kyphometer.reports.document import Figure

SCALE_ENDS = {"VAS": 10.0, "ODI": 100.0}


def flow_figure(cohort: CohortResults) -> Figure:
    """Patient flow."""
    drawing = paper_figure(1.32 * (len(cohort.flow.visits) + 1), 1.25)
    plot_flow(cohort.flow, ax=drawing.add_subplot())
    counts = ", ".join(
        f"{visit.label} {visit.measured}"
        for visit in cohort.flow.visits
        if visit.filmed or visit.measured
    )
    title = "Patient flow: patients with an angle at each visit, and with clinical scores."
    alternative = f"{cohort.flow.enrolled} patients enrolled; measured at {counts}."
    return vector("flow", title, drawing, alternative)


def angles_figure(cohort: CohortResults) -> Figure | None:
    """Every angle by visit."""
    if not cohort.angles:
        return None
    labels = cohort.rules.windows.labels
    drawing = paper_figure(3.3 * len(cohort.angles), 3.2)
    axes = drawing.subplots(1, len(cohort.angles), squeeze=False)[0]
    for ax, item in zip(axes, cohort.angles, strict=True):
        plot_by_visit(item.endpoint, labels, ylabel=f"{item.code} (°)", ax=ax)
    codes = " and ".join(item.code for item in cohort.angles)
    means = "; ".join(_means(item.endpoint, labels, "°") for item in cohort.angles)
    title = (
        f"{codes} by visit: each patient, mean with 95 % confidence interval (thick) and standard "
        f"deviation (thin). {cohort.corrections.elsewhere}"
    ).rstrip()
    return vector("angles_by_visit", title, drawing, means, 0.5 * min(2, len(cohort.angles)))


def scores_figure(cohort: CohortResults) -> Figure | None:
    """VAS and ODI over time with all pairwise comparisons."""
    found = cohort.scores
    if not found:
        return None
    labels = cohort.rules.windows.labels
    drawing = paper_figure(3.3 * len(found), 3.4)
    axes = drawing.subplots(1, len(found), squeeze=False)[0]
    for ax, item in zip(axes, found, strict=True):
        ylabel = f"{item.name} ({item.unit})"
        end = SCALE_ENDS.get(item.name)
        plot_comparisons(item, labels, ylabel=ylabel, scale_end=end, ax=ax)
    names = " and ".join(item.name for item in found)
    title = (
        f"{names} over time: each patient, mean with 95 % confidence interval and standard "
        "deviation; brackets give the paired t test of each pair of visits, Holm-adjusted."
    )
    means = "; ".join(_means(item, labels, "") for item in found)
    return vector("scores_over_time", title, drawing, means, 0.5 * len(found))


def waterfall_figures(cohort: CohortResults) -> list[Figure]:
    """Correction of each patient at the last visit, one figure an angle."""
    labels = cohort.rules.windows.labels
    figures = []
    for code in cohort.corrections.codes:
        for visit in reversed(cohort.rules.windows.visits):
            items = cohort.corrections.of_code(code)
            changes = [c for item in items if (c := item.correction(visit)) is not None]
            if any(change.amount_deg is not None for change in changes):
                known = any(a.precision for a in cohort.angles if a.code == code)
                figures.append(_waterfall(code, labels[visit], changes, judged=known))
                break
    return figures


def _waterfall(code: str, visit: str, changes: list[Change], *, judged: bool) -> Figure:
    drawing = paper_figure(6.6, 2.9)
    plot_waterfall(changes, ylabel=f"Correction of {code} (°)", ax=drawing.add_subplot())
    band = "the band holds changes within measurement error (MDC95)"
    title = (
        f"Correction of {code} from before surgery to {visit}, each patient; "
        f"{band if judged else 'no measurement error is known, nobody is judged'}."
    )
    amounts = [change.amount_deg for change in changes if change.amount_deg is not None]
    alternative = (
        f"{len(amounts)} bars from {max(amounts):.1f} to {min(amounts):.1f} degrees; "
        + ", ".join(
            f"{sum(c.verdict == verdict for c in changes)} {verdict}"
            for verdict in dict.fromkeys(c.verdict.value for c in changes)
        )
    )
    return vector(f"waterfall_{code.lower()}", title, drawing, alternative + ".")


def _means(endpoint: EndpointAnalysis, labels: dict[str, str], unit: str) -> str:
    parts = [
        f"{labels.get(visit, visit)} {summary.mean:.1f}{unit}"
        for visit, summary in endpoint.summaries.items()
        if summary.mean is not None
    ]
    return f"Mean {endpoint.name}: {', '.join(parts)}"


def vector(key: str, title: str, drawing: Drawing, alternative: str, width: float = 1.0) -> Figure:
    """A drawing without a film: PNG for the page, SVG for the paper."""
    return Figure(
        key=key,
        title=title,
        png=figure_png(drawing),
        svg=figure_svg(drawing),
        alternative=alternative,
        width=width,
    )


def picture(
    key: str, title: str, drawing: Drawing, alternative: str, width: float, dpi: float
) -> Figure:
    """A drawing on films: PNG only."""
    png = figure_png(drawing, dpi=dpi)
    return Figure(key=key, title=title, png=png, alternative=alternative, width=width)
