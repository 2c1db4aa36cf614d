"""The judgement of an acceptance: what an installation gave, held against what it must give.

An acceptance passes only if every expected value was found and lies within its tolerance. What was
not tried, for whatever reason, is *skipped*, and leaves the acceptance incomplete.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, Literal

import msgspec

FORMAT: Final = "kyphometer-acceptance"
VERSION: Final = 1
NOISE: Final = 1e-6
"""Numbers of two runs that differ by no more than this are the same."""

Value = float | str


class State(StrEnum):
    """What became of a check."""

    KEPT = "kept"
    BROKEN = "broken"
    SKIPPED = "skipped"


class Verdict(StrEnum):
    """What became of an acceptance."""

    PASSED = "passed"
    FAILED = "failed"
    INCOMPLETE = "incomplete"


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a check must give.

    Attributes
    ----------
    group, name
        Which check.
    value
        A number, or a text that must be the same to the letter.
    tolerance
        How far a number may lie from it.
    unit
        Of number and tolerance.
    """

    group: str
    name: str
    value: Value
    tolerance: float = 0.0
    unit: str = ""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check.

    Attributes
    ----------
    found
        What this installation gave; None if nothing.
    note
        Why it is broken or skipped, where the numbers alone do not say it.
    """

    group: str
    name: str
    state: State
    expected: Value | None
    tolerance: float = 0.0
    unit: str = ""
    found: Value | None = None
    note: str = ""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What is not as it was in an earlier run; None is what only one of them knows."""

    what: str
    old: Value | None
    new: Value | None


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """A run, as it is kept (JSON, format `kyphometer-acceptance`).

    Attributes
    ----------
    made
        When, in UTC (ISO 8601).
    seconds
        How long it took.
    versions
        Python, operating system, Kyphometer and what it stands on.
    parts
        SHA-256 of each part of the package that decides numbers.
    compared_with
        When the earlier run was made; None for a first one.
    differences
        Old to new.
    """

    format: Literal["kyphometer-acceptance"] = FORMAT
    version: Literal[1] = VERSION
    made: str
    seconds: float
    checks: list[Check]
    versions: dict[str, str]
    parts: dict[str, str]
    compared_with: str | None = None
    differences: list[Difference] = []

    def of_state(self, state: State) -> list[Check]:
        """Checks in one state."""
        return [check for check in self.checks if check.state is state]

    @property
    def verdict(self) -> Verdict:
        """Failed if a check is broken, incomplete if one was skipped or there is none."""
        if self.of_state(State.BROKEN):
            return Verdict.FAILED
        whole = self.checks and not self.of_state(State.SKIPPED)
        return Verdict.PASSED if whole else Verdict.INCOMPLETE


def judge(
    expected: Iterable[Expected],
    found: Mapping[tuple[str, str], Value],
    *,
    skipped: Mapping[str, str],
    failed: Mapping[str, str],
) -> list[Check]:
    """Hold what was found against what is expected.

    Parameters
    ----------
    found
        Values by group and name.
    skipped, failed
        Groups that were not tried, and groups that ended with an error, with the reason.

    Returns
    -------
    checks
        One for every expected value, then one for every value that nobody expected (broken: the
        shipped list and the program do not belong together).
    """
    checks = []
    known = set()
    for item in expected:
        place = (item.group, item.name)
        known.add(place)
        value = found.get(place)
        state, note = _state(item, value, skipped, failed)
        checks.append(
            Check(
                group=item.group,
                name=item.name,
                state=state,
                expected=item.value,
                tolerance=item.tolerance,
                unit=item.unit,
                found=_finite(value),
                note=note,
            )
        )
    for (group, name), value in found.items():
        if (group, name) not in known:
            note = "not on the list of expected values"
            checks.append(
                Check(group=group, name=name, state=State.BROKEN, expected=None,
                      found=_finite(value), note=note)
            )  # fmt: skip
    return checks


def _state(
    item: Expected, value: Value | None, skipped: Mapping[str, str], failed: Mapping[str, str]
) -> tuple[State, str]:
    if value is None:
        if item.group in failed:
            return State.BROKEN, failed[item.group]
        return State.SKIPPED, skipped.get(item.group, "it was not tried")
    if isinstance(value, str) or isinstance(item.value, str):
        return (State.KEPT if value == item.value else State.BROKEN), ""
    near = abs(value - item.value) <= item.tolerance  # False for not-a-number
    return (State.KEPT if near else State.BROKEN), "" if math.isfinite(value) else str(value)


def _finite(value: Value | None) -> Value | None:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def differences(old: Acceptance, new: Acceptance) -> list[Difference]:
    """What is not as it was, old to new: versions, parts, then values."""
    found = []
    for before, after in (
        (old.versions, new.versions),
        (old.parts, new.parts),
        (_values(old), _values(new)),
    ):
        for what in [*before, *(name for name in after if name not in before)]:
            was, now = before.get(what), after.get(what)
            if not _same(was, now):
                found.append(Difference(what=what, old=was, new=now))
    return found


def _values(run: Acceptance) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for check in run.checks:
        if check.found is not None:
            values[f"{check.group}: {check.name}"] = check.found
    return values


def _same(was: Value | None, now: Value | None) -> bool:
    if isinstance(was, float | int) and isinstance(now, float | int):
        return abs(was - now) <= NOISE
    return was == now
