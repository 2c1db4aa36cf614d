"""The description of the API tells the truth: every route is in it and answers as it says."""

from __future__ import annotations

import re
from typing import get_type_hints

import jsonschema
import pytest
from msgspec import Struct
from web_fakes import MemoryStore, film_record
from web_local import document, visitor

from kyphometer.web.blinded.answers import Blinded
from kyphometer.web.blinded.service import BlindedService
from kyphometer.web.openapi.document import answer_types
from kyphometer.web.routes.every import ROUTES, description
from kyphometer.web.wire.base import Asked, Told


@pytest.fixture
def client():
    return visitor(MemoryStore([film_record(1), film_record(2)]))


def test_every_route_is_described_and_nothing_else():
    routes = {
        (route.path, method.lower())
        for route in ROUTES
        if route.path.startswith("/api/")
        for method in route.methods - {"HEAD"}
    }
    described = {(path, method) for path, item in description()["paths"].items() for method in item}
    assert described == routes


@pytest.mark.parametrize(
    ("method", "operation"),
    [
        pytest.param(method, operation, id=operation.handler.__name__)
        for route in ROUTES
        if route.path.startswith("/api/")
        for method, operation in route.operations.items()
    ],
)
def test_every_route_declares_what_it_takes_and_what_it_answers(method, operation):
    """A type of ours, or media types for what is no JSON; only the description is any JSON."""
    types, media = answer_types(operation)
    name = operation.handler.__name__
    assert types or media
    assert all(issubclass(kind, Told) for kind in types) or name == "openapi"
    assert all("/" in one for one in media)
    takes = operation.types.get("body")
    other = takes is not None or bool(operation.takes)
    assert other == (method != "GET" and name != "logout")
    assert takes is None or issubclass(takes, Asked)


def test_answers_of_blinded_readers_are_of_their_own_types():
    """Whatever a blinded service may return is a blinded type: none is shared with an open one."""
    hints = [
        get_type_hints(method)["return"]
        for name, method in vars(BlindedService).items()
        if not name.startswith("_") and hasattr(method, "__code__")
    ]
    structs = [kind for kind in hints if isinstance(kind, type) and issubclass(kind, Struct)]
    assert len(structs) >= 8
    assert all(issubclass(kind, Blinded) for kind in structs)


def test_it_is_valid_openapi():
    """Every schema is a valid JSON Schema, every reference leads somewhere, names are unique."""
    document = description()
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    wanted = re.findall(r"#/components/schemas/(\w+)", str(document))
    assert set(wanted) <= set(schemas)
    names = [
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
    ]
    assert len(names) == len(set(names))
    for path, item in document["paths"].items():
        for operation in item.values():
            given = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
            assert given == set(re.findall(r"\{(\w+)\}", path))


def test_it_is_served(client):
    assert client.get("/api/openapi.json").json() == description()


def validator(name):
    whole = description()
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": whole["components"]}
    )


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/config", "Config"),
        ("/api/worklist", "WorkList"),
        ("/api/films/1", "Film"),
        ("/api/films/1/document", "Document"),
        ("/api/films/7", "Error"),
        ("/api/nowhere", "Error"),
    ],
)
def test_answers_have_the_described_shape(client, path, name):
    client.put("/api/films/1/draft", json={"document": document(), "base": None})
    validator(name).validate(client.get(path).json())


def test_results_have_the_described_shape(client):
    crossed = document()
    crossed["vertebrae"]["L1"]["inferior"]["anterior"]["xy"] = [300.0, 600.0]
    for draft in (document(), crossed):
        answer = client.post("/api/films/1/measure", json={"document": draft}).json()
        assert answer["measurements"]
        validator("Measured").validate(answer)
