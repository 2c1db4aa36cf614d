"""Who reads, and with what: configuration of the page, accounts, progress, planning."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from kyphometer.anatomy import Level
from kyphometer.film import Position
from kyphometer.reading import CornerRule
from kyphometer.reliability import SampleSize
from kyphometer.web.access.passwords import MAX_LENGTH
from kyphometer.web.access.sign_in_log import Attempt
from kyphometer.web.access.visitors import Role
from kyphometer.web.server.settings import Mode
from kyphometer.web.wire.base import Asked, Count, Number, Text, Told

Word = Annotated[str, Meta(min_length=1, max_length=MAX_LENGTH)]

# ------------------------------------------------------------------------------------- asked for


class SignIn(Asked, frozen=True, kw_only=True):
    """Name and password; needless where a reverse proxy says who it is."""

    name: Word | None = None
    password: Word | None = None


class ChangePassword(Asked, frozen=True, kw_only=True):
    """The old password and the new one."""

    old: Word
    new: Word


class AddUser(Asked, frozen=True, kw_only=True):
    """A new account; its observer's code is its name unless given."""

    name: Word
    role: Role
    observer: Text | None = None


class ChangeUser(Asked, frozen=True, kw_only=True):
    """What is to be changed of an account."""

    role: Role | None = None
    active: bool | None = None


class Planning(Asked, frozen=True, kw_only=True):
    """Power and confidence of a plan."""

    power: Number | None = None
    confidence: Number | None = None


class PlanIcc(Planning, frozen=True, kw_only=True):
    """How well an intraclass correlation is to be known."""

    expected: Number
    null: Number | None = None
    width: Number | None = None
    readings: Annotated[int, Meta(ge=2, le=1000)] | None = None


class PlanLimits(Planning, frozen=True, kw_only=True):
    """How well limits of agreement are to be known, in degrees."""

    tolerance: Number
    sd: Number | None = None
    standard_error: Number | None = None
    bias: Number | None = None


# ------------------------------------------------------------------------------------- told


class User(Told, frozen=True, kw_only=True):
    """Who is signed in."""

    name: str
    role: Role


class SignedIn(Told, frozen=True, kw_only=True):
    """Somebody has signed in; `csrf` goes with every change."""

    user: User
    csrf: str
    first_password: bool


class Ways(Told, frozen=True, kw_only=True):
    """How people sign in: the name of the identity provider, if any, and whether passwords open."""

    provider: str | None
    passwords: bool


class SignedOut(Told, frozen=True, kw_only=True):
    """Nobody is signed in any more; `go_to` is where to sign out of the identity provider too."""

    go_to: str | None


class Account(Told, frozen=True, kw_only=True):
    """An account."""

    name: str
    role: Role
    observer: str
    active: bool
    created: str


class Accounts(Told, frozen=True, kw_only=True):
    """All accounts."""

    users: list[Account]


class NewAccount(Told, frozen=True, kw_only=True):
    """A new account, with its first password, told once."""

    name: str
    password: str


class SignIns(Told, frozen=True, kw_only=True):
    """The newest attempts to sign in."""

    sign_ins: list[Attempt]


class Help(Told, frozen=True, kw_only=True):
    """Help from the image."""

    available: bool
    allowed: bool


class Definition(Told, frozen=True, kw_only=True):
    """An angle between two lines."""

    code: str
    label: str
    upper: str
    lower: str
    description: str


class Config(Told, frozen=True, kw_only=True):
    """What the page needs to begin."""

    version: str
    mode: Mode
    user: User | None
    sign_in: Literal["password", "proxy"]
    observer: str
    csrf: str
    blinded: bool
    languages: list[str]
    corner_sd_mm: float
    fractured_level: Level | None
    sending: bool
    fetching: bool
    incoming: bool
    assist: Help
    levels: list[Level]
    position_values: list[Position]
    corner_rules: list[CornerRule]
    definitions: list[Definition]


class ObserverProgress(Told, frozen=True, kw_only=True):
    """How far an observer is."""

    observer: str
    read: Count
    draft: Count
    unread: Count
    total: Count


class Progress(Told, frozen=True, kw_only=True):
    """How far everybody is."""

    observers: list[ObserverProgress]


class SampleSizes(Told, frozen=True, kw_only=True):
    """How many films or pairs of readings, by several methods."""

    sizes: list[SampleSize]
