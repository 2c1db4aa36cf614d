"""Passwords: what is accepted as one, and argon2id hashes of them."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kyphometer.errors import UsageError

MIN_LENGTH = 12
MAX_LENGTH = 256
LEAST_STRENGTH = 3
"""Of 0 to 4 as zxcvbn counts: no password of which fewer than 10^8 guesses would be enough."""
LOOKED_AT = 72
"""Characters that are judged; more make none weaker."""
USUAL_HERE = ("kyphometer", "kyphosis", "hospital", "benhvien", "matkhau", "bacsi", "xinchao")


class PasswordError(UsageError):
    """A password that is not accepted."""

    http_status = 422


def checked_password(password: str, login: str) -> str:
    """The password, if it is fit to be one.

    Raises
    ------
    PasswordError
        If it is too short, too long, little more than the login, or easily guessed.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise PasswordError("password_length", least=MIN_LENGTH, most=MAX_LENGTH)
    if login.casefold() in password.casefold() and len(password) < len(login) + MIN_LENGTH // 2:
        raise PasswordError("password_like_login")
    if len(set(password)) < 4:
        raise PasswordError("password_repeats")
    if strength(password, login) < LEAST_STRENGTH:
        raise PasswordError("password_guessed")
    return password


def strength(password: str, login: str) -> int:
    """How hard the password is to guess, 0 to 4, as zxcvbn counts it."""
    from zxcvbn import zxcvbn

    found = zxcvbn(password[:LOOKED_AT], user_inputs=[login, *USUAL_HERE])
    return int(found["score"])


def hashed(password: str) -> str:
    """Argon2id hash with its salt and parameters."""
    return _hasher().hash(password)


def matches(password: str, known: str | None) -> bool:
    """True if the password has that hash; takes as long where there is no account (None)."""
    try:
        _hasher().verify(known or _nobody(), password[:MAX_LENGTH])
    except (VerificationError, InvalidHashError):
        return False
    return known is not None


def needs_renewal(known: str) -> bool:
    """True if the hash was made with weaker parameters than are used now."""
    return _hasher().check_needs_rehash(known)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    """Hash against which unknown logins are tried, so that they cannot be told by the time."""
    return _hasher().hash("no account has this password")
