"""The mark of a browser that has signed in before: it tells a person from those who guess.

It opens nothing. It is made from the hash of the password, so that the server keeps no list of
browsers, a restart forgets none, and a new password makes all marks void.
"""

from __future__ import annotations

import secrets

from kyphometer.web.access.visitors import derived, same

KEPT_S = 180 * 24 * 3600
"""How long a browser keeps its mark."""


def new_device(password_hash: str) -> str:
    """A mark for a browser in which the password of that hash was right."""
    nonce = secrets.token_hex(8)
    return f"{nonce}.{_proof(password_hash, nonce)}"


def known_device(mark: str, password_hash: str | None) -> str | None:
    """What tells this browser from others of the same person, or None if the mark is no proof."""
    nonce, _, proof = mark[:200].partition(".")
    if password_hash is None or not nonce or not same(proof, _proof(password_hash, nonce)):
        return None
    return nonce


def _proof(password_hash: str, nonce: str) -> str:
    return derived(password_hash, f"device {nonce}")
