"""Small words for writing JSON Schema: what an answer holds, and nothing else."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
DATE: Schema = {"type": "string", "format": "date"}
POINT: Schema = {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2}
ANY_OBJECT: Schema = {"type": "object"}


def choice(*values: str) -> Schema:
    """One of these words."""
    return {"type": "string", "enum": list(values)}


def maybe(schema: Schema) -> Schema:
    """That, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: Schema) -> Schema:
    """A list of those."""
    return {"type": "array", "items": schema}


def ref(name: str) -> Schema:
    """The component of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(members: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object with all of `members`, perhaps some of `optional`, and nothing else."""
    return {
        "type": "object",
        "properties": {**members, **(optional or {})},
        "required": list(members),
        "additionalProperties": False,
    }


def body(members: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object that a request carries: unknown members are ignored."""
    return {
        "type": "object",
        "properties": {**members, **(optional or {})},
        "required": list(members),
    }
