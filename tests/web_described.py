"""Holds live answers to the description of the API."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema

from kyphometer.web.routes.every import description

if TYPE_CHECKING:
    import httpx

SEEN: set[tuple[str, str]] = set()
"""Operations, by operationId and status, whose answers were held to the description."""


def hold(answer: httpx.Response) -> None:
    """Fail if an answer of the API is not described, or is not as it is described."""
    operation = _operation(answer.request.method.lower(), answer.request.url.path)
    status, media = (
        str(answer.status_code),
        answer.headers.get("content-type", "").partition(";")[0],
    )
    if operation is None or answer.request.method == "HEAD":
        return
    responses = operation["responses"]
    assert status in responses, f"{operation['operationId']} answers {status}: {answer.text[:300]}"
    content = {name.partition(";")[0] for name in responses[status].get("content", ())}
    assert media in content or not media, f"{operation['operationId']} answers {media}"
    SEEN.add((operation["operationId"], status))
    if media == "application/json":
        _validator(operation["operationId"], status).validate(answer.json())


def _operation(method: str, path: str) -> Any:
    found = [item for item in _paths() if item[0].fullmatch(path)]
    exact = min(found, key=lambda item: item[0].pattern.count("[^/]+"), default=(None, {}))
    return exact[1].get(method)


@cache
def _paths() -> list[tuple[re.Pattern[str], Any]]:
    return [
        (re.compile(re.sub(r"{\w+}", "[^/]+", path)), item)
        for path, item in description()["paths"].items()
    ]


@cache
def _validator(name: str, status: str) -> Any:
    operations = [one for _, item in _paths() for one in item.values()]
    operation = next(one for one in operations if one["operationId"] == name)
    schema = operation["responses"][status]["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator({**schema, "components": description()["components"]})
