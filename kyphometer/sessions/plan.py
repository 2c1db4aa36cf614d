"""Planning a blinded reading session: who is shown which film, when, under which code.

Every observer gets an own order in every round, drawn from the seed; films of one patient stand
apart; some films come twice in a round under another code; a random half of all is shown mirrored.
The protocol is
science.md#sessions. Nothing here knows a database or a clock.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from random import Random

from kyphometer.errors import ParameterRangeError, TooFewDataError
from kyphometer.messages import sentence
from kyphometer.sessions.options import SessionOptions

CODE_ALPHABET = "ACDEFGHJKLMNPQRTUVWXY34679"
"""Letters and digits that are not taken for each other."""
CODE_LENGTH = 6
_TRIES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFilm:
    """A film that takes part; `patient` None if nobody knows whose it is."""

    film_id: int
    patient: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDesign(SessionOptions):
    """Who reads, and how.

    Attributes
    ----------
    observers
        Codes of those who read.
    seed
        Decides every order, duplicate and code.
    """

    observers: tuple[str, ...]
    seed: int

    def __post_init__(self) -> None:
        if not self.observers:
            raise TooFewDataError("session_no_observer")
        twice = [name for name, count in Counter(self.observers).items() if count > 1]
        if twice:
            raise ParameterRangeError("observer_twice", value=twice[0])
        self.require_possible()


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """One film in one place of one observer's list.

    Attributes
    ----------
    round, place
        Counted from 1; places run through a round, training films first.
    code
        All that the observer sees of the film; unique in the session.
    duplicate
        True for the second showing within a round; which of the two comes first is left to chance.
    """

    film_id: int
    observer: str
    round: int
    place: int
    code: str
    mirrored: bool = False
    duplicate: bool = False
    training: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """All showings, and what the owner should know about the plan."""

    showings: tuple[Showing, ...]
    smallest_gap: int | None
    remarks: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class _Slot:
    film: SessionFilm
    duplicate: bool = False


def plan_session(
    films: Sequence[SessionFilm],
    design: SessionDesign,
    *,
    training: Sequence[SessionFilm] = (),
) -> SessionPlan:
    """Plan a session.

    Parameters
    ----------
    films
        Films of the study, each once.
    design
        How it is read.
    training
        Films that each observer reads first, in round 1 only; none of them may be in `films`.

    Returns
    -------
    plan
        The same films, design and training give the same plan.

    Raises
    ------
    TooFewDataError
        If there is no film.
    ParameterRangeError
        If a film comes twice.
    """
    everything = [*films, *training]
    twice = [n for n, count in Counter(f.film_id for f in everything).items() if count > 1]
    if twice:
        raise ParameterRangeError("film_twice", twice=twice[0])
    if not films:
        raise TooFewDataError("session_no_film")
    drafts: list[tuple[str, int, int, _Slot, bool, bool]] = []
    gaps = []
    for observer in design.observers:
        for number in range(1, design.rounds + 1):
            rng = Random(f"{design.seed} {observer} {number}")  # noqa: S311 (an order, no secret)
            learning = list(training) if number == 1 else []
            rng.shuffle(learning)
            ordered = _round(films, design, rng)
            gaps.append(smallest_gap([_owner(slot.film) for slot in ordered]))
            slots = [(_Slot(film), True) for film in learning] + [(s, False) for s in ordered]
            turned = set(rng.sample(range(len(slots)), round(design.mirrored * len(slots))))
            drafts += [
                (observer, number, place + 1, *slot, place in turned)
                for place, slot in enumerate(slots)
            ]
    codes = _codes(len(drafts), Random(f"{design.seed} codes"))  # noqa: S311
    showings = tuple(
        Showing(
            film_id=slot.film.film_id,
            observer=observer,
            round=number,
            place=place,
            code=code,
            mirrored=is_mirrored,
            duplicate=slot.duplicate,
            training=is_training,
        )
        for code, (observer, number, place, slot, is_training, is_mirrored) in zip(
            codes, drafts, strict=True
        )
    )
    found = [gap for gap in gaps if gap is not None]
    closest = min(found) if found else None
    remarks = _remarks(films, design, closest)
    return SessionPlan(showings=showings, smallest_gap=closest, remarks=remarks)


def _round(films: Sequence[SessionFilm], design: SessionDesign, rng: Random) -> list[_Slot]:
    """The films of one round with their duplicates, in order."""
    again = rng.sample(list(films), math.ceil(design.duplicates * len(films) - 1e-9))
    slots = [_Slot(film) for film in films]
    slots += [_Slot(film, duplicate=True) for film in again]
    order = spaced_order([_owner(slot.film) for slot in slots], design.spacing, rng)
    return [slots[index] for index in order]


def _owner(film: SessionFilm) -> Hashable:
    return ("film", film.film_id) if film.patient is None else film.patient


def spaced_order(owners: Sequence[Hashable], spacing: int, rng: Random) -> list[int]:
    """A random order in which items of one owner stand at least `spacing` places apart.

    Where that is impossible, they stand as far apart as it can be.

    Returns
    -------
    order
        Indices into `owners`.
    """
    for gap in range(min(spacing, largest_spacing(owners)), 0, -1):
        for attempt in range(_TRIES + 1):
            order = _try_order(owners, gap, rng, by_need=attempt == _TRIES)
            if order is not None:
                return order
    order = list(range(len(owners)))
    rng.shuffle(order)
    return order


def _try_order(
    owners: Sequence[Hashable], gap: int, rng: Random, *, by_need: bool
) -> list[int] | None:
    """One attempt; None if it ran into a dead end. By need: most films left come first."""
    left: dict[Hashable, list[int]] = {}
    for index, owner in enumerate(owners):
        left.setdefault(owner, []).append(index)
    for indices in left.values():
        rng.shuffle(indices)
    order: list[int] = []
    while left:
        recent = {owners[index] for index in order[max(0, len(order) - gap + 1) :]}
        free = [owner for owner in left if owner not in recent]
        if not free:
            return None
        if by_need:
            most = max(len(left[owner]) for owner in free)
            free = [owner for owner in free if len(left[owner]) == most]
        chosen = rng.choices(free, [len(left[owner]) for owner in free])[0]
        order.append(left[chosen].pop())
        if not left[chosen]:
            del left[chosen]
    return order


def largest_spacing(owners: Sequence[Hashable]) -> int:
    """The largest spacing that an order of these owners can keep.

    With at most m items of one owner, and k owners that have so many, an order with spacing s needs
    (m - 1) s + k places; as scheduling equal tasks with a cooling time.
    """
    counts = Counter(owners).values()
    most = max(counts, default=0)
    if most <= 1:
        return max(1, len(owners))
    ties = sum(count == most for count in counts)
    return max(1, (len(owners) - ties) // (most - 1))


def smallest_gap(owners: Sequence[Hashable]) -> int | None:
    """Fewest places from one item of an owner to the next, or None if every owner has one."""
    last: dict[Hashable, int] = {}
    gaps = []
    for place, owner in enumerate(owners):
        if owner in last:
            gaps.append(place - last[owner])
        last[owner] = place
    return min(gaps, default=None)


def _codes(count: int, rng: Random) -> list[str]:
    """Different codes in no order; nothing can be told from one."""
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(rng.choices(CODE_ALPHABET, k=CODE_LENGTH))] = None
    return list(found)


def _remarks(
    films: Sequence[SessionFilm], design: SessionDesign, closest: int | None
) -> tuple[str, ...]:
    remarks = []
    if closest is not None and closest < design.spacing:
        apart = {"closest": closest, "wanted": design.spacing}
        remarks.append(sentence("session.remark.close", apart))
    hidden = math.ceil(design.duplicates * len(films) - 1e-9)
    if 0 < hidden < 8:
        remarks.append(sentence("session.remark.few", {"count": hidden}))
    if len(design.observers) < 2:
        remarks.append(sentence("session.remark.one", {}))
    if design.rounds < 2 and not hidden:
        remarks.append(sentence("session.remark.once", {}))
    return tuple(remarks)
