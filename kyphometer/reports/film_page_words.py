"""What stands at the head of a film's page, in the language of the task."""

from __future__ import annotations

import re
from datetime import date, datetime

from kyphometer.geometry import SpacingSource
from kyphometer.messages import Word, catalogue, language, sentence


def say(key: str, **facts: object) -> str:
    """A sentence of the catalogue in the language of the task."""
    return sentence(key, facts)


def visit_words(visit: str | None) -> str:
    """A visit by its code or as a film's header names it; unknown names stay as they are."""
    key = "page.time." + re.sub(r"[ _-]+", "_", (visit or "").strip().lower())
    return say(key) if key in catalogue(language()) else (visit or "").replace("_", " ")


def film_line(name: str, taken: date | None, position: str, spacing: SpacingSource) -> str:
    """Which film it is: file, date, position, and where its pixel size is from."""
    return say(
        "page.film_line",
        name=name or Word("page.a_film"),
        taken=taken.isoformat() if taken else Word("page.no_date"),
        position=Word(f"page.position.{position}"),
        spacing=Word(f"page.spacing.{spacing}"),
    )


def read_line(observer: str | None, on: date | None, version: int | None = None) -> str:
    """Who read it and when; `version` is 0 for a draft, None where readings have none."""
    day = Word("page.on", {"date": on.isoformat()}) if on else ""
    facts = {"observer": observer or Word("page.nobody"), "on": day}
    if version is None:
        return say("page.read_by", **facts)
    told = Word("page.version", {"version": version}) if version else Word("page.no_version")
    return say("page.read_line", version=told, **facts)


def made_line(software: str, now: datetime) -> str:
    """With what and when the page was made."""
    return say("page.made_line", software=software, when=f"{now:%Y-%m-%d %H:%M}")
