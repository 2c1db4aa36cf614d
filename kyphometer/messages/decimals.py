"""Numbers that stand in a text, with another decimal mark."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?<![\d.])(\d+)\.(\d+)(?![\d.])")


def with_decimal(text: str, mark: str) -> str:
    """Text whose decimal points are that mark; versions and dates of several points stay."""
    return text if mark == "." else _NUMBER.sub(rf"\1{mark}\2", text)
