"""What the page is told of destinations and of what is on its way, as types."""

from __future__ import annotations

from typing import Literal

from msgspec import field

from kyphometer.interop.network.destinations import Part
from kyphometer.web.wire.base import Asked, Count, Told


class Send(Asked, frozen=True, kw_only=True):
    """Send these parts to a destination."""

    destination: str
    parts: list[Part]


class SendTarget(Told, frozen=True, kw_only=True):
    """A destination, with the parts that it gets unless the reader chooses others."""

    name: str
    address: str
    parts: list[Part]


class SendJob(Told, frozen=True, kw_only=True):
    """What has become of one sending.

    Attributes
    ----------
    done, total
        Objects that are through, of those to be sent.
    sent, known
        Objects that the archive has confirmed now, and those that it had confirmed before.
    problems
        What could not be made or was refused, a sentence each.
    ended
        What ended it early; None if nothing did.
    """

    destination: str
    parts: list[Part]
    state: Literal["waiting", "making", "sending", "done"]
    done: Count = 0
    total: Count = 0
    sent: Count = 0
    known: Count = 0
    problems: list[str] = field(default_factory=list)
    ended: str | None = None


class Sending(Told, frozen=True, kw_only=True):
    """Where a confirmed reading can be sent; `problem` says why nowhere.

    Attributes
    ----------
    version
        The confirmed version that is sent.
    parts
        Everything that can be sent of it.
    job
        The last sending of this reading since the server started.
    """

    version: Count
    parts: list[Part]
    destinations: list[SendTarget]
    problem: str | None
    job: SendJob | None
