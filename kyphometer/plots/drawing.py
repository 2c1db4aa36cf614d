"""How figures are put on paper: resolution and decimal mark, chosen for a whole report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.text import Text

from kyphometer.messages.decimals import with_decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Resolution of bitmaps (None for the figure's own) and decimal mark of printed numbers."""

    dpi: float | None = None
    decimal: str = "."


_current: ContextVar[Drawing] = ContextVar("drawing")


def drawing() -> Drawing:
    """What the present report asks for."""
    return _current.get(Drawing())


@contextmanager
def drawn(wanted: Drawing) -> Iterator[None]:
    """Draw so within the block."""
    token = _current.set(wanted)
    try:
        yield
    finally:
        _current.reset(token)


def mark_decimals(figure: Figure, mark: str) -> None:
    """Print a figure's numbers with that decimal mark, those of its axes too."""
    if mark == ".":
        return
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis) if ax.axison else ():
            places = [float(place) for place in axis.get_ticklocs()]
            labels = axis.get_major_formatter().format_ticks(places)
            axis.set_ticks(places, [with_decimal(label, mark) for label in labels])
    for text in figure.findobj(Text):
        text.set_text(with_decimal(text.get_text(), mark))
