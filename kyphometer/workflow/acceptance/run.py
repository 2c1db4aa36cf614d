"""Run an acceptance and hold it against the last one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from kyphometer.errors import KyphometerError
from kyphometer.sessions.acceptance import Acceptance, Expected, Value, differences, judge
from kyphometer.workflow.acceptance import environment
from kyphometer.workflow.acceptance.steps import FILMS, STEPS, Material, Skip

EXPECTED = FILMS / "expected.json"


@dataclass(slots=True)
class Found:
    """What the steps gave."""

    values: dict[tuple[str, str], Value] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def accept(
    last: Acceptance | None = None,
    *,
    leave_out: Collection[str] = (),
    material: Material | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[Acceptance, Material]:
    """Run every step.

    Parameters
    ----------
    last
        An earlier run to compare with.
    leave_out
        Groups not to try; they are skipped, so that the acceptance cannot pass.
    material
        Films and readings; those of the package if None.
    progress
        Called with each group before it is tried.

    Returns
    -------
    acceptance
        What was found, judged.
    material
        The films and readings that were used, for drawing.
    """
    began = time.monotonic()
    material = material or Material()
    found = find(material, leave_out=leave_out, progress=progress)
    made = Acceptance(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - began, 1),
        checks=judge(expected(), found.values, skipped=found.skipped, failed=found.failed),
        versions=environment.versions(),
        parts=environment.parts(),
    )
    if last is None:
        return made, material
    told = differences(last, made)
    return msgspec.structs.replace(made, compared_with=last.made, differences=told), material


def find(
    material: Material,
    *,
    leave_out: Collection[str] = (),
    progress: Callable[[str], None] | None = None,
) -> Found:
    """The values of every step; one that fails is told and the rest goes on."""
    found = Found()
    for group, step in STEPS.items():
        if group in leave_out:
            found.skipped[group] = "left out when it was called"
            continue
        if progress is not None:
            progress(group)
        try:
            for name, value in step(material):
                found.values[group, name] = value
        except Skip as reason:
            found.skipped[group] = str(reason)
        except KyphometerError as problem:
            found.failed[group] = str(problem)
        except Exception as problem:  # whatever breaks here breaks the acceptance, and is told
            found.failed[group] = f"{type(problem).__name__}: {problem}"
    return found


def expected(path: Path = EXPECTED) -> list[Expected]:
    """The shipped list of what must come out."""
    return msgspec.convert(json.loads(path.read_text("utf-8"))["checks"], list[Expected])
