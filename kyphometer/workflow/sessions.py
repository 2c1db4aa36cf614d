"""Planning a reading session on a study: its films, its rules, its work lists."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from kyphometer.errors import StudyRefusedError
from kyphometer.messages import Word
from kyphometer.sessions.options import SessionOptions, chosen
from kyphometer.sessions.plan import SessionDesign, SessionFilm, SessionPlan, plan_session
from kyphometer.store.records import FilmRecord
from kyphometer.store.sessions.plans import PlannedItem
from kyphometer.store.study.study import Study

TRAINING_CODE = "VKA"
LEAST_TRAINING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmRule:
    """Which films of a study take part; empty members choose nothing away.

    Attributes
    ----------
    patients, visits, positions, film_ids
        Only films of these.
    count
        A random sample of so many, drawn with the session's seed; None takes all.
    """

    patients: tuple[str, ...] = ()
    visits: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    film_ids: tuple[int, ...] = ()
    count: int | None = None

    @property
    def words(self) -> str:
        """The rule in words, for the report."""
        parts = [
            f"{name} {', '.join(str(value) for value in chosen)}"
            for name, chosen in (
                ("patients", self.patients),
                ("visits", self.visits),
                ("positions", self.positions),
                ("film numbers", self.film_ids),
            )
            if chosen
        ]
        text = "films of " + "; ".join(parts) if parts else "all lateral films of the study"
        return text if self.count is None else f"a random sample of {self.count} out of {text}"

    def accepts(self, film: FilmRecord) -> bool:
        """True if the film takes part; films known not to be lateral never do."""
        return film.is_lateral is not False and all(
            not chosen or value in chosen
            for chosen, value in (
                (self.patients, film.patient),
                (self.visits, film.visit),
                (self.positions, film.position),
                (self.film_ids, film.id),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRules(SessionOptions):
    """What holds for the whole session; kept with it.

    Attributes
    ----------
    seed
        Of order, duplicates and codes.
    levels
        Fractured levels by patient if they are fixed beforehand; None leaves them to the observer.
    sampling
        How films were chosen, in words.
    observers
        Codes of those who read.
    """

    seed: int
    levels: Mapping[str, tuple[str, ...]] | None = None
    sampling: str = ""
    observers: tuple[str, ...] = ()

    def levels_of(self, patient: str | None) -> tuple[str, ...]:
        """The agreed fractured levels, or nothing where they are the observer's to find."""
        return () if self.levels is None or patient is None else self.levels.get(patient, ())

    @property
    def process(self) -> str:
        """How it was read, in the words of the task's language."""
        return self.process_in(None)

    def process_in(self, language: str | None) -> str:
        """How it was read, in words; None takes the language of the task."""

        def said(key: str, facts: Mapping[str, object] | None = None) -> Word:
            return Word(f"session.{key}", facts)

        several = self.rounds > 1
        apart = {"count": self.rounds, "days": f"{self.washout_days:g}"}
        facts = {
            "rounds": said("rounds", apart) if several else said("one_round"),
            "seed": str(self.seed),
            "places": self.spacing,
            "levels": said("levels_fixed" if self.levels is not None else "levels_open"),
            "assist": said("assist" if self.assist else "no_assist"),
        }
        hidden = [
            said(key, {"share": 100 * share})
            for key, share in (("duplicates", self.duplicates), ("mirrored", self.mirrored))
            if share
        ]
        parts = [said("order", facts), *hidden, said("marks", facts)]
        return " ".join(part.sentence(language) for part in parts)

    def to_dict(self) -> dict[str, Any]:
        """Settings as the study keeps them."""
        names = [name for name in self.__dataclass_fields__ if name != "levels"]
        levels = None if self.levels is None else {k: list(v) for k, v in self.levels.items()}
        return {**{name: getattr(self, name) for name in names}, "levels": levels}

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> SessionRules:
        """Inverse of `to_dict`; members that this version does not know are passed over."""
        known = {name: settings[name] for name in cls.__dataclass_fields__ if name in settings}
        known.setdefault("seed", 0)
        known["observers"] = tuple(known.get("observers", ()))
        if known.get("levels") is not None:
            known["levels"] = {str(k): tuple(v) for k, v in known["levels"].items()}
        return cls(**known)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRequest(SessionOptions):
    """A session to be made.

    `fix_levels` takes the study's level map for all; `training` are films outside of `films`;
    `text_checked` says that somebody has seen that text burned into films names nobody.
    """

    code: str
    observers: tuple[str, ...]
    films: FilmRule = field(default_factory=FilmRule)
    training: FilmRule | None = None
    title: str = ""
    kind: str = "reproducibility"
    seed: int | None = None
    fix_levels: bool = False
    text_checked: bool = False


