"""Kyphometer: kyphosis angles from lateral spine films, with uncertainty and change over time.

What most programs need is named here and imported when first used, so `import kyphometer` is
light. `docs/science.md` defines every quantity; the names follow the way of a film:

- film: `read_film`, `read_header`, `to_grey`, `film_facts`, `deidentify`, `Film`,
  `PixelGeometry`, `Position`;
- reading: `read_reading`, `write_reading`, `check_reading`, `Reading`, `Vertebra`, `Endplate`,
  `Landmark`, `Point`, `Level`, `Facing`, `CornerRule`;
- numbers: `measure_reading`, `measure_file`, `measure_folder`, `film_files`, `signed_angle_deg`,
  `Measurement`, `MeasurementSet`, `MeasuredFilm`;
- help from the image: `refine`, `refine_reading`, `carry_over`, `change_with_uncertainty`;
- a study: `Study`, `read_clinical_table`, `analyse_study`, `AnalysisChoices`, `StudyResults`;
- reliability: `read_reading_table`, `analyse_readings`, `variance_components`,
  `intraclass_correlations`, `bland_altman`, `films_for_icc`, `pairs_for_limits`, `ReadingTable`,
  `ValueRow`;
- simulation: `simulate_film`, `simulate_visits`, `write_cohort`, `mark_by_hand`,
  `FilmFormat`, `SimulatedFilm`, `SimulatedObserver`;
- reports: `study_document`, `reliability_document`, `render_html`, `write_pdf`, `write_docx`,
  `write_xlsx`, `plot_overlay`, `save_figure`;
- `KyphometerError`, above every error that is raised on purpose (`kyphometer.errors`).

>>> from kyphometer import Facing, signed_angle_deg
>>> round(signed_angle_deg((0.9848, 0.1736), (0.9848, -0.1736), Facing.RIGHT), 1)
20.0
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kyphometer.anatomy import Level
    from kyphometer.carry import carry_over, change_with_uncertainty
    from kyphometer.dicom import facts as film_facts
    from kyphometer.dicom import read_film, read_header, to_grey
    from kyphometer.dicom.deidentify import deidentify
    from kyphometer.endplates import refine, refine_reading
    from kyphometer.errors import KyphometerError
    from kyphometer.film import Film, Position
    from kyphometer.followup.clinical.reader import read_clinical_table
    from kyphometer.followup.cohort.study import StudyResults
    from kyphometer.geometry import Facing, PixelGeometry, Point, signed_angle_deg
    from kyphometer.measure import Measurement, MeasurementSet, measure_reading
    from kyphometer.phantom import (
        FilmFormat,
        SimulatedFilm,
        SimulatedObserver,
        mark_by_hand,
        simulate_film,
        simulate_visits,
    )
    from kyphometer.plots.overlay import plot_overlay, save_figure
    from kyphometer.reading import CornerRule, Endplate, Landmark, Reading, Vertebra
    from kyphometer.reading.checks import check_reading
    from kyphometer.reading.document import read_reading, write_reading
    from kyphometer.reliability import (
        ReadingTable,
        ValueRow,
        bland_altman,
        films_for_icc,
        intraclass_correlations,
        pairs_for_limits,
        read_reading_table,
        variance_components,
    )
    from kyphometer.reliability import analyse as analyse_readings
    from kyphometer.reports.docx import write_docx
    from kyphometer.reports.html import render_html
    from kyphometer.reports.pdf import write_pdf
    from kyphometer.reports.reliability import reliability_document
    from kyphometer.reports.study import study_document
    from kyphometer.reports.xlsx import write_xlsx
    from kyphometer.store.study.study import Study
    from kyphometer.workflow import MeasuredFilm, film_files, measure_file, measure_folder
    from kyphometer.workflow.cohort import write_cohort
    from kyphometer.workflow.study import AnalysisChoices, analyse_study

__version__ = "0.1.0"

_HOMES = {
    "AnalysisChoices": "workflow.study",
    "CornerRule": "reading",
    "Endplate": "reading",
    "Facing": "geometry",
    "Film": "film",
    "FilmFormat": "phantom",
    "KyphometerError": "errors",
    "Landmark": "reading",
    "Level": "anatomy",
    "MeasuredFilm": "workflow",
    "Measurement": "measure",
    "MeasurementSet": "measure",
    "PixelGeometry": "geometry",
    "Point": "geometry",
    "Position": "film",
    "Reading": "reading",
    "ReadingTable": "reliability",
    "SimulatedFilm": "phantom",
    "SimulatedObserver": "phantom",
    "Study": "store.study.study",
    "StudyResults": "followup.cohort.study",
    "ValueRow": "reliability",
    "Vertebra": "reading",
    "analyse_readings": "reliability:analyse",
    "analyse_study": "workflow.study",
    "bland_altman": "reliability",
    "carry_over": "carry",
    "change_with_uncertainty": "carry",
    "check_reading": "reading.checks",
    "deidentify": "dicom.deidentify",
    "film_facts": "dicom:facts",
    "film_files": "workflow",
    "films_for_icc": "reliability",
    "intraclass_correlations": "reliability",
    "mark_by_hand": "phantom",
    "measure_file": "workflow",
    "measure_folder": "workflow",
    "measure_reading": "measure",
    "pairs_for_limits": "reliability",
    "plot_overlay": "plots.overlay",
    "read_clinical_table": "followup.clinical.reader",
    "read_film": "dicom",
    "read_header": "dicom",
    "read_reading": "reading.document",
    "read_reading_table": "reliability",
    "refine": "endplates",
    "refine_reading": "endplates",
    "reliability_document": "reports.reliability",
    "render_html": "reports.html",
    "save_figure": "plots.overlay",
    "signed_angle_deg": "geometry",
    "simulate_film": "phantom",
    "simulate_visits": "phantom",
    "study_document": "reports.study",
    "to_grey": "dicom",
    "variance_components": "reliability",
    "write_cohort": "workflow.cohort",
    "write_docx": "reports.docx",
    "write_pdf": "reports.pdf",
    "write_reading": "reading.document",
    "write_xlsx": "reports.xlsx",
}
"""Where each public name comes from; after a colon its name there, if that differs."""

__all__ = [
    "AnalysisChoices",
    "CornerRule",
    "Endplate",
    "Facing",
    "Film",
    "FilmFormat",
    "KyphometerError",
    "Landmark",
    "Level",
    "MeasuredFilm",
    "Measurement",
    "MeasurementSet",
    "PixelGeometry",
    "Point",
    "Position",
    "Reading",
    "ReadingTable",
    "SimulatedFilm",
    "SimulatedObserver",
    "Study",
    "StudyResults",
    "ValueRow",
    "Vertebra",
    "__version__",
    "analyse_readings",
    "analyse_study",
    "bland_altman",
    "carry_over",
    "change_with_uncertainty",
    "check_reading",
    "deidentify",
    "film_facts",
    "film_files",
    "films_for_icc",
    "intraclass_correlations",
    "mark_by_hand",
    "measure_file",
    "measure_folder",
    "measure_reading",
    "pairs_for_limits",
    "plot_overlay",
    "read_clinical_table",
    "read_film",
    "read_header",
    "read_reading",
    "read_reading_table",
    "refine",
    "refine_reading",
    "reliability_document",
    "render_html",
    "save_figure",
    "signed_angle_deg",
    "simulate_film",
    "simulate_visits",
    "study_document",
    "to_grey",
    "variance_components",
    "write_cohort",
    "write_docx",
    "write_pdf",
    "write_reading",
    "write_xlsx",
]


if not TYPE_CHECKING:  # a checker must see a misspelt name as missing

    def __getattr__(name: str) -> object:
        """Import a public name when it is first asked for."""
        if name not in _HOMES:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        module, _, there = _HOMES[name].partition(":")
        value = getattr(import_module(f"{__name__}.{module}"), there or name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Public names, for completion."""
    return sorted({*globals(), *__all__})
