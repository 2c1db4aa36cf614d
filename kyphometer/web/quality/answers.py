"""What the page of quality assurance sends and is told, as types."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from kyphometer.sessions.options import SessionOptions
from kyphometer.web.wire.base import Asked, Text, Told

USUAL = SessionOptions()
Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Names = Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=1000)]
Words = Annotated[str, Meta(max_length=2000)]


class NewSession(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A session to be planned; what is left out is as `kyphometer session new` has it."""

    code: Code
    observers: Names
    title: Words = ""
    patients: Names = msgspec.field(default_factory=list)
    visits: Names = msgspec.field(default_factory=list)
    positions: Names = msgspec.field(default_factory=list)
    films: Annotated[int, Meta(ge=1)] | None = None
    rounds: Annotated[int, Meta(ge=1, le=20)] = USUAL.rounds
    washout_days: Annotated[float, Meta(ge=0.0, le=3650.0)] = USUAL.washout_days
    duplicates: Annotated[float, Meta(ge=0.0, le=0.5)] = USUAL.duplicates
    mirrored: Share = USUAL.mirrored
    spacing: Annotated[int, Meta(ge=1, le=100)] = USUAL.spacing
    seed: Annotated[int, Meta(ge=0)] | None = None
    assist: bool = USUAL.assist
    fix_levels: bool = False
    text_checked: bool = False
    planning: Words = USUAL.planning
    training_patients: Names = msgspec.field(default_factory=list)
    reference: str | None = USUAL.reference
    pass_mark_deg: Annotated[float, Meta(ge=0.1, le=45.0)] = msgspec.field(
        default=USUAL.pass_mark_deg, name="pass_mark"
    )


class Reason(Asked, frozen=True, kw_only=True):
    """Why."""

    reason: Text | None = None


class Reopen(Reason, frozen=True, kw_only=True):
    """Why a session is opened again, or the item of that code."""

    item: Text | None = None


class Observed(Asked, frozen=True, kw_only=True):
    """The observer who is judged; all if left out."""

    observer: str | None = None


class Planned(Told, frozen=True, kw_only=True):
    """A session was planned; `remarks` are what its owner should know."""

    code: str
    showings: int
    remarks: list[str]


class Choices(Told, frozen=True, kw_only=True):
    """What a session can be planned from."""

    observers: list[str]
    patients: list[str]
    visits: list[str]
    positions: list[str]
    films: int


State = Literal["waiting", "wash-out", "open", "done", "locked", "passed", "not passed"]


class RoundRow(Told, frozen=True, kw_only=True):
    """One round of one observer; 0 is the training set."""

    round: int
    state: State
    read: int
    total: int
    opens_at: str | None


class ReaderRow(Told, frozen=True, kw_only=True):
    """How far an observer is; tells no value."""

    observer: str
    minutes: float | None
    rounds: list[RoundRow]


class SessionRow(Told, frozen=True, kw_only=True):
    """A session, how it was planned, and how far everybody is."""

    code: str
    title: str
    kind: str
    locked: bool
    may_be_seen: bool
    created: str
    process: str
    films: str
    readers: list[ReaderRow]


class SessionList(Told, frozen=True, kw_only=True):
    """All sessions, the newest first; `certificates` if the server has the key of a kit."""

    sessions: list[SessionRow]
    certificates: bool


class ReportColumn(Told, frozen=True, kw_only=True):
    """A column of a report's table."""

    label: str
    number: bool


class ReportBlock(Told, frozen=True, kw_only=True):
    """A part of a report; which members hold something depends on its kind."""

    kind: Literal["heading", "paragraph", "bullets", "table", "figure"]
    text: str
    level: int = 0
    items: list[str] = msgspec.field(default_factory=list)
    columns: list[ReportColumn] = msgspec.field(default_factory=list)
    rows: list[list[str]] = msgspec.field(default_factory=list)
    note: str = ""
    png: str = ""
    width: float = 1.0


class Report(Told, frozen=True, kw_only=True):
    """A report for the page: what the files hold, in the same order."""

    title: str
    subtitle: str
    facts: list[tuple[str, str]]
    blocks: list[ReportBlock]
