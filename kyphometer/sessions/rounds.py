"""Rounds of a session in time: which one is due, when the next opens, who passed the training."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from kyphometer.errors import TooFewDataError
from kyphometer.reliability.repeatability import sem_from_variance
from kyphometer.stats.estimate import Estimate


class RoundState(StrEnum):
    """How an observer's round stands."""

    WAITING = "waiting"
    """The round before is not finished."""
    WASH_OUT = "wash-out"
    """The round before is finished, but not long enough ago."""
    OPEN = "open"
    """It may be read."""
    DONE = "done"
    """Every film of it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadItem:
    """What decides about time: the round of an item, and when it was read (None: not yet)."""

    round: int
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundProgress:
    """One round of one observer; `opens_at` is known once the round before is finished."""

    round: int
    total: int
    read: int
    state: RoundState
    opens_at: datetime | None = None


def round_progress(
    items: Iterable[ReadItem], washout_days: float, now: datetime
) -> tuple[RoundProgress, ...]:
    """Rounds of one observer, in order.

    A round opens when the one before is finished and `washout_days` have passed since its last
    film was read. Nobody is trusted to remember that.
    """
    by_round: dict[int, list[ReadItem]] = {}
    for item in items:
        by_round.setdefault(item.round, []).append(item)
    found = []
    finished: datetime | None = None
    before_is_done = True
    for number in sorted(by_round):
        times = [item.read_at for item in by_round[number]]
        read = [time for time in times if time is not None]
        opens = None if finished is None else finished + timedelta(days=washout_days)
        state = _state(len(read), len(times), opens, now, before_is_done=before_is_done)
        found.append(
            RoundProgress(
                round=number, total=len(times), read=len(read), state=state, opens_at=opens
            )
        )
        before_is_done = state is RoundState.DONE
        finished = max(read) if before_is_done else None
    return tuple(found)


def _state(
    read: int, total: int, opens: datetime | None, now: datetime, *, before_is_done: bool
) -> RoundState:
    if read == total:
        return RoundState.DONE
    if not before_is_done:
        return RoundState.WAITING
    if opens is not None and now < opens:
        return RoundState.WASH_OUT
    return RoundState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """Training against reference values.

    `passed` compares the estimate with the mark, as science.md#sessions defines it; ten films leave
    the interval wide, which is why it stands beside.
    """

    films: int
    standard_error_of_measurement: Estimate
    pass_mark_deg: float
    passed: bool


def training_result(errors_deg: Sequence[float], pass_mark_deg: float) -> TrainingResult:
    """Judge a training set.

    Parameters
    ----------
    errors_deg
        Reading minus reference of each training film, in degrees.
    pass_mark_deg
        Largest standard error of measurement that passes; bias counts as error here.

    Raises
    ------
    TooFewDataError
        Fewer than three films.
    """
    count = len(errors_deg)
    if count < 3:
        raise TooFewDataError("training_films", count=str(count))
    variance = math.fsum(error * error for error in errors_deg) / count
    sem = sem_from_variance("SEM against the reference", variance, count)
    return TrainingResult(
        films=count,
        standard_error_of_measurement=sem,
        pass_mark_deg=pass_mark_deg,
        passed=sem.value <= pass_mark_deg,
    )
