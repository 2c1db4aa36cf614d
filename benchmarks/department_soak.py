"""How a department's server holds: many observers mark at once while one client floods it.

Run `python benchmarks/department_soak.py --observers 50 --seconds 300 --study postgresql`.

A fresh study, `kyphometer serve` in a process of its own, accounts for all. Each observer marks as
the page does, once every `--pause` seconds: the live answer is asked for, then the draft is saved
with the tag seen last; every tenth time the reading is confirmed. The flooding client, from another
address of this machine (127.0.0.2), keeps 220 half-sent requests open, guesses passwords of the
observers, and asks for pages as fast as it can.

Printed: answers, how many came within 200 ms, the slowest, refusals by status, and lost updates:
what was confirmed to an observer and is not what the study holds at the end (or was refused as
changed by somebody else, where nobody else was). The load of the machine is printed with them: on a
busy machine the times are upper bounds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

PASSWORD = "correct horse battery"
LIMIT_S = 0.2
HALF_SENT = 220


@dataclass
class Told:
    """What came back."""

    seconds: list[float] = field(default_factory=list)
    sign_in: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    saved: dict[tuple[str, str], str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


def fill(target: str, folder: Path, observers: int, films: int) -> None:
    """A study with films and accounts."""
    from web_films import write_films

    from kyphometer.store.study.study import Study
    from kyphometer.web.access.passwords import hashed

    write_films(folder, films)
    with Study.create(target, actor="KN") as study:
        study.add_films(folder)
        known = hashed(PASSWORD)
        for number in range(observers):
            name = f"reader{number:02d}"
            study.add_account(name, password_hash=known, role="observer", observer=name)
        study.add_account("olga", password_hash=known, role="owner")


async def observe(
    base: str, name: str, args: argparse.Namespace, told: Told, ready: asyncio.Barrier
) -> None:
    """Sign in, wait for the others, then mark films in turn until the time is over."""
    from web_local import document

    async with httpx.AsyncClient(base_url=base, timeout=120) as client:
        begun = time.perf_counter()
        await sign_in(client, name, told)
        told.sign_in.append(time.perf_counter() - begun)
        await ready.wait()
        until = time.monotonic() + args.seconds
        rows = (await timed(client, told, "GET", "/api/worklist")).json()["items"]
        step = 0
        while time.monotonic() < until:
            film = rows[step // 20 % len(rows)]["film_id"]
            path, mark = f"/api/films/{film}", f"{name} {step}"
            body = document(angle_px=20.0 + step % 50, comment=mark)
            await timed(client, told, "POST", f"{path}/measure", json={"document": body})
            there = (await timed(client, told, "GET", f"{path}/document")).json()
            request: dict[str, Any] = {"document": body, "base": there["etag"]}
            if step % 10 == 9:
                request["reason"] = "soak" if there["version"] else None
                answer = await timed(client, told, "POST", f"{path}/reading", json=request)
            else:
                answer = await timed(client, told, "PUT", f"{path}/draft", json=request)
            if answer.status_code == 200:
                told.saved[name, film] = mark
            elif answer.status_code == 409:
                told.lost.append(f"{mark}: {answer.text[:100]}")
            step += 1
            await asyncio.sleep(args.pause)


async def sign_in(client: httpx.AsyncClient, name: str, told: Told) -> None:
    client.headers["X-Kyphometer-CSRF"] = "login"
    answer = await client.post("/api/login", json={"name": name, "password": PASSWORD})
    if answer.status_code != 200:
        told.refused[f"sign-in {answer.status_code}"] += 1
    client.headers["X-Kyphometer-CSRF"] = answer.json()["csrf"]


async def timed(
    client: httpx.AsyncClient, told: Told, method: str, path: str, **options: Any
) -> httpx.Response:
    begun = time.perf_counter()
    answer = await client.request(method, path, **options)
    told.seconds.append(time.perf_counter() - begun)
    if not answer.is_success:
        told.refused[f"{method} {answer.status_code}"] += 1
    return answer


async def flood(base: str, counts: Counter[str]) -> None:
    """What somebody with bad intentions does from one address."""
    host, port = base.rpartition("/")[2].split(":")
    await asyncio.gather(
        half_sent(host, int(port), counts),
        *(pester(base, counts, number) for number in range(20)),
    )


async def half_sent(host: str, port: int, counts: Counter[str]) -> None:
    while True:
        writers = []
        for _ in range(HALF_SENT):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(host, port, local_addr=("127.0.0.2", 0))
                writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
                writers.append(writer)
                counts["half-sent"] += 1
        await asyncio.sleep(5.0)
        for writer in writers:
            writer.close()


async def pester(base: str, counts: Counter[str], number: int) -> None:
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    headers = {"X-Kyphometer-CSRF": "login"}
    async with httpx.AsyncClient(
        base_url=base, transport=transport, headers=headers, timeout=60
    ) as client:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if number % 2:
                    body = {"name": f"reader{number:02d}", "password": "a wrong password"}
                    answer = await client.post("/api/login", json=body)
                else:
                    answer = await client.get("/static/app/main.js")
                counts[f"flood {answer.status_code}"] += 1


async def soak(base: str, args: argparse.Namespace) -> tuple[Told, Counter[str]]:
    """The flood begins; observers sign in past it, a few at a time, then all mark."""
    told, counts = Told(), Counter[str]()
    ready = asyncio.Barrier(args.observers)
    attack = None if args.no_flood else asyncio.create_task(flood(base, counts))
    readers = [observe(base, f"reader{n:02d}", args, told, ready) for n in range(args.observers)]
    found = await asyncio.gather(*readers, return_exceptions=True)
    if attack is not None:
        attack.cancel()
        await asyncio.gather(attack, return_exceptions=True)
    for error in found:
        if isinstance(error, BaseException):
            told.refused[type(error).__name__] += 1
    return told, counts


def lost_updates(target: str, told: Told) -> list[str]:
    """What was said to be saved and is not what the study holds."""
    from kyphometer.store.study.study import Study

    lost = list(told.lost)
    with Study.open(target) as study:
        for (name, film), mark in told.saved.items():
            draft = study.draft(int(film), name)
            reading = study.latest_reading(int(film), name)
            kept = None if draft is None else draft.document["comment"]
            if kept is None and reading is not None:
                kept = json.loads(reading.document_json)["comment"]
            if kept != mark:
                lost.append(f"{name} film {film}: told {mark!r}, kept {kept!r}")
    return lost


@contextlib.contextmanager
def place(kind: str, folder: Path) -> Iterator[str]:
    """Where the study is made."""
    if kind == "sqlite":
        yield str(folder / "study.sqlite")
        return
    from store_postgres import PostgresServer, _programs

    programs = _programs()
    if programs is None:
        sys.exit("PostgreSQL's server programs are not installed")
    server = PostgresServer(programs)
    try:
        yield server.new_database()
    finally:
        server.remove()


def main() -> None:
    """Run it and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--observers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--pause", type=float, default=2.0, help="between marks of an observer")
    parser.add_argument("--films", type=int, default=10)
    parser.add_argument("--study", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--no-flood", action="store_true")
    args = parser.parse_args()
    from web_process import running

    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        (folder / "films").mkdir()
        with place(args.study, folder) as target:
            fill(target, folder / "films", args.observers, args.films)
            before = os.getloadavg()[0]
            log = folder / "sign-ins.jsonl"
            with running("serve", target, "--port", "0", "--sign-in-log", log) as server:
                told, counts = asyncio.run(soak(server.base, args))
            show(told, counts, lost_updates(target, told), before)


def show(told: Told, counts: Counter[str], lost: list[str], load: float) -> None:
    """Print the worst first."""
    within = sum(s <= LIMIT_S for s in told.seconds) / max(len(told.seconds), 1)
    print(f"lost updates: {len(lost)}")
    for line in lost[:5]:
        print(f"  {line}")
    print(f"refused: {dict(told.refused)}")
    print(f"answers: {len(told.seconds)}; within {1000 * LIMIT_S:.0f} ms: {100 * within:.1f} %")
    if len(told.seconds) > 1:
        cuts = statistics.quantiles(told.seconds, n=100)
        print(
            f"ms: slowest {1000 * max(told.seconds):.0f}, 99 % {1000 * cuts[98]:.0f}, "
            f"95 % {1000 * cuts[94]:.0f}, median {1000 * cuts[49]:.0f}"
        )
    if told.sign_in:
        print(f"slowest sign-in of {len(told.sign_in)} at once: {max(told.sign_in):.1f} s")
    print(f"flood: {dict(counts)}")
    print(f"load of the machine: {load:.1f} before, {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
