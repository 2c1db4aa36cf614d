"""What a reader's service answers with."""

from __future__ import annotations

from typing import Any

Answer = dict[str, Any]
"""A JSON object on its way to the page; its shape is described in `openapi`."""
