"""Who is asking: visitors, their roles, and how they are recognised."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """What a person may do; each role may do all that the ones before it may."""

    OBSERVER = "observer"
    """Reads films; sees own readings."""
    QA = "qa"
    """Also sees everybody's readings and the progress of sessions."""
    OWNER = "owner"
    """Also manages the study and its accounts."""

    def includes(self, other: Role) -> bool:
        """True if this role may do what the other may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A person who was let in.

    Attributes
    ----------
    observer
        Code under which this person's readings are stored.
    name
        Account name, or None where there are no accounts.
    role
        What this person may do.
    csrf
        Value that every changing request must carry in its own header; a foreign page cannot know
        it.
    by_cookie
        True if the browser sent the proof by itself, so that a foreign page could have caused the
        request.
    reads_as
        Code under which the page reads, where one person works alone; None for `observer`.
    renewed
        New identifier that the cookie is to hold from now on, or None to leave it.
    seconds_left
        How long the sign-in can last at most, None where it has no end.
    first_password
        True if this person must choose an own password before anything else.
    """

    observer: str
    role: Role
    csrf: str
    name: str | None = None
    by_cookie: bool = True
    reads_as: str | None = None
    renewed: str | None = None
    seconds_left: float | None = None
    first_password: bool = False


class Authenticator(Protocol):
    """Recognises visitors by what their request carries."""

    async def recognise(self, cookies: Mapping[str, str], bearer: str | None) -> Visitor | None:
        """The visitor, or None for a stranger."""
        ...


class TokenAuthenticator:
    """Lets in whoever knows the token in the opened address; one person on this machine."""

    def __init__(self, token: str, cookie_name: str, observer: str) -> None:
        self._token = token
        self._cookie_name = cookie_name
        self._secret = derived(token, "cookie")
        self._csrf = derived(token, "csrf")
        self._observer = observer
        self._invitation: str | None = None

    def invite(self) -> str:
        """A second token that lets in once.

        It is for the browser's command line, which other people on this machine may be able to
        see; used up by the browser, it is worth nothing to them.
        """
        self._invitation = secrets.token_urlsafe(32)
        return self._invitation

    @property
    def cookie_value(self) -> str:
        """What the cookie holds: derived from the token, not the token itself."""
        return self._secret

    def accepts(self, token: str) -> bool:
        """True if that is the token; takes the same time for any wrong one."""
        return same(token, self._token)

    def admits(self, token: str) -> bool:
        """True if that is the token, or the invitation, which is used up by it."""
        if self._invitation is not None and same(token, self._invitation):
            self._invitation = None
            return True
        return self.accepts(token)

    async def recognise(self, cookies: Mapping[str, str], bearer: str | None) -> Visitor | None:
        """The one visitor there is, or None for a stranger."""
        by_cookie = same(cookies.get(self._cookie_name, ""), self._secret)
        if not by_cookie and not (bearer is not None and self.accepts(bearer)):
            return None
        return Visitor(
            observer=self._observer, role=Role.OWNER, csrf=self._csrf, by_cookie=by_cookie
        )


def derived(secret: str, purpose: str) -> str:
    """A secret for one purpose made of another, from which the other cannot be told."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def same(given: str, expected: str) -> bool:
    """True if two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
