"""Following a reading session: how far observers are, and what is due to each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from kyphometer.errors import StudyRefusedError
from kyphometer.sessions.rounds import (
    ReadItem,
    RoundProgress,
    RoundState,
    TrainingResult,
    round_progress,
    training_result,
)
from kyphometer.store.sessions.logs import ItemLog
from kyphometer.store.sessions.plans import SessionItemRecord, SessionRecord
from kyphometer.store.study.study import Study
from kyphometer.workflow.sessions import LEAST_TRAINING, TRAINING_CODE, SessionRules, session_rules


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserverProgress:
    """How far one observer is; tells no value, so that the owner stays blinded too.

    `training` is the result of the training set once it is read, None without one.
    """

    observer: str
    rounds: tuple[RoundProgress, ...]
    minutes: float | None
    training_total: int = 0
    training_read: int = 0
    training: TrainingResult | None = None


def session_progress(
    study: Study, code: str, now: datetime | None = None
) -> tuple[ObserverProgress, ...]:
    """Progress of every observer of a session, by code."""
    now = now or datetime.now(UTC)
    rules, logs = session_rules(study, code), study.sessions.logs(code)
    found = []
    by_observer: dict[str, list[SessionItemRecord]] = {}
    for item in study.sessions.items(code):
        by_observer.setdefault(item.observer, []).append(item)
    for observer, items in by_observer.items():
        learning = [item for item in items if item.training]
        times = [log.seconds for item in items if (log := logs.get(item.id)) and log.seconds]
        found.append(
            ObserverProgress(
                observer=observer,
                rounds=_rounds(items, rules, logs, now),
                minutes=sum(times) / 60.0 if times else None,
                training_total=len(learning),
                training_read=sum(item.locked_at is not None for item in learning),
                training=_training(study, rules, learning),
            )
        )
    return tuple(found)


def _rounds(
    items: Sequence[SessionItemRecord],
    rules: SessionRules,
    logs: Mapping[int, ItemLog],
    now: datetime,
) -> tuple[RoundProgress, ...]:
    """Rounds of one observer; a reopened item keeps the time of its first reading."""
    times = [
        ReadItem(
            round=item.round,
            read_at=logs[item.id].first_read_at if item.id in logs else item.locked_at,
        )
        for item in items
        if not item.training
    ]
    return round_progress(times, rules.washout_days, now)


def _training(
    study: Study, rules: SessionRules, learning: Sequence[SessionItemRecord]
) -> TrainingResult | None:
    if not learning or rules.reference is None:
        return None
    if any(item.locked_at is None for item in learning):
        return None
    wanted = {item.id: item.film_id for item in learning}
    own: dict[tuple[int | str, str | None], float] = {}
    reference: dict[tuple[int | str, str | None], float] = {}
    for value in study.measurements((TRAINING_CODE,)):
        if value.value is None:
            continue
        if value.session_item in wanted:
            own[value.film_id, value.upper] = value.value
        elif value.session_item is None and value.observer == rules.reference:
            reference[value.film_id, value.upper] = value.value
    errors = [own[target] - reference[target] for target in own if target in reference]
    if len(errors) < LEAST_TRAINING:  # too many could not be measured
        return None
    return training_result(errors, rules.pass_mark_deg)


def due_items(
    study: Study, code: str, observer: str, now: datetime | None = None
) -> tuple[SessionItemRecord, ...]:
    """What an observer is shown now: the training set, then round after round.

    The study's rounds come after the training was passed; a round comes when the one before is
    read and the wash-out is over. What was read stays listed.

    Raises
    ------
    StudyRefusedError
        If the session has nothing for this observer.
    """
    now = now or datetime.now(UTC)
    items = study.sessions.items(code, observer=observer)
    if not items:
        raise StudyRefusedError("session_without_observer", code=code, observer=observer)
    rules = session_rules(study, code)
    learning = [item for item in items if item.training]
    if learning:
        result = _training(study, rules, learning)
        if result is None or not result.passed:
            return tuple(learning)
    rounds = _rounds(items, rules, study.sessions.logs(code), now)
    shown = {r.round for r in rounds if r.state in (RoundState.OPEN, RoundState.DONE)}
    return tuple(
        item
        for item in items
        if (item.training or item.round in shown)
        and (item.opens_at is None or item.opens_at <= now or item.training)
    )


def open_session_of(study: Study, observer: str) -> str | None:
    """The oldest session that is open and has films for this observer, or None."""
    return open_session_among(study.sessions.list(), observer)


def open_session_among(sessions: Iterable[SessionRecord], observer: str) -> str | None:
    """The first of these sessions that is open and has films for this observer, or None."""
    for session in sessions:
        named = session.settings.get("observers", ())
        if not session.locked and observer in named:
            return session.code
    return None
