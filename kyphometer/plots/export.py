"""Figures as bytes, and the type face that reports share with them."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from kyphometer.plots.drawing import drawing, mark_decimals


def figure_png(figure: Figure, *, dpi: float | None = None) -> bytes:
    """A figure as PNG, at its own resolution or another."""
    buffer = io.BytesIO()
    colour = figure.get_facecolor()
    mark_decimals(figure, drawing().decimal)
    figure.savefig(
        buffer,
        format="png",
        dpi=dpi or drawing().dpi or figure.dpi,
        facecolor=colour,
        metadata={"Software": None},
    )
    return buffer.getvalue()


def figure_svg(figure: Figure) -> str:
    """A figure as SVG with its text as text; the same figure always gives the same file."""
    buffer = io.StringIO()
    mark_decimals(figure, drawing().decimal)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "kyphometer"}):
        figure.savefig(
            buffer, format="svg", facecolor=figure.get_facecolor(), metadata={"Date": None}
        )
    return buffer.getvalue()


def font_files() -> dict[str, Path]:
    """DejaVu Sans as shipped with matplotlib: regular, bold and italic, for reports in Unicode."""
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    names = {
        "regular": "DejaVuSans.ttf",
        "bold": "DejaVuSans-Bold.ttf",
        "italic": "DejaVuSans-Oblique.ttf",
    }
    return {style: folder / name for style, name in names.items()}
