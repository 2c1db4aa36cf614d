"""A browser on its way to the identity provider and back.

What must be known when it comes back travels in a sealed cookie: nothing is kept here that others
could fill up, and whoever brings an answer without the cookie that belongs to it is not let in.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

import msgspec

from kyphometer.web.access.visitors import derived, same

LONGEST_S = 600.0
"""Within this time people sign in at their provider."""
MAX_LENGTH = 2000


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """One way to the provider and back.

    Attributes
    ----------
    state
        Comes back in the address; tells that the answer belongs to this browser.
    nonce
        Comes back in the identity token.
    verifier
        Proves that whoever redeems the code has asked for it (PKCE).
    began
        Seconds since 1970.
    again
        True if somebody signs in again, beside a page that is still open.
    """

    state: str
    nonce: str
    verifier: str
    began: float
    again: bool = False


class Journeys:
    """Begins journeys, and knows them again."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._secret = secrets.token_hex(32)

    def begin(self, *, again: bool) -> tuple[Journey, str]:
        """A new journey, and the value of its cookie."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        made = Journey(
            state=state, nonce=nonce, verifier=verifier, began=self._clock(), again=again
        )
        text = msgspec.json.encode(made).hex()
        return made, f"{text}.{derived(self._secret, text)}"

    def ended(self, cookie: str, state: str) -> Journey | None:
        """The journey of that cookie, if the answer belongs to it and it did not take too long."""
        text, _, seal = cookie[:MAX_LENGTH].partition(".")
        if not same(seal, derived(self._secret, text)):
            return None
        journey = msgspec.json.decode(bytes.fromhex(text), type=Journey)
        late = not 0.0 <= self._clock() - journey.began <= LONGEST_S
        return None if late or not same(state, journey.state) else journey
