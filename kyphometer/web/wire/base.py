"""What requests and answers have in common."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Text = Annotated[str, Meta(max_length=20_000)]
Number = Annotated[float, Meta(ge=-1e12, le=1e12)]
Pair = tuple[float, float]
Count = Annotated[int, Meta(ge=0)]
Status = Literal["unread", "draft", "read"]
Source = Literal["draft", "reading", "none"]
Json = dict[str, Any]
STATE = ("etag", "document", "version", "source")
"""What a page that was slower is told: members of a document with its tag."""
Draft = Annotated[
    Json,
    Meta(
        description="A reading (`kyphometer schema reading`) in which corners may still be "
        "missing; its member `draft` is the page's own and is dropped on confirmation."
    ),
]


class Told(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer, or a part of one: all members are there but those that may be `UNSET`."""


class Asked(Struct, frozen=True, kw_only=True):
    """What a request carries; members that are not declared are ignored."""


class Ok(Told, frozen=True, kw_only=True):
    """Done."""

    ok: bool = True
