"""The record of sign-ins: when, who, from where, with what outcome; a line of JSON each.

A name is written only if there is such an account: what people type there by mistake is often
their password. Others are told apart by a keyed hash, whose key is made anew at every start.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from logging.handlers import RotatingFileHandler
from pathlib import Path

from kyphometer.errors import ServerStartError

KEPT = 500
"""Newest entries that the owner's page can show."""
MAX_BYTES = 5_000_000
FILES = 4


class Outcome(StrEnum):
    """How an attempt ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    TOO_EARLY = "too early"
    """Not tried, because of failures before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to sign in; exactly one of `name` and `name_hash` is known."""

    time: str
    outcome: Outcome
    address: str
    name: str | None = None
    name_hash: str | None = None
    by: str = "password"


class SignInLog:
    """Writes attempts to a file, if there is one, and keeps the newest.

    Parameters
    ----------
    path
        File to which lines are added; at 5 MB it is put aside, and four such are kept. None writes
        failures to the server's log only.

    Raises
    ------
    ServerStartError
        If the file cannot be written.
    """

    def __init__(
        self, path: Path | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._now = now
        self._key = secrets.token_bytes(32)
        self._newest: deque[Attempt] = deque(maxlen=KEPT)
        self._lines: logging.Handler | None = None if path is None else _opened(path)
        self._logger = logging.getLogger("kyphometer.web")

    def note(
        self, login: str, address: str, outcome: Outcome, *, known: bool, by: str = "password"
    ) -> None:
        """Add an attempt.

        Parameters
        ----------
        known
            True if there is such an account.
        by
            How it was tried: `password`, `proxy` or `openid`.
        """
        attempt = Attempt(
            time=self._now().isoformat(timespec="seconds"),
            outcome=outcome,
            address=address,
            name=login if known else None,
            name_hash=None if known else self._hash(login),
            by=by,
        )
        self._newest.appendleft(attempt)
        line = json.dumps({k: v for k, v in asdict(attempt).items() if v is not None})
        if self._lines is not None:
            self._lines.handle(logging.makeLogRecord({"msg": "%s", "args": (line,)}))
        if outcome is Outcome.FAILURE:
            self._logger.warning("failed sign-in from %s", address)

    def close(self) -> None:
        """Let go of the file."""
        if self._lines is not None:
            self._lines.close()

    def newest(self) -> list[Attempt]:
        """The newest attempts since the start of the server, newest first."""
        return list(self._newest)

    def _hash(self, login: str) -> str:
        return hmac.new(self._key, login.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[
            :12
        ]


def _opened(path: Path) -> logging.Handler:
    try:
        handler = RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=FILES, encoding="utf-8")
        path.chmod(0o600)
    except OSError as error:
        raise ServerStartError(
            "sign_in_log_unwritten", path=path, reason=error.strerror or error
        ) from None
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler
