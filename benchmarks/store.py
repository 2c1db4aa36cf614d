"""How long a large study takes, beside the same SQL run bare.

    python benchmarks/store.py [--patients 10000] [--postgresql URL]

Fills a study with patients x 4 visits x 2 observers, then times opening, listing, one patient's
page, the table of all latest readings and the table of all angles. "SQL" is the time of the very
statements that the program sent, run again through the bare driver with their rows fetched. With
SQLite, which works inside the process, both are processor times, so that other programs on the
machine disturb them little; with PostgreSQL both are elapsed times. Medians of the rounds.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import event, insert

from kyphometer.anatomy import Level
from kyphometer.film import FilmReference
from kyphometer.geometry import Point
from kyphometer.reading import Endplate, Landmark, Reading, Vertebra
from kyphometer.reading.document import reading_to_dict
from kyphometer.store import Study
from kyphometer.store.database import audit, schema
from kyphometer.store.database.audit import Deed
from kyphometer.store.database.clock import now_text

DAYS = (-5, 5, 30, 182)
OBSERVERS = ("KN", "LT")


def reading(film: int, number: int) -> Reading:
    """T12 to L2, slightly different for each number."""
    vertebrae = {}
    for place, level in enumerate((Level.T12, Level.L1, Level.L2)):
        tilt = (number % 97) / 4 * (place - 1)

        def plate(y: float, tilt: float = tilt) -> Endplate:
            front = Landmark(xy=Point(300.0, y + tilt))
            return Endplate(anterior=front, posterior=Landmark(xy=Point(500.0, y)))

        y = 300.0 + 210 * place
        vertebrae[level] = Vertebra(level=level, superior=plate(y), inferior=plate(y + 160))
    return Reading(
        film=FilmReference(rows=1800, columns=900, sop_instance_uid=f"1.2.826.{film}"),
        vertebrae=vertebrae,
        fractured_levels=(Level.L1,),
        observer=OBSERVERS[number % 2],
    )


def fill(study: Study, patients: int) -> None:
    """Write the study at once; the program itself would take one commit a reading."""
    now = now_text()
    surgery = date(2026, 1, 10)
    for observer in OBSERVERS:
        study.add_observer(observer)
    people = [
        {"id": n, "code": f"P{n:05d}", "surgery_date": surgery} for n in range(1, patients + 1)
    ]
    films, files, readings = [], [], []
    for n in range(1, patients + 1):
        for visit, day in enumerate(DAYS):
            film = (n - 1) * len(DAYS) + visit + 1
            films.append(
                {
                    "id": film, "patient_id": n, "sop_instance_uid": f"1.2.826.{film}", "frame": 1,
                    "sha256_pixels": f"{film:064x}", "rows": 1800, "columns": 900, "row_mm": 0.15,
                    "column_mm": 0.15, "aspect": 1.0, "spacing_source": "calibrated",
                    "spacing_in_patient": True, "taken_on": surgery + timedelta(days=day),
                    "position": "standing", "facing": "left", "is_lateral": True,
                    "facts": '{"modality": "DX"}', "added_at": now,
                }
            )  # fmt: skip
            path = f"./films/P{n:05d}/{visit}.dcm"
            files.append({"film_id": film, "path": path, "size": 1, "mtime_ns": 1, "seen_at": now})
            for who in range(len(OBSERVERS)):
                text = json.dumps(
                    reading_to_dict(reading(film, film * 2 + who)), separators=(",", ":")
                )
                readings.append(
                    {
                        "film_id": film, "observer_id": who + 1, "version": 1, "document": text,
                        "sha256": "0" * 64, "reason": "", "saved_at": now, "saved_by": "KN",
                    }
                )  # fmt: skip
    deeds = [
        Deed(action="reading.confirm", subject=f"film {r['film_id']}", details={}) for r in readings
    ]
    with study.database.write() as connection:
        for table, rows in (
            (schema.patients, people),
            (schema.films, films),
            (schema.film_files, files),
            (schema.readings, readings),
        ):
            for start in range(0, len(rows), 5000):
                connection.execute(insert(table), rows[start : start + 5000])
        audit.record_all(connection, "KN", deeds)
    study.change_settings(study.settings)  # puts the films to their visits


class Recorder:
    """Statements that the program sends."""

    def __init__(self, engine) -> None:
        self.sent = []
        event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, _connection, _cursor, statement, parameters, _context, many) -> None:
        if not many and statement.lstrip().upper().startswith("SELECT"):
            self.sent.append((statement, parameters))


def timed(work, rounds: int, clock=time.process_time) -> tuple[float, object]:
    taken = []
    for _ in range(rounds):
        started = clock()
        found = work()
        taken.append(clock() - started)
    return statistics.median(taken), found


def bare(engine, statements) -> None:
    """The same statements through the driver alone."""
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        for statement, parameters in statements:
            cursor.execute(statement, parameters)
            cursor.fetchall()
        cursor.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--postgresql", metavar="URL", help="an empty database instead of SQLite")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(args.postgresql or Path(folder) / "large.study", args.patients, args.rounds)


def run(target, patients: int, rounds: int) -> None:
    started = time.perf_counter()
    with Study.create(target, "Large", actor="KN") as study:
        fill(study, patients)
    print(f"filled in {time.perf_counter() - started:.1f} s", end="")
    if isinstance(target, Path):
        print(f", {target.stat().st_size / 1e6:.0f} MB", end="")
    print("\n")
    clock = time.process_time if isinstance(target, Path) else time.perf_counter
    print(f"{'':44}{'program':>10}{'SQL':>10}{'ratio':>8}{'rows':>9}")

    def open_close() -> None:
        Study.open(target).close()

    seconds, _ = timed(open_close, rounds, clock)
    print(f"{'open (format and integrity checked) and close':44}{seconds * 1e3:8.1f}ms", end="")
    if isinstance(target, Path):
        bare_open, _ = timed(lambda: bare_check(target), rounds, clock)
        print(f"{bare_open * 1e3:8.1f}ms{seconds / bare_open:8.1f}", end="")
    print()
    with Study.open(target, actor="KN") as study:
        first, _ = timed(study.measurements, 1, clock)
        page = f"P{patients // 2:05d}"
        for name, work in {
            "list of films": study.films,
            "list of patients": study.patients,
            "work list of an observer": lambda: study.work_list("KN"),
            "one patient's films": lambda: study.films(patient=page),
            "one patient's readings": lambda: study.readings(patient=page),
            "one patient's angles": lambda: study.measurements(patient=page),
            "one film's history": lambda: study.history(patients),
            "all latest readings": study.latest_readings,
            "all angles (VKA and RKA)": study.measurements,
            "visits of all films": study.visits,
            "status": study.status,
        }.items():
            recorder = Recorder(study.database.engine)
            work()
            statements = list(recorder.sent)
            event.remove(study.database.engine, "before_cursor_execute", recorder._note)
            seconds, found = timed(work, rounds, clock)
            sql, _ = timed(lambda s=statements: bare(study.database.engine, s), rounds, clock)
            rows = len(found) if hasattr(found, "__len__") else ""
            print(f"{name:44}{seconds * 1e3:8.1f}ms{sql * 1e3:8.1f}ms{seconds / sql:8.1f}{rows:>9}")
        print(f"\nall angles when first asked for (measured anew): {first:.1f} s")
        saved, _ = timed(lambda: save_one(study), rounds, time.perf_counter)
        print(f"one reading confirmed, on disk: {saved * 1e3:.1f} ms elapsed")


def save_one(study: Study) -> None:
    film = study.films(patient="P00001")[0]
    latest = study.latest_reading(film.id, "KN")
    study.save_reading(
        latest.reading, film.id, "KN", base_version=latest.version, reason=f"after {latest.version}"
    )


def bare_check(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA quick_check(1)").fetchall()


if __name__ == "__main__":
    main()
