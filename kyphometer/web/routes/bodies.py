"""Bodies of requests: JSON objects, and nothing that would break a store later."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from starlette.requests import Request

from kyphometer.errors import MediaTypeError, RequestError

MAX_TEXT = 20_000


async def json_object(request: Request) -> dict[str, Any]:
    """The JSON object that a request carries.

    Raises
    ------
    MediaTypeError
        If the body is not declared as JSON.
    RequestError
        If it is none, holds NaN or infinity, or text that cannot be stored.
    """
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != "application/json":
        raise MediaTypeError(declared)
    raw = await request.body()
    try:
        found = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise RequestError("The request's body is not JSON", "send a JSON object") from None
    if not isinstance(found, dict):
        raise RequestError("The request's body is no JSON object", "send a JSON object")
    if b"\\u" in raw and not _is_storable(found):
        problem = "The request's text holds characters that cannot be stored"
        raise RequestError(problem, "leave out NUL characters and half surrogate pairs")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _is_storable(document: dict[str, Any]) -> bool:
    text = json.dumps(document, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\\u0000" not in text


def member_object(body: dict[str, Any], name: str) -> dict[str, Any]:
    """A member that must be an object."""
    value = body.get(name)
    if not isinstance(value, dict):
        raise RequestError(f"The member '{name}' is not a JSON object", "send the whole request")
    return value


def member_text(body: dict[str, Any], name: str) -> str | None:
    """A member that must be text, or null or absent."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise RequestError(f"The member '{name}' is not text", "send text or null")
    if value is not None and len(value) > MAX_TEXT:
        raise RequestError(f"The member '{name}' is too long", f"use at most {MAX_TEXT} characters")
    return value


def member_number(body: dict[str, Any], name: str) -> float | None:
    """A member that must be a number, or null or absent."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e12:
        raise RequestError(f"The member '{name}' is not a usable number", "send a number or null")
    return float(value)


def query_count(request: Request, name: str, default: int, most: int) -> int:
    """A whole number from the address, from 0 to `most`."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) <= most):
        raise RequestError(
            f"'{name}' is not a whole number from 0 to {most}", "correct the address"
        )
    return int(text)
