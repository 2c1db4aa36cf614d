"""Who is reading: the option shared by commands that keep readings."""

from __future__ import annotations

from typing import Any


def add_observer(parser: Any) -> None:
    """Add `--observer`."""
    parser.add_argument(
        "--observer",
        metavar="CODE",
        help="code under which readings are kept (default: your login name)",
    )


def observer_code(given: str | None) -> str:
    """The observer's code: what was given, or else the login name."""
    import getpass

    if given and given.strip():
        return given.strip()
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return "observer"
