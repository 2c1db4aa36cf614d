"""Certification kit: simulated films, a study with a session on them, and the key kept apart."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kyphometer.dicom import Compression
from kyphometer.errors import UsageError
from kyphometer.phantom import FilmFormat, simulate_film
from kyphometer.sessions.certificate import CertificateLimits
from kyphometer.sessions.options import SessionOptions, chosen
from kyphometer.sessions.plan import SessionPlan
from kyphometer.store.study.study import Study
from kyphometer.workflow.films import SOFTWARE
from kyphometer.workflow.sessions import SessionRequest, new_session
from kyphometer.workflow.simulate import TRUTH_FOLDER, write_simulated

CONDITIONS = ("clean", "noisy", "oblique", "instrumented")
KIT_SESSION = "kit"
STUDY_FILE = "kit.kypho"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """A kit on disk.

    Attributes
    ----------
    study
        The study file that observers read.
    key
        Folder of the true readings; not to be given to observers.
    films
        Number of films.
    plan
        The session.
    """

    study: Path
    key: Path
    films: int
    plan: SessionPlan


def make_kit(
    folder: Path,
    *,
    films: int,
    observers: Sequence[str],
    seed: int,
    key: Path | None = None,
    options: SessionOptions | None = None,
    conditions: Sequence[str] = CONDITIONS,
    film_format: FilmFormat | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Kit:
    """Make a kit.

    Parameters
    ----------
    folder
        New or empty folder for films and study.
    films
        How many, each of a simulated patient of its own with one fractured level.
    observers
        Codes of those who are to be certified.
    seed
        Decides films, order and codes; whoever knows it could make the key.
    key
        Folder for the truth; `FOLDER-key` beside it if not given.
    options
        How it is read; None reads every film once.
    conditions
        Taken in turn.
    progress
        Called with films done and films in all.

    Raises
    ------
    UsageError
        If a folder is not empty, or the key would lie among the films.
    """
    key = key or folder.with_name(f"{folder.name}-key")
    _require_empty(folder, key)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(films):
        if progress is not None:
            progress(number, films)
        condition = conditions[number % len(conditions)]
        simulated = simulate_film(
            condition, 1000 * seed + number, fractured=True, film_format=film_format
        )
        name, method = f"film-{number + 1:03d}", Compression.JPEG_LOSSLESS
        write_simulated(simulated, folder, name, root=folder, compression=method)
    key.parent.mkdir(parents=True, exist_ok=True)
    if key.exists():
        key.rmdir()
    shutil.move(folder / TRUTH_FOLDER, key)
    request = SessionRequest(
        code=KIT_SESSION,
        title="Certification on simulated films",
        kind="certification",
        observers=tuple(observers),
        seed=seed,
        text_checked=True,  # simulated: it names nobody
        **chosen(options or SessionOptions(rounds=1)),
    )
    with Study.create(folder / STUDY_FILE, "Certification kit") as study:
        study.add_films(folder)
        plan = new_session(study, request)
    return Kit(study=folder / STUDY_FILE, key=key, films=films, plan=plan)


def _require_empty(folder: Path, key: Path) -> None:
    if key.resolve().is_relative_to(folder.resolve()):
        raise UsageError("key_among_films", folder=folder)
    for place in (folder, key):
        if place.exists() and any(place.iterdir()):
            raise UsageError("place_not_empty", place=place)


def certificate_facts(
    study: Study, session: str, limits: CertificateLimits, made_at: datetime
) -> tuple[tuple[str, str], ...]:
    """What a certificate names: date, kit, session, seed, limits and software.

    Parameters
    ----------
    study
        The kit's study.
    session
        The session that is judged.
    limits
        What was to be kept.
    made_at
        When the certificate is made.
    """
    settings = study.sessions.get(session).settings
    films = len(study.films())
    return (
        ("Made", made_at.strftime("%Y-%m-%d %H:%M UTC")),
        ("Kit", f"{study.name}, {films} films, study {study.uid}"),
        ("Session", session),
        ("Seed", str(settings.get("seed", "not known"))),
        ("Limits", limits.words),
        ("Software", SOFTWARE),
    )
