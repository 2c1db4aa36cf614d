"""What requests carry: JSON of declared types, and nothing that would break a store later."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn, TypeVar, get_args

import msgspec
from starlette.requests import Request

from kyphometer.errors import MediaTypeError, RequestError, RequestMemberError
from kyphometer.typed_json import MemberError, typed

_T = TypeVar("_T", bound=msgspec.Struct)
_COUNT = re.compile("[0-9]{1,9}")


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
        raise RequestError("body_no_json") from None
    if not isinstance(found, dict):
        raise RequestError("body_no_object")
    if b"\\u" in raw and not _is_storable(found):
        raise RequestError("body_unstorable")
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


async def asked_body(request: Request, kind: type[_T]) -> _T:
    """What a request carries, as its declared type.

    Raises
    ------
    MediaTypeError, RequestError
        If it is no JSON object, or none of that type: the sentence names the member.
    """
    return _asked(await json_object(request), kind)


def asked_query(request: Request, kind: type[_T]) -> _T:
    """What the address asks for after its question mark; what is empty is left out."""
    given: dict[str, Any] = {name: text for name, text in request.query_params.items() if text}
    for field in msgspec.structs.fields(kind):
        text = given.get(field.name, "")
        if int in get_args(field.type) and _COUNT.fullmatch(text):
            given[field.name] = int(text)
    return _asked(given, kind)


def _asked(document: Any, kind: type[_T]) -> _T:
    try:
        return typed(document, kind)
    except MemberError as error:
        raise RequestMemberError(error.place, error.problem) from None
