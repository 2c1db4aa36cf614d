"""Description of the API (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any


def description() -> dict[str, Any]:
    """The OpenAPI document."""
    return {"openapi": "3.1.0"}
