"""Films within patients: how much of what films differ by lies between patients.

Four films of one patient say less about patients than four films of four patients do. The variance
of films is split into that between patients and that between films of a patient, by the unweighted
means of Thomas and Hultquist (1978, doi 10.1214/aos/1176344202): with equally many films a patient
it is the analysis of variance.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from kyphometer.stats.distributions import Floats
from kyphometer.stats.estimate import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmLevels(Result):
    """Mean squares between patients and between films of a patient, in a reading's variance.

    `films_a_patient` is the harmonic mean of the numbers of films.
    """

    patients: int
    films_a_patient: float
    patient: float
    film: float
    patient_df: int
    film_df: int

    def over_all(self, patient: Floats, film: Floats) -> Floats:
        """Return what mean squares (or pivots) of both levels give for films of all patients."""
        return patient / self.films_a_patient + film * (1.0 - 1.0 / self.films_a_patient)

    @property
    def rows(self) -> float:
        """The mean square between films, as if every film were of another patient."""
        return float(self.over_all(np.asarray(self.patient), np.asarray(self.film)))


def clustered(patients: Sequence[Hashable]) -> bool:
    """Whether several films are of one patient, and there are several patients."""
    return 1 < len(set(patients)) < len(patients)


def film_levels(
    cells: Floats, patients: Sequence[Hashable] | None, readings: float
) -> FilmLevels | None:
    """Return the mean squares of both levels, or None where films are of different patients.

    Parameters
    ----------
    cells
        Mean readings, shape (films, observers), NaN where an observer did not read a film.
    patients
        The patient of each film; None if every film is of another.
    readings
        How many readings stand behind the mean of a film.
    """
    if patients is None or not clustered(patients):
        return None
    means = np.nanmean(cells - np.nanmean(cells, axis=0), axis=1)
    owner = np.unique([str(p) for p in patients], return_inverse=True)[1]
    films = np.bincount(owner)
    own = np.bincount(owner, means) / films
    within, count = float(np.sum((means - own[owner]) ** 2)), films.size
    harmonic = count / float(np.sum(1.0 / films))
    return FilmLevels(
        patients=count,
        films_a_patient=harmonic,
        patient=readings * harmonic * float(np.var(own, ddof=1)),
        film=readings * within / (means.size - count),
        patient_df=count - 1,
        film_df=means.size - count,
    )
