"""Scripted observers who read a kit's session over HTTP, with errors of hand that are known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kyphometer.phantom import SimulatedObserver, mark_by_hand
from kyphometer.reading import MarkSource
from kyphometer.reading.document import read_reading, reading_to_dict
from kyphometer.sessions.mirroring import mirror_reading

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from kyphometer.reading import Reading
    from kyphometer.store.sessions.plans import SessionItemRecord
    from kyphometer.store.study.study import Study

CORNER_SD_MM = 0.6


class Hand:
    """An observer who knows the truth and errs by a planted SD; sees films as the page shows them.

    `items` tells the script, not the observer, which film stands behind a code.
    """

    def __init__(self, study: Study, key: Path, observer: str, sd_mm: float = CORNER_SD_MM) -> None:
        uids = {film.sop_instance_uid: film for film in study.films()}
        readings = [read_reading(path) for path in sorted(key.rglob("*.json"))]
        self.truth = {uids[r.film.sop_instance_uid].id: r for r in readings}
        self.films = {film.id: film for film in study.films()}
        self.items = {i.code: i for i in study.sessions.items("kit", observer=observer)}
        self.observer = SimulatedObserver(code=observer, across_sd_mm=sd_mm, along_sd_mm=sd_mm)

    def reading(self, code: str) -> Reading:
        """What the observer marks on the picture shown."""
        item: SessionItemRecord = self.items[code]
        truth, film = self.truth[item.film_id], self.films[item.film_id]
        seed = 10_000 * (item.round + 2 * item.duplicate) + item.id
        marked = mark_by_hand(truth, film.geometry, self.observer, seed, middles=False)
        shown = mirror_reading(marked) if item.mirrored else marked
        return replace(shown, observer=None)

    def document(self, code: str) -> dict[str, Any]:
        """The same as the page sends it: nothing but marks by hand and levels."""
        reading = self.reading(code)
        document = reading_to_dict(reading)
        for plates in document["vertebrae"].values():
            for plate in plates.values():
                for mark in (plate or {}).values():
                    if mark:
                        mark.pop("source", None)
                        mark["source"] = MarkSource.HAND.value
        document["film"] = {"rows": reading.film.rows, "columns": reading.film.columns}
        return {k: v for k, v in document.items() if k not in ("created", "software", "comment")}


def read_all(client: httpx.Client, hand: Hand, limit: int | None = None) -> int:
    """Read everything that is due, as long as there is something; how many films were read."""
    done = 0
    while limit is None or done < limit:
        due = client.get("/api/worklist?status=unread&limit=500").json()["items"]
        if not due:
            return done
        for item in due[: None if limit is None else limit - done]:
            path = f"/api/films/{item['film_id']}"
            assert client.get(path).json()["error"] is None
            base = client.get(f"{path}/document").json()["etag"]
            body = {"document": hand.document(item["film_id"]), "base": base}
            answer = client.post(f"{path}/reading", json=body)
            assert answer.status_code == 200, answer.text
            done += 1
    return done
