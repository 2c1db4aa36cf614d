"""The verbs that command line, web and notebooks share.

films      measure_file, measure_film, measure_folder, find_reading, draw_overlay
simulate   simulate_patients, simulate_single_films
"""

from kyphometer.workflow.films import (
    FILM_SUFFIXES,
    READING_SUFFIX,
    SOFTWARE,
    Failure,
    MeasuredFilm,
    check_film,
    draw_overlay,
    film_files,
    find_reading,
    find_readings,
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
    "draw_overlay",
    "film_files",
    "find_reading",
    "find_readings",
    "look_through",
    "measure_file",
    "measure_film",
    "measure_folder",
    "stamped",
]
