"""Who is signed in: random identifiers with an end, renewed while in use.

Kept in memory: a restart signs everybody out and loses nothing, since drafts are on disk. Only a
hash of each identifier is kept, so that a memory dump or log opens no door.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from kyphometer.web.access.visitors import Role

IDLE_S = 3600.0
"""A sign-in ends when it was not used for an hour,"""
LIFETIME_S = 12 * 3600.0
"""and after twelve hours in any case."""
ROTATE_S = 900.0
"""Its identifier is replaced every quarter of an hour;"""
GRACE_S = 60.0
"""the old one still opens for a minute, for requests that were already under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One person signed in from one browser.

    Attributes
    ----------
    login, observer, role
        Who it is.
    csrf
        Value that changing requests must carry; stays while the identifier changes.
    first_password
        True if the password must be changed before anything else.
    began, used, rotated
        Moments on the server's monotonic clock, in seconds.
    token
        Identity token of the provider that vouched, for signing out there too; empty if none did.
    expires
        Moment after which this identifier opens nothing, or infinity.
    successor
        Identifier that replaced this one (in clear, until the grace ends), or None.
    """

    login: str
    observer: str
    role: Role
    csrf: str
    began: float
    used: float
    rotated: float
    first_password: bool = False
    token: str = ""
    expires: float = float("inf")
    successor: str | None = None


class SignIns:
    """All sign-ins of a server."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, SignIn] = {}

    def begin(
        self,
        login: str,
        observer: str,
        role: Role,
        *,
        first_password: bool = False,
        token: str = "",
    ) -> tuple[str, SignIn]:
        """Sign somebody in; always under a new identifier."""
        now, identifier = self._clock(), secrets.token_urlsafe(32)
        begun = SignIn(
            login=login,
            observer=observer,
            role=role,
            csrf=secrets.token_urlsafe(32),
            began=now,
            used=now,
            rotated=now,
            first_password=first_password,
            token=token,
        )
        with self._lock:
            self._drop_ended(now)
            self._known[_key(identifier)] = begun
        return identifier, begun

    def use(self, identifier: str) -> tuple[SignIn, str | None] | None:
        """Find a sign-in, with its new identifier if replaced; None if it opens nothing."""
        now, key = self._clock(), _key(identifier)
        with self._lock:
            found = self._known.get(key)
            if found is None or self._has_ended(found, now):
                self._known.pop(key, None)
                return None
            if found.successor is not None:
                return found, found.successor
            used = replace(found, used=now)
            if now - found.rotated < ROTATE_S:
                self._known[key] = used
                return used, None
            successor = secrets.token_urlsafe(32)
            self._known[_key(successor)] = replace(used, rotated=now)
            self._known[key] = replace(used, expires=now + GRACE_S, successor=successor)
            return used, successor

    def end(self, identifier: str) -> SignIn | None:
        """Sign out: this identifier, and the one that replaced it; what has ended."""
        with self._lock:
            ended = self._known.pop(_key(identifier), None)
            if ended is not None:
                self._known = {k: s for k, s in self._known.items() if s.csrf != ended.csrf}
        return ended

    def end_all(self, login: str) -> None:
        """Sign a person out everywhere: after a change of password, role or state."""
        with self._lock:
            self._known = {k: s for k, s in self._known.items() if s.login != login}

    def seconds_left(self, sign_in: SignIn) -> float:
        """How long it can last at most: no cookie is to be kept longer."""
        return max(0.0, LIFETIME_S - (self._clock() - sign_in.began))

    def _has_ended(self, known: SignIn, now: float) -> bool:
        return now - known.used > IDLE_S or now - known.began > LIFETIME_S or now > known.expires

    def _drop_ended(self, now: float) -> None:
        self._known = {k: s for k, s in self._known.items() if not self._has_ended(s, now)}


def _key(identifier: str) -> str:
    return hashlib.sha256(identifier.encode("utf-8", "replace")).hexdigest()
