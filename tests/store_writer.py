"""Programs that write to a store until somebody stops them; run by the tests of durability.

python store_writer.py forever|killed|race|full|small KIND TARGET ...
"""

from __future__ import annotations

import json
import os
import random
import resource
import select
import signal
import sys
import time
from pathlib import Path

from store_films import TinyReader, reading_of, write_film

from kyphometer.errors import StudyConflictError, StudyError, StudyFullError
from kyphometer.store import FolderStore, Study


def open_store(kind: str, target: str):
    if kind == "folder":
        return FolderStore(target, reader=TinyReader())
    return Study.open(target, reader=TinyReader(), actor="KN")


def write_forever(kind: str, target: str, tell) -> None:
    """Confirm one version after another, each after a draft; tell each number once it is safe."""
    store = open_store(kind, target)
    film = store.films()[0].id
    latest = store.latest_reading(film, "KN")
    version = latest.version if latest else 0
    found = store.draft(film, "KN")
    etag = found.etag if found else None
    while True:
        reading = reading_of((version + 1) / 1000, comment="x" * random.randrange(3000))
        for _ in range(2):
            draft = store.save_draft(
                film, "KN", {"of": version + 1}, etag=etag, base_version=version
            )
            etag = draft.etag
        saved = store.save_reading(
            reading, film, "KN", base_version=version, reason="again", draft_etag=etag
        )
        version, etag = saved.version, None
        tell(version)


def forever(kind: str, target: str) -> None:
    write_forever(
        kind, target, lambda version: (sys.stdout.write(f"{version}\n"), sys.stdout.flush())
    )


def killed(kind: str, target: str, rounds: str, seed: str) -> None:
    """Start and kill a writer many times; after each kill all that was confirmed must be there."""
    rng = random.Random(int(seed))
    most = 0
    for _ in range(int(rounds)):
        told = kill_one(kind, target, rng)
        most = max(most, told)
        check(kind, target, most)
    sys.stdout.write(json.dumps({"confirmed": most}))


def kill_one(kind: str, target: str, rng: random.Random) -> int:
    """Fork a writer, kill it at a random moment; the last number that it told."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        try:
            write_forever(kind, target, lambda v: os.write(into, v.to_bytes(4, "big")))
        finally:
            os._exit(1)
    os.close(into)
    ready, _, _ = select.select([out], [], [], 60)
    time.sleep(rng.uniform(0, 0.08))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(out, "rb") as stream:
        told = stream.read()
    assert os.WIFSIGNALED(status), "the writer ended by itself"
    assert ready, "the writer never confirmed anything"
    assert len(told) % 4 == 0
    return int.from_bytes(told[-4:], "big")


def check(kind: str, target: str, told: int) -> None:
    store = open_store(kind, target)
    film = store.films()[0].id
    versions = store.history(film, "KN")
    assert [v.version for v in versions] == list(range(1, len(versions) + 1))
    assert told <= len(versions), f"{told} was confirmed, {len(versions)} are there"
    for record in versions[-3:]:
        marks = record.reading.vertebrae
        assert marks == reading_of(record.version / 1000).vertebrae
    draft = store.draft(film, "KN")
    assert draft is None or draft.document["of"] >= told
    if kind != "folder":
        assert store.check() == ()
        store.close()


def race(kind: str, target: str, name: str, count: str) -> None:
    """Confirm `count` readings against others who do the same; print the versions won."""
    store = open_store(kind, target)
    film = store.films()[0].id
    won = []
    while len(won) < int(count):
        latest = store.latest_reading(film, "KN")
        base = latest.version if latest else 0
        try:
            saved = store.save_reading(
                reading_of(comment=f"{name} {len(won)}"),
                film,
                "KN",
                base_version=base,
                reason="race",
            )
        except StudyConflictError:
            continue
        won.append(saved.version)
    sys.stdout.write(json.dumps({"name": name, "won": won}))


def full(kind: str, target: str, room: str) -> None:
    """Write until files may not grow any more; print what was confirmed and what was said."""
    limit = max(p.stat().st_size for p in Path(target).parent.rglob("*") if p.is_file()) + int(room)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    confirmed = [0]
    try:
        write_forever(kind, target, confirmed.append)
    except StudyError as error:
        said = {"confirmed": confirmed[-1], "kind": type(error).__name__, "said": str(error)}
        os.write(1, json.dumps(said).encode())
        os._exit(0)


def small(kind: str, folder: str) -> None:
    """Fill a small disk that is mounted at `folder`; free some of it and go on."""
    place = Path(folder)
    write_film(place / "films" / "a.film", "1.2.1")
    ballast = place / "ballast.txt"
    ballast.write_bytes(b"0" * 500_000)
    target = place / "films" if kind == "folder" else place / "s.study"
    if kind == "sqlite":
        with Study.create(target, reader=TinyReader(), actor="KN") as study:
            study.add_films(place / "films")
            study.add_observer("KN")
    confirmed = [0]
    try:
        write_forever(kind, str(target), confirmed.append)
    except StudyFullError as error:
        said = str(error)
    check(kind, str(target), confirmed[-1])
    ballast.unlink()
    store = open_store(kind, str(target))
    film = store.films()[0].id
    draft = store.draft(film, "KN")
    saved = store.save_reading(
        reading_of(),
        film,
        "KN",
        base_version=store.latest_reading(film, "KN").version,
        reason="there is room again",
        draft_etag=draft.etag if draft else None,
    )
    sys.stdout.write(json.dumps({"confirmed": confirmed[-1], "after": saved.version, "said": said}))


if __name__ == "__main__":
    command = {"forever": forever, "killed": killed, "race": race, "full": full, "small": small}[
        sys.argv[1]
    ]
    command(*sys.argv[2:])
