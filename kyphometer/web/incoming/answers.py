"""What is asked and told about films that are handed in."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from kyphometer.web.wire.base import Asked, Count, Told

LARGEST_FILE = 4 << 30


class Part(Asked, frozen=True, kw_only=True):
    """A part of a file, which is the request's body.

    `upload` is the same for all parts of a file, `name` its name with the folders that it came in,
    `at` where the part begins, `size` the size of the file.
    """

    upload: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    name: Annotated[str, Meta(min_length=1, max_length=1000)]
    at: Annotated[int, Meta(ge=0, le=LARGEST_FILE)]
    size: Annotated[int, Meta(ge=0, le=LARGEST_FILE)]


class Sentence(Told, frozen=True, kw_only=True):
    """What is to be known of a file."""

    name: str
    sentence: str


class Incoming(Told, frozen=True, kw_only=True):
    """How far a file is; once it is `done`, the films that were new in it or known already."""

    done: bool
    added: Count = 0
    known: Count = 0
    refused: list[Sentence] = field(default_factory=list)
    notes: list[Sentence] = field(default_factory=list)
