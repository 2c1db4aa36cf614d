"""What did not come or go."""

from __future__ import annotations

from dataclasses import dataclass

from kyphometer.errors import KyphometerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What did not come or go, and why."""

    name: str
    error: KyphometerError
