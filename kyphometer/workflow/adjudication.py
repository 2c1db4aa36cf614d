"""Films on which readings differ grossly, drawn with all their readings together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kyphometer.anatomy import Level, neighbour
from kyphometer.errors import KyphometerError
from kyphometer.measure import measure_reading
from kyphometer.plots.figure import Figure as Drawing
from kyphometer.reading import Reading
from kyphometer.reliability import MarkedFilm, ReliabilityResults
from kyphometer.store.study.study import Study
from kyphometer.workflow.reliability import film_labels

MOST = 6


def disputed_films(results: ReliabilityResults) -> list[tuple[str, str]]:
    """Code and film of gross disagreements, the largest first, each film once a code."""
    found: dict[tuple[str, str], float] = {}
    for group in results.analysis.groups:
        if not group.group:
            for item in group.disagreements:
                key = (group.code, item.film)
                found[key] = max(found.get(key, 0.0), abs(item.difference))
    return sorted(found, key=lambda key: -found[key])


def draw_disputed(
    study: Study, marked: Sequence[MarkedFilm], code: str, label: str
) -> Drawing | None:
    """All readings of one film together; None if its file cannot be read.

    Parameters
    ----------
    marked
        The readings of the analysis.
    code, label
        Measurement and film.
    """
    from kyphometer.dicom import read_film, to_grey
    from kyphometer.plots.reliability_landmarks import plot_readings_together

    names = {name: film for film, name in film_labels(study.films()).items()}
    label = max((name for name in names if label.startswith(name)), key=len, default="")
    number = names.get(label)
    if number is None:
        return None
    try:
        record = study.film(number)
        film = read_film(study.film_path(number), frame=record.frame)
    except (KyphometerError, OSError):
        return None
    readings = []
    for item in marked:
        if item.film == label:
            name = f"{item.observer}, reading {item.replicate}{_value(item, code)}"
            readings.append((name, _around(item.reading)))
    grey, aspect = to_grey(film), film.geometry.aspect
    return plot_readings_together(grey, readings, title=f"{label}\n{code}", aspect=aspect)


def _value(item: MarkedFilm, code: str) -> str:
    try:
        found = measure_reading(item.reading, item.geometry, codes=[code]).all(code)
    except KyphometerError:
        return ""
    return f": {found[0].value:.1f}°" if found else ""


def _around(reading: Reading) -> Reading:
    """Only the fractured levels and their neighbours, so that marks are seen large."""
    kept: set[Level] = set(reading.fractured_levels)
    for level in reading.fractured_levels:
        for step in (-1, 1):
            beside = neighbour(level, step, reading.levels)
            if beside is not None:
                kept.add(beside)
    if not kept & set(reading.levels):
        return reading
    vertebrae = {level: v for level, v in reading.vertebrae.items() if level in kept}
    return replace(reading, vertebrae=vertebrae)
