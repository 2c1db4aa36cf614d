"""Errors of the command or call itself."""

from __future__ import annotations

from kyphometer.errors.base import KyphometerError


class UsageError(KyphometerError):
    """The command or call itself is wrong."""

    exit_status = 2


class MissingExtraError(UsageError):
    """A package that an extra brings along is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(package=package, extra=extra)


class VisitWindowError(UsageError):
    """Visit windows that contradict each other."""

    def __init__(self, visit: str, problem: str) -> None:
        super().__init__(f"Visit windows, {visit}: {problem}; correct the study's windows.")


class UnknownConditionError(UsageError):
    """A simulation condition that does not exist."""

    def __init__(self, name: str, known: str) -> None:
        super().__init__(f"'{name}' is no simulation condition; use one of {known}.")


class UnreachableAngleError(UsageError):
    """A simulated vertebra cannot be bent to a wanted angle."""

    def __init__(self, level: str, vka_deg: float | None, rka_deg: float | None) -> None:
        wanted = ", ".join(
            f"{name} {value:.1f}"
            for name, value in (("VKA", vka_deg), ("RKA", rka_deg))
            if value is not None
        )
        super().__init__(
            f"{level} cannot be bent to {wanted} degrees; ask for an angle between -20 and 35."
        )


class TableSuffixError(UsageError):
    """A table is to be written to a file whose ending says no known format."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"'{name}' names no format of a table; end it in {' or '.join(known)}.")


class BatchRunningError(UsageError):
    """Another program is writing the same results."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"Another run is writing to '{path}'; wait for it, or give --out another name."
        )


class BatchFileError(UsageError):
    """A batch's results cannot be written."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"'{path}' cannot be written ({reason}); choose another place for --out.")


class SchedulerError(UsageError):
    """No Dask scheduler answers."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(
            f"No Dask scheduler answers at '{address}' ({reason}); start one, or leave --scheduler "
            "out to use this machine."
        )


class AcceptanceRecordError(UsageError):
    """A file that should hold an earlier acceptance does not."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name=name, problem=problem)
