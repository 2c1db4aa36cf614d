"""JSON documents held to declared types: values, the schema, and which member is wrong.

A document is declared once, as msgspec types. msgspec converts and checks it in one go; only when
it refuses is the document walked, to name the member by its full place, which msgspec does not do
below the keys of a mapping, and to say in words what it must be.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping
from enum import Enum
from inspect import cleandoc
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec

_T = TypeVar("_T")
_COUNTS = {2: "two", 3: "three", 4: "four"}
_SHOWN = reprlib.Repr()
_SHOWN.maxstring = _SHOWN.maxlong = _SHOWN.maxother = 60


class MemberError(ValueError):
    """A member of a document is missing, of the wrong kind, or impossible.

    Attributes
    ----------
    place
        The member, as in `vertebrae.L1.superior`; empty for the document itself.
    problem
        What is wrong with it, to follow its name in a sentence.
    """

    def __init__(self, place: str, problem: str) -> None:
        self.place = place
        self.problem = problem
        super().__init__(f"'{place}' {problem}" if place else f"the document {problem}")


def typed(document: Any, kind: type[_T]) -> _T:
    """The value of a declared type that a decoded document holds.

    Members that the type does not declare are left out, unless it forbids them.

    Raises
    ------
    MemberError
        If the document is not of that type; names the first member that is wrong.
    """
    try:
        return msgspec.convert(document, kind)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        for place, problem in _wrong(document, kind, ""):
            raise MemberError(place, problem) from None
        raise MemberError("", f"cannot be read ({error})") from None


def json_schema(kind: Any, **about: Any) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a declared type, with `about` at its top."""
    made = msgspec.json.schema(kind, ref_template="#/$defs/{name}")
    parts = made.pop("$defs")
    for part in parts.values():
        if "description" in part:  # not every version of msgspec takes the indent off
            part["description"] = cleandoc(part["description"])
    top = parts.pop(made["$ref"].rpartition("/")[2])
    return {**top, **about, "$defs": dict(sorted(parts.items()))}


def _wrong(value: Any, kind: Any, place: str) -> Iterator[tuple[str, str]]:
    """Places of wrong members, in the order of declaration, with what is wrong."""
    kind, nullable = _plain(kind)
    if value is None and nullable:
        return
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    origin = get_origin(bare) or bare
    if isinstance(origin, type) and issubclass(origin, msgspec.Struct | Mapping):
        if not isinstance(value, dict):
            yield place, "must be a JSON object"
        elif issubclass(origin, msgspec.Struct):
            yield from _wrong_members(value, origin, place)
        else:
            for name, item in value.items():
                yield from _wrong(item, get_args(bare)[1], _inside(place, name))
    elif origin is list and isinstance(value, list) and _fits(value, _any_items(kind)):
        for index, item in enumerate(value):
            yield from _wrong(item, get_args(bare)[0], f"{place}[{index}]")
    elif not _fits(value, kind):
        yield place, f"must be {_words(kind)}, not {_SHOWN.repr(value)}"


def _wrong_members(value: dict[str, Any], kind: Any, place: str) -> Iterator[tuple[str, str]]:
    fields = msgspec.structs.fields(kind)
    for field in fields:
        inside = _inside(place, field.encode_name)
        if field.encode_name in value:
            yield from _wrong(value[field.encode_name], field.type, inside)
        elif field.required:
            yield inside, "is missing"
    names = [field.encode_name for field in fields]
    unknown = sorted(repr(name) for name in value if name not in names)
    if unknown and kind.__struct_config__.forbid_unknown_fields:
        yield place, f"has {', '.join(unknown)}; only {', '.join(map(repr, names))} are known"


def _inside(place: str, name: object) -> str:
    shown = str(name).encode("utf-8", "backslashreplace").decode()
    return f"{place}.{shown}" if place else shown


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, UnicodeEncodeError):
        return False
    return True


def _plain(kind: Any) -> tuple[Any, bool]:
    """A type without null, and whether null is allowed too."""
    if get_origin(kind) is Annotated and get_origin(get_args(kind)[0]) in (Union, UnionType):
        kind = get_args(kind)[0]
    if get_origin(kind) not in (Union, UnionType):
        return kind, False
    options = [item for item in get_args(kind) if item is not msgspec.UnsetType]
    others = [item for item in options if item is not type(None)]
    return (others[0] if len(others) == 1 else Union[tuple(others)]), len(others) < len(options)  # noqa: UP007


def _any_items(kind: Any) -> Any:
    """A list's type with its bounds of length, whatever its items are."""
    rules = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
    return Annotated[(list, *rules)] if rules else list


def _words(kind: Any, *, many: bool = False) -> str:
    """What a member must be: `a number from 0 to 1`, or in the plural for items of a list."""
    rules: tuple[Any, ...] = ()
    if get_origin(kind) is Annotated:
        kind, *found = get_args(kind)
        rules = tuple(rule for rule in found if isinstance(rule, msgspec.Meta))
    if get_origin(kind) is list:
        size = next((rule.min_length for rule in rules if rule.min_length), None)
        most = next((rule.max_length for rule in rules if rule.max_length), None)
        of = f"{_COUNTS.get(size, size)} " if size else f"at most {most:,} " if most else ""
        items = _words(get_args(kind)[0], many=True)
        return f"lists of {of}{items}" if many else f"a list of {of}{items}"
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(repr(member.value) for member in kind)
    if kind in (int, float):
        return _number_words(kind, rules, many=many)
    if kind is str:
        return "text" + "".join(map(_text_words, rules))
    return "true or false" if kind is bool else "JSON objects" if many else "usable"


def _text_words(rule: msgspec.Meta) -> str:
    low, most = rule.min_length, rule.max_length
    size = f" of {low or 0:,} to {most:,} characters" if most else ""
    return f"{size} like {rule.pattern}" if rule.pattern else size


def _number_words(kind: type, rules: tuple[Any, ...], *, many: bool) -> str:
    what = "whole number" if kind is int else "number"
    bounds = "".join(map(_bounds, rules))
    return f"{what}s{bounds}" if many else f"a {what}{bounds}"


def _bounds(rule: msgspec.Meta) -> str:
    """`from 0 to 1`, or `above 0 and at most 45`."""
    if rule.ge is not None and rule.le is not None:
        return f" from {rule.ge:,.10g} to {rule.le:,.10g}"
    named = {"at least": rule.ge, "above": rule.gt, "at most": rule.le, "below": rule.lt}
    known = [f"{word} {limit:,.10g}" for word, limit in named.items() if limit is not None]
    return f" {' and '.join(known)}" if known else ""
