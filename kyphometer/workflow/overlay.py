"""The picture of a measured film; loads matplotlib."""

from __future__ import annotations

from collections.abc import Sequence

from kyphometer.dicom import to_grey
from kyphometer.film import Film
from kyphometer.plots.figure import Figure
from kyphometer.plots.overlay import plot_overlay
from kyphometer.workflow.films import MeasuredFilm


def draw_overlay(
    film: Film, item: MeasuredFilm, *, codes: Sequence[str] = ("VKA", "RKA")
) -> Figure:
    """Overlay picture of a measured film: endplates, angles, values."""
    acquisition = film.acquisition
    exposed = acquisition.exposed_at
    facts = [
        None if exposed is None else exposed.date().isoformat(),
        None if acquisition.position == "unknown" else str(acquisition.position).replace("_", " "),
    ]
    title = [
        " · ".join(filter(None, (item.patient, item.visit))),
        " · ".join(filter(None, facts)),
        f"observer {item.reading.observer}" if item.reading.observer else "",
    ]
    return plot_overlay(
        to_grey(film),
        item.reading,
        item.measured,
        codes=codes,
        title=[line for line in title if line],
        aspect=film.geometry.aspect,
    )
