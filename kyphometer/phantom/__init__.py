"""Simulated lateral thoracolumbar films with exactly known endplates.

>>> from kyphometer.phantom import FilmFormat, simulate_film
>>> film = simulate_film("clean", 7, film_format=FilmFormat(rows=450, columns=225, pitch_mm=0.6))
>>> film.pixels.shape, film.pixels.dtype.name, film.truth.corner_rule.value
((450, 225), 'uint16', 'rim_chord')

- `simulate_film(condition, seed)` makes one film under a named condition (`CONDITIONS`: clean,
  noisy, oblique, instrumented, hard) or a `Condition` of your own. The result, `SimulatedFilm`,
  carries `pixels` (12 bits, bone bright), `geometry`, `truth` and `silhouette` (readings),
  `acquisition`, `patient`, `metal` (mask), `scene`, `window`, `film`.
- `simulate_training_film(seed)` draws every setting anew (domain randomisation) at 0.4 mm.
- `simulate_visits(patient_or_seed, plans)` films one patient at several visits (pre-op,
  discharge, 1 month, 6 months by default) with the true VKA and RKA asked for at each;
  `simulate_visit_truth` gives the truth of the same films without exposing them.
- `mark_by_hand(truth, geometry, observer, seed)` is a reading with an observer's errors of hand.
- `simulate_patient(seed)` makes the anatomy alone.

Truth is the apex of the rounded rim in the mid-sagittal plane, projected onto the detector;
silhouette is the corner of the outermost visible contour. They differ in oblique views. Every draw
comes from named streams of the seed: the same seed gives the same film, bit for bit, in the same
version on the same numerical libraries.
"""

from kyphometer.phantom.conditions import CONDITIONS, Condition
from kyphometer.phantom.formats import FilmFacts, FilmFormat
from kyphometer.phantom.fractures import FractureKind, fracture
from kyphometer.phantom.implants import Leak
from kyphometer.phantom.observers import SimulatedObserver, mark_by_hand
from kyphometer.phantom.patient import SimulatedPatient, simulate_patient
from kyphometer.phantom.simulate import SimulatedFilm, simulate_film
from kyphometer.phantom.targets import TargetAngles
from kyphometer.phantom.training import TRAINING_FORMAT, random_condition, simulate_training_film
from kyphometer.phantom.visits import (
    STUDY_VISITS,
    SimulatedVisit,
    UnexposedVisit,
    VisitPlan,
    simulate_visit_truth,
    simulate_visits,
)

__all__ = [
    "CONDITIONS",
    "STUDY_VISITS",
    "TRAINING_FORMAT",
    "Condition",
    "FilmFacts",
    "FilmFormat",
    "FractureKind",
    "Leak",
    "SimulatedFilm",
    "SimulatedObserver",
    "SimulatedPatient",
    "SimulatedVisit",
    "TargetAngles",
    "UnexposedVisit",
    "VisitPlan",
    "fracture",
    "mark_by_hand",
    "random_condition",
    "simulate_film",
    "simulate_patient",
    "simulate_training_film",
    "simulate_visit_truth",
    "simulate_visits",
]
