"""Description of the API (OpenAPI 3.1), made from the declared types of the routes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, get_args, get_origin

import msgspec

import kyphometer
from kyphometer.web.access.authentication import is_public
from kyphometer.web.blinded.answers import BlindedError
from kyphometer.web.routes.routing import Operation, TypedRoute
from kyphometer.web.wire.base import Told
from kyphometer.web.wire.told import Error

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
_TEMPLATE = "#/components/schemas/{name}"
_ALWAYS = (400, 401, 403, 404, 409, 500, 503)
_WITH_BODY = (413, 415, 422, 429, 507)
_NAMED = (422,)
_REFUSALS = (Error, BlindedError)
_SENTENCES = {
    400: "The request cannot be used.",
    401: "Nobody is signed in, or the key is missing.",
    403: "The visitor may not do this, or another web page asked for it.",
    404: "There is no such film, or nothing at this address.",
    409: "Somebody was faster, or the rules of the study forbid it; what is stored is in the body.",
    413: "The body is too large.",
    415: "The body is not declared as JSON.",
    422: "The film or the marks cannot be used; the sentence says why.",
    429: "Too many failed attempts to sign in; Retry-After says when to try again.",
    500: "The server met an error that it did not expect; nothing was changed.",
    503: "The study cannot be read or written at the moment.",
    507: "The disk is full; nothing was lost.",
}
_NAMES: dict[str, Schema] = {
    "film_id": {
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        "description": "Opaque name of a film, from the work list.",
    }
}


def describe(routes: Iterable[TypedRoute]) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    found = [route for route in routes if route.path.startswith("/api/")]
    operations = [one for route in found for one in route.operations.values()]
    bodies = [one.types["body"] for one in operations if "body" in one.types]
    answers = [kind for one in operations for kind in answer_types(one)[0]]
    declared = [*_REFUSALS, *bodies, *answers]
    schemas, components = msgspec.json.schema_components(declared, ref_template=_TEMPLATE)
    by_type = dict(zip(declared, schemas, strict=True))
    for kind in _answers():
        if kind.__name__ in components:
            _hold_to_what_is_sent(components[kind.__name__], kind)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kyphometer annotator",
            "version": kyphometer.__version__,
            "description": "Films, readings and live results for the page that marks endplates.",
        },
        "security": [{"cookie": []}, {"bearer": []}],
        "paths": {
            route.path: {
                method.lower(): _described(route.path, operation, by_type)
                for method, operation in route.operations.items()
            }
            for route in found
        },
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                "cookie": {"type": "apiKey", "in": "cookie", "name": "kyphometer"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _answers(kind: type[Told] = Told) -> Iterator[type[Told]]:
    for one in kind.__subclasses__():
        yield one
        yield from _answers(one)


def _hold_to_what_is_sent(component: Schema, kind: type[Told]) -> None:
    """Ask of an answer all members that it always has: a default is sent like any value."""
    fields = msgspec.structs.fields(kind)
    component["required"] = [
        field.encode_name for field in fields if field.default is not msgspec.UNSET
    ]
    for member in component["properties"].values():
        member.pop("default", None)


def answer_types(operation: Operation) -> tuple[list[Any], list[str]]:
    """Types of ours that an operation answers with, and media types of other answers."""
    kind = operation.types["return"]
    if get_origin(kind) is not Annotated:
        return list(get_args(kind)) or [kind], []
    held = get_args(kind)[1:]
    media = [name for name in held if not isinstance(name, type)]
    return [one for one in held if isinstance(one, type)], media


def _described(path: str, operation: Operation, schemas: dict[Any, Schema]) -> Schema:
    """One method of an address."""
    named = re.findall(r"{(\w+)}", path)
    body, query = operation.types.get("body"), operation.types.get("query")
    codes = {*_ALWAYS, *(_WITH_BODY if body or operation.takes else ()), *(_NAMED if named else ())}
    refusals = [schemas[kind] for kind in _REFUSALS]
    found: Schema = {
        "operationId": operation.handler.__name__,
        "summary": (inspect.getdoc(operation.handler) or "").partition("\n")[0],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": TEXT, **_NAMES.get(name, {})}
            for name in named
        ]
        + ([] if query is None else _parameters(query)),
        "responses": {
            **_done(operation, schemas),
            **{str(code): _told(_SENTENCES[code], *refusals) for code in sorted(codes)},
        },
    }
    if body is not None:
        found["requestBody"] = {"required": True, **_told("What is asked for.", schemas[body])}
    if operation.takes:
        shape = {"schema": {"type": "string", "format": "binary"}}
        found["requestBody"] = {"content": {operation.takes: shape}}  # an empty file has none
    if is_public(path):
        found["security"] = []
    return found


def _done(operation: Operation, schemas: dict[Any, Schema]) -> Schema:
    types, media = answer_types(operation)
    content: Schema = {name: {"schema": TEXT} for name in media}
    if types:
        content |= _told("", *(schemas[kind] for kind in types))["content"]
    done = {str(operation.status): {"description": "Done.", "content": content}}
    if types:
        return done
    return {**done, "304": {"description": "Not changed since the tag that was sent."}}


def _parameters(query: Any) -> list[Schema]:
    """What may stand after the question mark of an address; what would be null is left out."""
    shape = msgspec.json.schema_components([query])[1][query.__name__]
    return [
        {"name": name, "in": "query", "schema": _without_null(member)}
        for name, member in shape["properties"].items()
    ]


def _without_null(schema: Schema) -> Schema:
    plain = [item for item in schema.get("anyOf", ()) if item != {"type": "null"}]
    found = plain[0] if len(plain) == 1 else schema
    if "enum" in found:
        found = {**found, "enum": [value for value in found["enum"] if value is not None]}
    return {name: value for name, value in found.items() if value is not None}


def _told(words: str, *shapes: Schema) -> Schema:
    shape = shapes[0] if len(shapes) == 1 else {"anyOf": list(shapes)}
    return {"description": words, "content": {"application/json": {"schema": shape}}}
