"""A study with films of six patients, and sessions read by two scripted observers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np
from web_films import film
from web_local import document

from kyphometer.dicom.write import write_dx
from kyphometer.reading.document import reading_from_dict
from kyphometer.store.study.study import Study
from kyphometer.web.access.passwords import hashed
from kyphometer.workflow.sessions import SessionRequest, new_session

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "correct horse battery"
OBSERVERS = ("AA", "BB")


def make_study(folder: Path) -> Path:
    """Accounts olga (owner), quinn (qa), ann (observer AA); session 'done' is read, not locked."""
    films, target = folder / "films", folder / "study.sqlite"
    films.mkdir()
    for number in range(6):
        made = film(number, patient_id=f"P{number}", study_date=date(2025, 1, 2 + number))
        write_dx(made, films / f"f{number}.dcm", seed=f"quality {number}")
    with Study.create(target, "Quality", actor="KN") as study:
        study.add_films(films)
        known = hashed(PASSWORD)
        for name, role, observer in (
            ("olga", "owner", "OO"), ("quinn", "qa", "QQ"), ("ann", "observer", "AA"),
        ):  # fmt: skip
            study.add_account(name, password_hash=known, role=role, observer=observer)
        request = SessionRequest(
            code="done", observers=OBSERVERS, seed=4, rounds=2, duplicates=0.2, washout_days=0.0
        )
        new_session(study, request)
        read_all(study, "done")
    return target


def read_all(study: Study, session: str) -> None:
    """Every film with a kyphosis of its own, each reading a little off."""
    rng = np.random.default_rng(7)
    for item in study.sessions.items(session):
        rise = 30.0 + 15.0 * item.film_id + rng.normal(0.0, 3.0)
        record = study.film(item.film_id)
        reading = reading_from_dict(document(angle_px=rise))
        kept = replace(
            reading,
            film=record.reference,
            observer=item.observer,
            created=datetime.now(UTC),
            session=session,
        )
        study.save_reading(kept, item.film_id, item.observer, base_version=0, session_item=item.id)
