"""The verbs that command line, web and notebooks share.

films      measure_file, measure_film, measure_folder, find_reading
overlay    draw_overlay, which loads matplotlib
simulate   simulate_patients, simulate_single_films
"""

from kyphometer.workflow.beside import find_reading, find_readings
from kyphometer.workflow.films import (
    FILM_SUFFIXES,
    READING_SUFFIX,
    SOFTWARE,
    Failure,
    MeasuredFilm,
    check_film,
    film_files,
    look_through,
    measure_file,
    measure_film,
    measure_folder,
    stamped,
)

__all__ = [
    "FILM_SUFFIXES",
    "READING_SUFFIX",
    "SOFTWARE",
    "Failure",
    "MeasuredFilm",
    "check_film",
    "film_files",
    "find_reading",
    "find_readings",
    "look_through",
    "measure_file",
    "measure_film",
    "measure_folder",
    "stamped",
]
