"""Time of the follow-up layer on a large cohort: `python benchmarks/followup.py [PATIENTS]`."""

from __future__ import annotations

import argparse
import time
from datetime import date, timedelta

import numpy as np

from kyphometer.film import Position
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.followup.cohort.analysis import analyse_cohort
from kyphometer.followup.correction import CorrectionRules, correct_cohort
from kyphometer.followup.precision import MeasurementPrecision, PrecisionSource
from kyphometer.followup.visit_angles import VisitAngle, mean_of_readings
from kyphometer.followup.visit_model import DatedFilm
from kyphometer.followup.visits import assign_visits

SURGERY = date(2024, 3, 1)
DAYS = (-3, 5, 30, 182)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("patients", nargs="?", type=int, default=10_000)
    patients = parser.parse_args().patients
    rng = np.random.default_rng(1)
    names = [f"P{i:05}" for i in range(patients)]
    films = [
        DatedFilm(
            patient=name,
            film=4 * i + k,
            taken_on=SURGERY + timedelta(days=day),
            position=Position.STANDING,
        )
        for i, name in enumerate(names)
        for k, day in enumerate(DAYS)
    ]
    assignment = timed("put films to visits", assign_visits, films, dict.fromkeys(names, SURGERY))
    errors = rng.normal(size=(len(assignment.visits), 2, 2))
    means = {"preoperative": 18, "discharge": 12, "one_month": 12.5, "six_months": 13}
    angles = [
        VisitAngle(
            patient=v.patient,
            visit=v.visit,
            code=code,
            upper=pair[0],
            lower=pair[1],
            value_deg=means[v.visit] + 2 * errors[i, k, 0] + errors[i, k, o],
            standard_uncertainty_deg=0.9,
            day=v.day,
            position=v.position,
            observers=(f"O{o}",),
            film=v.film,
        )
        for i, v in enumerate(assignment.visits)
        for k, (code, pair) in enumerate(
            {"VKA": ("L1.superior", "L1.inferior"), "RKA": ("T12.superior", "L2.inferior")}.items()
        )
        for o in (0, 1)
    ]
    averaged = timed("mean of two observers", mean_of_readings, angles)
    rules = CorrectionRules(
        precision={
            code: MeasurementPrecision(
                code=code,
                standard_error_of_measurement_deg=1.5,
                source=PrecisionSource.STATED,
                description="benchmark",
            )
            for code in ("VKA", "RKA")
        }
    )
    corrections = timed("corrections and verdicts", correct_cohort, averaged, rules)
    timed("correction table", corrections.rows)
    vas = rng.uniform(0, 10, size=(patients, 4))
    table = ClinicalTable(
        records=tuple(
            ClinicalRecord(
                patient=name,
                surgery_date=SURGERY,
                vas=dict(zip(means, map(float, row), strict=True)),
            )
            for name, row in zip(names, vas, strict=True)
        )
    )
    timed("every result of the study", analyse_cohort, averaged, table, rules)


def timed(what, function, *arguments):
    start, cpu = time.perf_counter(), time.process_time()
    result = function(*arguments)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(f"{what:28} {wall:8.2f} s wall {cpu:8.2f} s CPU")
    return result


if __name__ == "__main__":
    main()