def new_session(study: Study, request: SessionRequest) -> SessionPlan:
    """Plan a session and keep it in the study.

    Observers that the study does not know yet are added.

    Raises
    ------
    StudyRefusedError
        If no film fits the rule, the code is taken, the level map lacks a patient, or text is
        burned into films that nobody has looked at.
    """
    seed = secrets.randbelow(2**31) if request.seed is None else request.seed
    everything = [film for film in study.films() if film.copy_of is None]
    training = [] if request.training is None else _chosen(everything, request.training, seed)
    held_back = {film.id for film in training}
    rest = [film for film in everything if film.id not in held_back]
    films = _chosen(rest, request.films, seed)
    if training:
        _require_reference(study, request.reference, training)
    if not request.text_checked:
        _require_no_text([*films, *training])
    design = SessionDesign(observers=request.observers, seed=seed, **chosen(request))
    rules = _rules(study, request, seed, [*films, *training])
    plan = plan_session(_session_films(films), design, training=_session_films(training))
    for observer in request.observers:
        study.add_observer(observer)
    frozen = {str(film.id): film.sha256_pixels for film in (*films, *training)}
    study.sessions.add(
        request.code,
        _items(plan, rules, datetime.now(UTC)),
        title=request.title,
        kind=request.kind,
        settings={**rules.to_dict(), "films": frozen},
    )
    return plan


def _require_reference(study: Study, reference: str | None, training: Sequence[FilmRecord]) -> None:
    """Refuse a training set that could never be judged."""
    if reference is None:
        raise StudyRefusedError("training_without_reference")
    if len(training) < LEAST_TRAINING:
        raise StudyRefusedError(
            "training_too_small", count=len(training), least_training=LEAST_TRAINING
        )
    read = {
        value.film_id
        for value in study.measurements((TRAINING_CODE,))
        if value.observer == reference and value.session_item is None and value.value is not None
    }
    lacking = [film.name for film in training if film.id not in read]
    if lacking:
        raise StudyRefusedError(
            "reference_incomplete",
            reference=reference,
            training_code=TRAINING_CODE,
            count=len(lacking),
            names=lacking,
        )


def _require_no_text(films: Sequence[FilmRecord]) -> None:
    """Refuse films whose header says that text is burned in: it may name the patient."""
    flagged = [film.name for film in films if film.facts.get("burned_in_annotation")]
    if flagged:
        raise StudyRefusedError("text_burned_in", count=len(flagged), names=flagged)


def _chosen(films: Sequence[FilmRecord], rule: FilmRule, seed: int) -> list[FilmRecord]:
    found = [film for film in films if rule.accepts(film)]
    if rule.count is not None and rule.count < len(found):
        sample = Random(f"{seed} films").sample(range(len(found)), rule.count)  # noqa: S311
        found = [found[index] for index in sorted(sample)]
    if not found or (rule.count is not None and rule.count > len(found)):
        wanted = rule.count or 1
        raise StudyRefusedError(
            "too_few_films_fit", wanted=wanted, count=len(found), words=rule.words
        )
    return found


def _rules(
    study: Study, request: SessionRequest, seed: int, films: Sequence[FilmRecord]
) -> SessionRules:
    levels = None
    if request.fix_levels:
        levels = {
            patient: tuple(level.value for level in found)
            for patient, found in study.settings.levels.items()
        }
        lacking = sorted({str(film.patient) for film in films if film.patient not in levels})
        if lacking:
            raise StudyRefusedError("no_fractured_level_of", names=", ".join(lacking[:5]))
    return SessionRules(
        seed=seed,
        levels=levels,
        sampling=request.films.words,
        observers=request.observers,
        **chosen(request),
    )


def _session_films(films: Sequence[FilmRecord]) -> list[SessionFilm]:
    return [SessionFilm(film_id=film.id, patient=film.patient) for film in films]


def _items(plan: SessionPlan, rules: SessionRules, now: datetime) -> list[PlannedItem]:
    return [
        PlannedItem(
            film_id=item.film_id,
            observer=item.observer,
            round=item.round,
            place=item.place,
            code=item.code,
            mirrored=item.mirrored,
            duplicate=item.duplicate,
            training=item.training,
            opens_at=None
            if item.round == 1
            else now + timedelta(days=rules.washout_days * (item.round - 1)),
        )
        for item in plan.showings
    ]


def session_rules(study: Study, code: str) -> SessionRules:
    """The rules that a session was planned with.

    Raises
    ------
    UnknownRecordError
        If there is no such session.
    """
    return SessionRules.from_dict(study.sessions.get(code).settings)
