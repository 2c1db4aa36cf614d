"""How a department's server holds: many observers mark at once while one client floods it.

Run `python benchmarks/department_soak.py --observers 50 --seconds 300 --study postgresql`.

A fresh study, `kyphometer serve` in a process of its own, accounts for all. Each observer does what
the page does when a person reads: a film is opened (its facts, document and pixels, its first
answer), then marked `--marks` times, about `--pause` seconds apart (half to one and a half of it,
by chance: nobody marks in step); each mark asks for the live answer and, 350 ms later, saves the
draft with the tag seen last; then the reading is confirmed, the work list is looked at, and the
next film is opened. As told by the defaults a mark comes every two seconds and a film every 40.
Observers sign in beforehand, past the flood, and begin spread over one film's time.

The flooding client, from another address of this machine (127.0.0.2) and in a process of its own,
keeps 220 half-sent requests open, guesses passwords of the observers, and asks for pages as fast
as it can. It runs at the lowest priority (nice 19): elsewhere it would have processors of its own,
and what is judged is what it costs the server.

Printed: a table by kind of request, refusals by status, processor time of the server and of the
database by request, and lost updates: what was confirmed to an observer and is not what the study
holds at the end (or was refused as changed by somebody else, where nobody else was). The load of
the machine is printed with them: on a busy machine the times are upper bounds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

PASSWORD = "correct horse battery"
LIMIT_S = 0.2
QUIET_S = 0.35
"""After a mark the page waits so long before it saves the draft."""
HALF_SENT = 220
JSON = {"Content-Type": "application/json"}
SIGNING_IN = 4
"""Observers that sign in at a time."""


@dataclass
class Told:
    """What came back."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: Counter[str] = field(default_factory=Counter)
    saved: dict[tuple[str, str], str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


@dataclass
class Answer:
    """What a server answered."""

    status: int
    cookies: list[str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Lines:
    """Connections to the server, kept open like a browser's; costs little processor time."""

    def __init__(self, base: str) -> None:
        self.host = base.rpartition("/")[2]
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def request(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Ask; once more on a new connection if the server had just ended the idle one."""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head += f"Content-Length: {len(body)}\r\n\r\n"
        while self.idle:
            line = self.idle.pop()
            line[1].write(head.encode() + body)
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                return await self._answer(line)
        host, port = self.host.split(":")
        line = await asyncio.open_connection(host, int(port), limit=4 * 1024 * 1024)
        line[1].write(head.encode() + body)
        return await self._answer(line)

    async def _answer(self, line: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> Answer:
        first, *given = (await line[0].readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = [(name.lower(), value) for name, _, value in (g.partition(": ") for g in given)]
        body = await line[0].readexactly(int(dict(pairs).get("content-length", "0")))
        self.idle.append(line)
        cookies = [value.partition(";")[0] for name, value in pairs if name == "set-cookie"]
        return Answer(int(first.split()[1]), cookies, body)

    def close(self) -> None:
        for _, writer in self.idle:
            writer.close()


@dataclass
class Page:
    """The page of one observer: asks, and notes how long each answer took."""

    name: str
    lines: Lines
    told: Told
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, kind: str, method: str, path: str, body: Any = None) -> Answer:
        sent = b"" if body is None else json.dumps(body).encode()
        headers = self.headers if body is None else {**self.headers, **JSON}
        begun = time.perf_counter()
        answer = await self.lines.request(method, path, headers, sent)
        self.told.seconds[kind].append(time.perf_counter() - begun)
        if answer.status >= 300:
            self.told.refused[f"{kind} {answer.status}"] += 1
        return answer

    async def sign_in(self) -> None:
        self.headers = {"X-Kyphometer-CSRF": "login"}
        body = {"name": self.name, "password": PASSWORD}
        answer = await self.ask("sign in", "POST", "/api/login", body)
        self.headers = {
            "X-Kyphometer-CSRF": answer.json()["csrf"],
            "Cookie": "; ".join(answer.cookies),
        }

    def kept(self, film: str, mark: str, answer: Answer) -> str | None:
        """Note what was said to be saved; the tag of the state."""
        if answer.status == 200:
            self.told.saved[self.name, film] = mark
            return str(answer.json()["etag"])
        if answer.status == 409:
            self.told.lost.append(f"{mark}: {answer.body[:100]!r}")
        return None


def fill(target: str, folder: Path, args: argparse.Namespace) -> None:
    """A study with films and accounts."""
    from web_films import write_films

    from kyphometer.store.study.study import Study
    from kyphometer.web.access.passwords import hashed

    write_films(folder, args.films, rows=args.rows, columns=args.rows // 2)
    with Study.create(target, actor="KN") as study:
        study.add_films(folder)
        known = hashed(PASSWORD)
        for number in range(args.observers):
            name = f"reader{number:02d}"
            study.add_account(name, password_hash=known, role="observer", observer=name)
        study.add_account("olga", password_hash=known, role="owner")


async def observe(page: Page, args: argparse.Namespace, until: float) -> None:
    """Read films in turn until the time is over."""
    chance = random.Random(page.name)
    await asyncio.sleep(chance.uniform(0.0, args.pause * args.marks))
    turn = chance.randrange(1000)
    while time.monotonic() < until:
        rows = (await page.ask("work list", "GET", "/api/worklist")).json()["items"]
        await read(page, rows[turn % len(rows)]["film_id"], args, until, chance)
        turn += 1


async def read(
    page: Page, film: str, args: argparse.Namespace, until: float, chance: random.Random
) -> None:
    """Open a film, mark it, confirm it."""
    from web_local import document

    path = f"/api/films/{film}"
    _, there, _ = await asyncio.gather(
        page.ask("film", "GET", path),
        page.ask("document", "GET", f"{path}/document"),
        page.ask("pixels", "GET", f"{path}/pixels"),
    )
    tag, version = there.json()["etag"], there.json()["version"]
    await page.ask("live answer", "POST", f"{path}/measure", {"document": document()})
    for step in range(args.marks):
        await asyncio.sleep(max(0.0, chance.uniform(0.5, 1.5) * args.pause - QUIET_S))
        if time.monotonic() > until:
            return
        mark = f"{page.name} {version} {step}"
        body = document(angle_px=20.0 + step % 50, comment=mark)
        await page.ask("live answer", "POST", f"{path}/measure", {"document": body})
        await asyncio.sleep(QUIET_S)
        request: dict[str, Any] = {"document": body, "base": tag}
        answer = await page.ask("draft", "PUT", f"{path}/draft", request)
        tag = page.kept(film, mark, answer) or tag
    request = {"document": body, "base": tag, "reason": "soak" if version else None}
    page.kept(film, mark, await page.ask("confirm", "POST", f"{path}/reading", request))


# ---------------------------------------------------------------------------------- the flood


def flooding(base: str, counts: Any) -> None:
    """What somebody with bad intentions does from one address, in a process of its own."""
    os.nice(19)
    asyncio.run(flood(base, counts))


async def flood(base: str, counts: Any) -> None:
    host, port = base.rpartition("/")[2].split(":")
    told = Counter[str]()
    await asyncio.gather(
        half_sent(host, int(port), told),
        report(told, counts),
        *(pester(base, told, number) for number in range(20)),
    )


async def report(told: Counter[str], counts: Any) -> None:
    """Tell the other process once a second."""
    while True:
        await asyncio.sleep(1.0)
        counts.update(told)


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
                counts[f"{'guess' if number % 2 else 'page'} {answer.status_code}"] += 1


@contextlib.contextmanager
def flooded(base: str, wanted: bool) -> Iterator[Any]:
    """The flood, as long as the block lasts; what it got, by kind and status."""
    with multiprocessing.Manager() as manager:
        counts = manager.dict()
        if not wanted:
            yield counts
            return
        process = multiprocessing.get_context("spawn").Process(target=flooding, args=(base, counts))
        process.start()
        try:
            yield counts
        finally:
            process.kill()
            process.join()


# ---------------------------------------------------------------------------------- the soak


async def soak(base: str, args: argparse.Namespace, told: Told, spent: Spent) -> None:
    """Observers sign in past the flood, a few at a time; then all read."""
    with contextlib.ExitStack() as stack:
        pages = []
        for number in range(args.observers):
            lines = stack.enter_context(contextlib.closing(Lines(base)))
            pages.append(Page(f"reader{number:02d}", lines, told))
        places = asyncio.Semaphore(SIGNING_IN)

        async def enter(page: Page) -> None:
            async with places:
                await page.sign_in()

        await asyncio.gather(*map(enter, pages))
        print(f"signed in: {len(pages)}", flush=True)
        spent.begin()
        until = time.monotonic() + args.seconds
        found = await asyncio.gather(
            *(observe(page, args, until) for page in pages), return_exceptions=True
        )
        spent.end()
    for error in found:
        if isinstance(error, BaseException):
            told.refused[type(error).__name__] += 1


class Spent:
    """Processor time of processes and of what they started."""

    def __init__(self, **roots: int) -> None:
        self.roots = roots
        self.before: dict[str, float] = {}
        self.seconds: dict[str, float] = {}

    def begin(self) -> None:
        self.before = {name: _processor_s(pid) for name, pid in self.roots.items()}

    def end(self) -> None:
        self.seconds = {
            name: _processor_s(pid) - self.before[name] for name, pid in self.roots.items()
        }


def _processor_s(pid: int) -> float:
    """Of a process, its ended children, and those that run."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(map(int, stat[11:15])) / os.sysconf("SC_CLK_TCK")
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = {int(child) for task in tasks for child in task.read_text().split()}
    for child in children:
        with contextlib.suppress(OSError):
            own += _processor_s(child)
    return own


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
def place(kind: str, folder: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """Where the study is made, and the database's process."""
    if kind == "sqlite":
        yield str(folder / "study.sqlite"), {}
        return
    from store_postgres import PostgresServer, _programs

    programs = _programs()
    if programs is None:
        sys.exit("PostgreSQL's server programs are not installed")
    server = PostgresServer(programs, fsync="on")
    try:
        yield server.new_database(), {"database": server.pid}
    finally:
        server.remove()


def main() -> None:
    """Run it and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--observers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--pause", type=float, default=2.0, help="between marks of an observer")
    parser.add_argument("--marks", type=int, default=20, help="on a film, before it is confirmed")
    parser.add_argument("--films", type=int, default=10)
    parser.add_argument("--rows", type=int, default=3000, help="height of a film, half as wide")
    parser.add_argument("--study", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--no-flood", action="store_true")
    args = parser.parse_args()
    from web_process import running

    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        (folder / "films").mkdir()
        with place(args.study, folder) as (target, others):
            fill(target, folder / "films", args)
            told, before = Told(), os.getloadavg()[0]
            log = folder / "sign-ins.jsonl"
            with (
                running("serve", target, "--port", "0", "--sign-in-log", log) as server,
                flooded(server.base, not args.no_flood) as counts,
            ):
                spent = Spent(server=server.process.pid, **others)
                asyncio.run(soak(server.base, args, told, spent))
                seen = dict(counts)
            show(told, seen, spent)
            show_lost(lost_updates(target, told))
            print(f"load of the machine: {before:.1f} before, {os.getloadavg()[0]:.1f} after")


def show(told: Told, flood: dict[str, int], spent: Spent) -> None:
    """A table by kind of request, and what it cost."""
    answers = {kind: times for kind, times in told.seconds.items() if kind != "sign in"}
    everything = [s for times in answers.values() for s in times]
    print(f"{'':12} {'answers':>8} {'median':>8} {'95 %':>8} {'slowest':>8}  within 200 ms")
    for kind, times in [
        *answers.items(),
        ("all", everything),
        ("sign in", told.seconds["sign in"]),
    ]:
        if len(times) < 2:
            continue
        cuts = [1000 * s for s in statistics.quantiles(times, n=20)]
        within = 100 * sum(s <= LIMIT_S for s in times) / len(times)
        print(
            f"{kind:12} {len(times):8} {cuts[9]:8.0f} {cuts[18]:8.0f} {1000 * max(times):8.0f}"
            f"  {within:.1f} %"
        )
    for name, seconds in spent.seconds.items():
        each = 1000 * seconds / max(len(everything), 1)
        print(f"processor time of the {name}: {seconds:.1f} s, {each:.1f} ms an answer")
    print(f"refused: {dict(told.refused)}")
    print(f"the flood got: {flood}")


def show_lost(lost: list[str]) -> None:
    """Print how many were lost, and the first ones."""
    print(f"lost updates: {len(lost)}")
    for line in lost[:5]:
        print(f"  {line}")


if __name__ == "__main__":
    main()
