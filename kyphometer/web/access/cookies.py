"""The one cookie: not for scripts, not for other sites, not for other hosts."""

from __future__ import annotations

from kyphometer.web.server.settings import WebSettings

KEPT_S = 7 * 24 * 3600
"""How long the browser keeps the one of a person alone; `sign_ins` says it for accounts."""


def cookie_header(
    settings: WebSettings,
    value: str,
    seconds: float = KEPT_S,
    *,
    suffix: str = "",
    same_site: str = "Strict",
) -> str:
    """Value of the Set-Cookie header; 0 seconds take the cookie away."""
    parts = [
        f"{settings.cookie_name}{suffix}={value}",
        f"Max-Age={int(seconds)}",
        "Path=/",
        "HttpOnly",
        f"SameSite={same_site}",
    ]
    return "; ".join([*parts, "Secure"] if settings.secure else parts)
