"""Films and the work list."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from kyphometer.anatomy import Level
from kyphometer.film import Position, VoiWindow
from kyphometer.geometry import Facing, SpacingSource
from kyphometer.web.wire.base import Asked, Count, Status, Told

Sort = Literal["patient", "date", "status", "name", "doubt", "certain"]
Part = Literal[
    "unread", "draft", "read", "mine", "flagged", "failed", "proposed", "doubtful", "refused"
]


class WorkQuery(Asked, frozen=True, kw_only=True):
    """Which part of the work list is asked for.

    `query` holds words that must be found. `status` is one, `mine` (begun or read), `flagged`
    (something is to be known of the film), `proposed`, `doubtful` or `refused` (a proposal waits,
    one that is in doubt, or the film was looked at and nothing is proposed); None for all. Sorted
    by patient and visit, newest first, unread first, by name of the file, or by the doubt of
    proposals that wait: most doubtful or most certain first, films without one at the end.
    """

    query: str = ""
    status: Part | None = None
    sort: Sort = "patient"
    offset: Annotated[int, Meta(ge=0, le=10_000_000)] = 0
    limit: Annotated[int, Meta(ge=0, le=500)] = 100

    @property
    def words(self) -> list[str]:
        """Words that must be found, of any case."""
        return self.query[:200].casefold().split()


class Named(Told, frozen=True, kw_only=True):
    """What names a film."""

    film_id: str
    label: str
    patient: str | None
    visit: str | None
    date: date | None
    position: Position | None


class Sibling(Named, frozen=True, kw_only=True):
    """A film of the same patient."""

    status: Status


class Group(Told, frozen=True, kw_only=True):
    """Films of a patient, and how many of them are read."""

    films: Count
    read: Count


class WaitingDoubt(Told, frozen=True, kw_only=True):
    """What is doubtful of a proposal that waits for this reader.

    `levels` are proposed, `doubtful` those of them that are only taken one by one, `largest` the
    probability that a corner of the most doubtful body is off by more than 3 mm. `reason` says why
    nothing is proposed, `other` that it is no lateral film of a spine.
    """

    levels: list[str]
    doubtful: list[str]
    largest: float
    sure: bool
    reason: str
    other: bool


class WorkLine(Named, frozen=True, kw_only=True):
    """A line of the work list; `group` where a patient begins, `error` if it is no film."""

    status: Literal["unread", "draft", "read", "failed"]
    fractured_levels: list[str]
    others: list[str]
    warnings: list[str]
    group: Group | None
    waiting: WaitingDoubt | None = None
    error: str | UnsetType = UNSET


class Counts(Told, frozen=True, kw_only=True):
    """How far the reader is with the whole list."""

    read: Count
    draft: Count
    total: Count
    failed: Count


class OtherReader(Told, frozen=True, kw_only=True):
    """Another observer, and how many films that one has read."""

    observer: str
    films: Count


class WorkList(Told, frozen=True, kw_only=True):
    """A page of the films to read; `waiting` if there are proposals beside films."""

    total: Count
    progress: Counts
    others: list[OtherReader]
    items: list[WorkLine]
    waiting: bool = False


class Geometry(Told, frozen=True, kw_only=True):
    """Pixel geometry with its source."""

    row_mm: float | None
    column_mm: float | None
    aspect: float
    source: SpacingSource
    in_patient: bool


class Lut(Told, frozen=True, kw_only=True):
    """A lookup table for display."""

    explanation: str
    first: int
    bits: Count
    values: list[Count]


class Pixels(Told, frozen=True, kw_only=True):
    """How the transported values become modality values and grey levels."""

    slope: float
    intercept: float
    bits: Count
    padding: list[Count] | None
    inverted: bool
    windows: list[VoiWindow]
    luts: list[Lut]


class Film(Named, frozen=True, kw_only=True):
    """Everything the page shows about a film but its pixels; `facts` by name."""

    rows: Count
    columns: Count
    facing: Facing | None
    view: str | None
    facts: list[tuple[str, str]]
    warnings: list[str]
    geometry: Geometry
    pixels: Pixels | None
    siblings: list[Sibling]
    fractured_levels: list[Level]
    previous: str | None
    next: str | None
    error: str | None
