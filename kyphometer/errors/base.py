"""The root of the error tree."""

from __future__ import annotations

from typing import ClassVar


class KyphometerError(Exception):
    """Base of every error that Kyphometer raises on purpose."""

    exit_status: ClassVar[int] = 1
    http_status: ClassVar[int] = 400
