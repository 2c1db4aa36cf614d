"""A batch from its films to its table."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from kyphometer.dicom.archive import Unpacked
from kyphometer.dicom.entries import PassedOver
from kyphometer.workflow.batch.journal import Journal
from kyphometer.workflow.batch.spread import IN_FLIGHT, cluster, processes, spread
from kyphometer.workflow.batch.table import check_table, write_table
from kyphometer.workflow.batch.task import (
    PASSED_OVER,
    FilmTask,
    Row,
    failure_row,
    film_rows,
    mark_of,
    state_of,
)
from kyphometer.workflow.films import Failure, look_through

DIED = "Measuring it ended the process, twice; the file may be damaged: look at it by itself."


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlan:
    """What to measure, and how.

    Attributes
    ----------
    root
        Folder, zip archive, DICOMDIR or film.
    out
        Table to write, `.csv` or `.parquet`; what is done is kept beside it.
    workers
        Processes; None takes one for each core that this process may use.
    scheduler
        Address of a Dask scheduler to measure there instead.
    afresh
        Measure again what was done before.
    options
        For `workflow.measure_file`.
    """

    root: Path
    out: Path
    workers: int | None = None
    scheduler: str | None = None
    afresh: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def journal(self) -> Path:
        """File of what is done."""
        return self.out.with_name(f"{self.out.name}.done")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReport:
    """What became of the films.

    Attributes
    ----------
    films
        How many there are.
    states
        How many of them by state: `measured`, `not given`, `failed`, `passed over`.
    before
        How many of them an earlier run had done.
    """

    films: int
    states: Mapping[str, int]
    before: int

    @property
    def failed(self) -> int:
        """Films that should have been measured and were not."""
        return self.states.get("failed", 0)


Told = Callable[[int, int, int], None]
"""Is told how many films are done, how many of them by this run, and how many there are."""


def run_batch(plan: BatchPlan, told: Told | None = None) -> BatchReport:
    """Measure every film from the reading beside it; go on where an earlier run was stopped.

    Parameters
    ----------
    plan
        What and how.
    told
        Called after each film.

    Raises
    ------
    TableSuffixError, MissingExtraError
        If the table could not be written; nothing was measured.
    SchedulerError
        If no Dask scheduler answers.
    BatchRunningError, BatchFileError
        If another run writes to the same table, or a file cannot be written.
    """
    check_table(plan.out)
    with Unpacked(keep=False) as unpacked, Journal(plan.journal, afresh=plan.afresh) as journal:
        files, passed = look_through([plan.root], unpacked)
        tasks = [_task(path, plan, unpacked) for path in files]
        waiting = [task for task in tasks if not journal.is_done(task.name, task.mark)]
        before = len(tasks) - len(waiting)
        if waiting:
            _work(plan, waiting, journal, partial(_tell, told, before, len(tasks)))
        states: Counter[str] = Counter()
        write_table(plan.out, _all_rows(tasks, journal, passed, plan.root, states))
    return BatchReport(films=len(tasks), states=dict(states), before=before)


def _task(path: Path, plan: BatchPlan, unpacked: Unpacked) -> FilmTask:
    inside = unpacked.within(path)
    return FilmTask(
        path=path,
        name=_below(path, plan.root) if inside is None else str(inside),
        mark=mark_of(path, plan.options, timed=inside is None),
        options=plan.options,
    )


def _below(path: Path, root: Path) -> str:
    """A file's name below the folder that was given, or that of the file that was given."""
    folder = root if root.is_dir() else root.parent
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _work(
    plan: BatchPlan, waiting: Sequence[FilmTask], journal: Journal, told: Callable[[int], None]
) -> None:
    for number, (task, rows) in enumerate(_answers(plan, waiting), 1):
        if rows is None:
            rows = [failure_row(task.name, Failure(path=task.path, reason=DIED))]
        journal.add(task.name, task.mark, rows)
        told(number)


def _answers(
    plan: BatchPlan, waiting: Sequence[FilmTask]
) -> Iterator[tuple[FilmTask, list[Row] | None]]:
    if plan.scheduler is not None:
        with cluster(plan.scheduler) as (executor, threads):
            yield from spread(executor, film_rows, waiting, in_flight=IN_FLIGHT * threads)
        return
    workers = min(plan.workers or _cores(), len(waiting))
    make = partial(processes, workers)
    yield from spread(make(), film_rows, waiting, in_flight=IN_FLIGHT * workers, renew=make)


def _cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # pragma: no cover (not on Linux)
        return os.cpu_count() or 1


def _tell(told: Told | None, before: int, films: int, number: int) -> None:
    if told is not None:
        told(before + number, number, films)


def _all_rows(
    tasks: Iterable[FilmTask],
    journal: Journal,
    passed: Iterable[PassedOver],
    root: Path,
    states: Counter[str],
) -> Iterator[Row]:
    """Rows of all films in their order, then of what was passed over; counts films by state."""
    for task in tasks:
        rows = journal.rows(task.name)
        states[state_of(rows)] += 1
        yield from rows
    for item in passed:
        states[PASSED_OVER] += 1
        failure = Failure(path=item.path, reason=item.sentence, passed_over=True)
        yield failure_row(_below(item.path, root), failure)
