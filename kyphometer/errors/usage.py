"""Errors of the command or call itself."""

from __future__ import annotations

from kyphometer.errors.base import KyphometerError
from kyphometer.messages import Word


class UsageError(KyphometerError):
    """The command or call itself is wrong."""

    exit_status = 2


class MissingExtraError(UsageError):
    """A package that an extra brings along is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(package=package, extra=extra)


class VisitWindowError(UsageError):
    """Visit windows that contradict each other."""


class UnknownConditionError(UsageError):
    """A simulation condition that does not exist."""

    def __init__(self, name: str, known: str) -> None:
        super().__init__(name=name, known=known)


class UnreachableAngleError(UsageError):
    """A simulated vertebra cannot be bent to a wanted angle."""

    def __init__(self, level: str, vka_deg: float | None, rka_deg: float | None) -> None:
        wanted = [
            f"{name} {value:.1f}"
            for name, value in (("VKA", vka_deg), ("RKA", rka_deg))
            if value is not None
        ]
        super().__init__(level=level, wanted=wanted)


class TableSuffixError(UsageError):
    """A table is to be written to a file whose ending says no known format."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name=name, known=list(known))


class BatchRunningError(UsageError):
    """Another program is writing the same results."""

    def __init__(self, path: str) -> None:
        super().__init__(path=path)


class BatchFileError(UsageError):
    """A batch's results cannot be written."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path=path, reason=reason)


class SchedulerError(UsageError):
    """No Dask scheduler answers."""

    def __init__(self, address: str, reason: str | Word) -> None:
        super().__init__(address=address, reason=reason)


class AcceptanceRecordError(UsageError):
    """A file that should hold an earlier acceptance does not."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name=name, problem=problem)
