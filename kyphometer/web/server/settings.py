"""How a server was started: everything the rest needs to know, fixed for its lifetime."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from kyphometer.web.access.visitors import Role

MEBIBYTE = 1024 * 1024


class Mode(StrEnum):
    """For whom the server runs."""

    LOCAL = "local"
    """One person on this machine, let in by the token in the opened address."""
    DEPARTMENT = "department"
    """Several people over the network, with accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """How a server was started.

    Attributes
    ----------
    mode
        For whom it runs.
    hosts
        Names (without port) that a request may carry in its Host header; anything else is refused,
        which stops a foreign web page from reaching the server through a name it controls.
    port
        Port it listens on; part of the cookie's name, because browsers share cookies between ports.
    public_origin
        Address that people's browsers use, such as `https://kypho.hospital.example`, if it is not
        the one that the server itself sees (behind a proxy); None otherwise.
    secure
        True if browsers reach the server by TLS: cookies are marked Secure and HSTS is sent.
    max_body_bytes
        Largest request body.
    cache_bytes
        Room for decoded films.
    send_role, fetch_role
        Whose visitors may send results to archives, and fetch films from them.
    films_folder
        Where films that are fetched or handed in come to lie, None where the store says it.
    """

    mode: Mode = Mode.LOCAL
    hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost", "[::1]"})
    port: int = 0
    public_origin: str | None = None
    secure: bool = False
    max_body_bytes: int = 2 * MEBIBYTE
    cache_bytes: int = 256 * MEBIBYTE
    send_role: Role = Role.OWNER
    fetch_role: Role = Role.OWNER
    films_folder: Path | None = None
    languages: tuple[str, ...] = field(default=("en", "vi"))

    @property
    def cookie_name(self) -> str:
        """Name of the cookie that carries the visitor's secret.

        The `__Host-` prefix makes browsers refuse it from any other host or without TLS.
        """
        return f"__Host-kyphometer-{self.port}" if self.secure else f"kyphometer-{self.port}"

    @property
    def public_host(self) -> str | None:
        """Host and port of the public origin, or None."""
        return None if self.public_origin is None else urlsplit(self.public_origin).netloc
