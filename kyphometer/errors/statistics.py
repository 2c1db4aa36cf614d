"""Errors of data that a statistic cannot be made of."""

from __future__ import annotations

from kyphometer.errors.base import KyphometerError


class StatisticsError(KyphometerError):
    """Too little or impossible data for a statistic."""

    exit_status = 6
    http_status = 422


class TooFewValuesError(StatisticsError):
    """Too few values, pairs, patients or visits for a statistic."""


class UnusableDataError(StatisticsError):
    """Data or options that no statistic can be computed from."""


class TooFewDataError(StatisticsError):
    """A statistic was asked of fewer data than it needs."""


class NoVariationError(StatisticsError):
    """A statistic divides by a variation that the data do not have."""


class IncompleteDesignError(StatisticsError):
    """A balanced method was asked of readings with missing cells."""


class ParameterRangeError(StatisticsError):
    """A parameter of a statistic lies outside the range in which it means something."""
