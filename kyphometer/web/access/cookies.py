"""The one cookie: not for scripts, not for other sites, not for other hosts."""

from __future__ import annotations

from kyphometer.web.server.settings import WebSettings

KEPT_S = 7 * 24 * 3600
"""How long the browser keeps it; the server forgets it much earlier where there are accounts."""


def cookie_header(settings: WebSettings, value: str, seconds: int = KEPT_S) -> str:
    """Value of the Set-Cookie header; 0 seconds take the cookie away."""
    parts = [
        f"{settings.cookie_name}={value}",
        f"Max-Age={seconds}",
        "Path=/",
        "HttpOnly",
        "SameSite=Strict",
    ]
    return "; ".join([*parts, "Secure"] if settings.secure else parts)
