"""Signing in by a reverse proxy that has asked the person already, for example for a smart card.

The proxy names the person in a header and proves itself by a secret in another: whoever else on
the server's machine can reach its port does not know the secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers

from kyphometer.errors import ServerStartError
from kyphometer.web.access.visitors import same

SECRET_HEADER = "x-kyphometer-proxy-secret"  # noqa: S105 (the name of a header)
LEAST_SECRET = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySignIn:
    """Which header names the person, and what the proxy proves itself by."""

    header: str
    secret: str

    @classmethod
    def from_file(cls, header: str, path: Path) -> ProxySignIn:
        """With the secret that stands in a file.

        Raises
        ------
        ServerStartError
            If the file cannot be read, or the secret is short.
        """
        try:
            secret = path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise ServerStartError("proxy_secret_unread", path=path) from None
        if len(secret) < LEAST_SECRET or not secret.isascii():
            raise ServerStartError("proxy_secret_short", path=path, least_secret=LEAST_SECRET)
        return cls(header=header.lower(), secret=secret)

    def person(self, headers: Headers) -> str | None:
        """The name that the proxy vouches for, or None if it is not the proxy that asks."""
        if not same(headers.get(SECRET_HEADER, ""), self.secret):
            return None
        names = headers.getlist(self.header)
        return names[0].strip() or None if len(names) == 1 else None
