"""Errors of data that a statistic cannot be made of."""

from __future__ import annotations

from kyphometer.errors.base import KyphometerError


class StatisticsError(KyphometerError):
    """Too little or impossible data for a statistic."""

    exit_status = 6
    http_status = 422


class TooFewValuesError(StatisticsError):
    """Too few values, pairs, patients or visits for a statistic."""

    def __init__(self, what: str, n: int, needed: int, of: str = "values") -> None:
        super().__init__(f"{what} needs at least {needed} {of}, but there are {n}.")


class UnusableDataError(StatisticsError):
    """Data or options that no statistic can be computed from."""

    def __init__(self, what: str, problem: str, remedy: str) -> None:
        super().__init__(f"{what} {problem}; {remedy}.")


class TooFewDataError(StatisticsError):
    """A statistic was asked of fewer data than it needs."""

    def __init__(self, statistic: str, needed: str, found: str) -> None:
        super().__init__(f"{statistic} needs {needed}, but there is only {found}: read more.")


class NoVariationError(StatisticsError):
    """A statistic divides by a variation that the data do not have."""

    def __init__(self, statistic: str, what: str) -> None:
        super().__init__(
            f"{statistic} cannot be computed because {what}; check that values were not copied."
        )


class IncompleteDesignError(StatisticsError):
    """A balanced method was asked of readings with missing cells."""

    def __init__(self, statistic: str, missing: int, cells: int) -> None:
        super().__init__(
            f"{statistic} needs every observer to have read every film, but {missing} of {cells} "
            "readings are missing: use variance components by REML, or choose complete films."
        )


class ParameterRangeError(StatisticsError):
    """A parameter of a statistic lies outside the range in which it means something."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        super().__init__(f"{name} is {value}, but it must be {allowed}.")
