"""Secrets by name, from the keyring or the environment, only when they are used."""

from __future__ import annotations

import os

from kyphometer.errors import MissingExtraError, SecretError
from kyphometer.interop.network.destinations import Destination


def secret(destination: Destination, name: str) -> str:
    """The secret `keyring:NAME` or `env:NAME`.

    Raises
    ------
    SecretError
        If nothing is kept under that name.
    """
    place, _, key = name.partition(":")
    found = os.environ.get(key) if place == "env" else _from_keyring(destination, key)
    if not found:
        raise SecretError(destination.name, place, key)
    return found


def _from_keyring(destination: Destination, key: str) -> str | None:
    """What the system's keyring keeps for the service `kyphometer` under that name."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise MissingExtraError("keyring", "interop") from None
    try:
        return keyring.get_password("kyphometer", key)
    except KeyringError:
        raise SecretError(destination.name, "keyring", key) from None
