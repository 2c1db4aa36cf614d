"""Fetch, send and listen, cut at random points: what is lost, what is doubled.

Starts an Orthanc of its own (Debian: orthanc, orthanc-dicomweb); `storescu` of dcmtk sends to our
listener. A proxy ends the connections, or the command is killed, after so many bytes. Then the same
command is given again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

FILMS = 6
ROWS = 4000
TRAFFIC = FILMS * ROWS * 180


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--kills", type=int, default=20, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--only", nargs="+", default=[f"{deed}-{way}" for deed, way in DEEDS])
    options = parser.parse_args()
    from orthanc import Orthanc, missing

    if missing():
        sys.exit(missing())
    rng = random.Random(options.seed)
    faults = 0
    with tempfile.TemporaryDirectory() as name:
        server = Orthanc(Path(name))
        try:
            trial = Trial(server, Path(name))
            for deed, way in DEEDS:
                if f"{deed}-{way}" in options.only:
                    for how, count in (("cut", options.points), ("killed", options.kills)):
                        faults += tried(trial, deed, way, how, count, rng)
        finally:
            server.stop()
    return 1 if faults else 0


DEEDS = (
    ("fetch", "web"), ("fetch", "get"), ("fetch", "move"), ("send", "web"), ("send", "store"),
    ("listen", "store"),
)  # fmt: skip


def tried(trial, deed, way, how, count, rng):
    """How many of so many trials lost or doubled something."""
    found = [getattr(trial, deed)(way, how, rng) for _ in range(count)]
    ended = sum(one == "ended" for one in found)
    wrong = [one for one in found if one not in ("ended", "whole")]
    print(
        f"{deed} {way}, {how} {count} times: {ended} ended early, "
        f"{len(wrong)} with a loss or a double {wrong}",
        flush=True,
    )
    return len(wrong)


class Trial:
    """One server with films, and commands that are stopped."""

    def __init__(self, server, folder):
        from orthanc import PASSWORD
        from pacs_films import write_film

        os.environ["KYPHO_TEST_SECRET"] = PASSWORD
        os.environ["XDG_STATE_HOME"] = str(folder / "state")
        self.server, self.folder, self.number = server, folder, 0
        self.source = folder / "source"
        self.source.mkdir()
        for number in range(FILMS):
            write_film(self.source, number, rows=ROWS)
        self.expected = self.pixels(self.source)
        self.full = False

    def pixels(self, folder):
        from pacs_films import pixels_of

        return pixels_of(folder)

    def ports(self, way):
        return self.server.http if way == "web" else self.server.dimse

    def table(self, way, port, back):
        from pacs_films import dimse_table, web_table

        if way == "web":
            return web_table(port)
        return dimse_table(port, back, retrieve="move" if way == "move" else "get")

    def start(self, way, port, words, back=None):
        """A command against a port; C-MOVE's films come to the port `back`."""
        from pacs_films import destinations

        table = self.table(way, port, back or self.server.ours)
        file = destinations(self.folder / "d.toml", **{f"a{self.number}": table})
        command = [sys.executable, "-m", "kyphometer", "pacs", words[0], f"a{self.number}"]
        command += [*words[1:], "--destinations", str(file), "--format", "json"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, way, port, words):
        """Status and facts of a whole command against a port."""
        return ended(self.start(way, port, words))

    def stopped(self, way, how, rng, words):
        """Run the command until it is cut or killed; true if it ended early."""
        from orthanc import free_port, proxy

        stop = Stop(rng.randrange(200, TRAFFIC)) if how == "killed" else None
        bounds = [rng.randrange(200, TRAFFIC) for _ in range(4)]
        options = {"passed": stop and stop.passed, "cut_after": None if stop else [*bounds, 1]}
        port, back = self.ports(way), None
        if way == "move":  # the archive opens the connection on which films come
            back = free_port()
            through = proxy(back, at=self.server.ours, from_server=False, **options)
        else:
            through = proxy(port, from_server=words[0] == "fetch", **options)
        with through as cutting:
            self.used = port if way == "move" else cutting
            process = self.start(way, self.used, words, back)
            if stop is not None:
                stop.process = process
            return ended(process)[0] != 0

    def fetch(self, way, how, rng):
        if not self.full:
            self.server.empty()
            assert self.run("web", self.server.http, ["send", str(self.source)])[0] == 0
            self.full = True
        self.number += 1
        here = self.folder / "here"
        shutil.rmtree(here, ignore_errors=True)
        words = ["fetch", "--all", "--into", str(here)]
        early = self.stopped(way, how, rng, words)
        status, said = self.run(way, self.ports(way), words)
        if (status, said["fetched"] + said["known"]) != (0, FILMS):
            return f"status {status}, {said}"
        if self.pixels(here) != self.expected:  # refuses a film that is there twice
            return "other films"
        parts = [path for path in here.rglob("*") if ".part" in path.name]
        return f"left {parts}" if parts else ("ended" if early else "whole")

    def send(self, way, how, rng):
        from orthanc import proxy

        self.server.empty()
        self.full = False
        self.number += 1
        words = ["send", str(self.source)]
        early = self.stopped(way, how, rng, words)
        with proxy(self.ports(way), at=self.used):  # what was confirmed counts for an address
            status, said = self.run(way, self.used, words)
        if (status, said["sent"] + said["known"]) != (0, FILMS):
            return f"status {status}, {said}"
        time.sleep(0.2)
        held = self.server.held()
        return f"held {held}" if held != sorted(self.expected) else ("ended" if early else "whole")

    def listen(self, _way, how, rng):
        """Our listener, to which another program sends."""
        from orthanc import free_port, proxy

        here, port = self.folder / "inbox", free_port()
        shutil.rmtree(here, ignore_errors=True)
        stop = Stop(rng.randrange(200, TRAFFIC))
        cut = None if how == "killed" else [rng.randrange(200, TRAFFIC)]
        stop.process = self.listener(here, port)
        passed = stop.passed if how == "killed" else None
        with proxy(port, from_server=False, cut_after=cut, passed=passed) as cutting:
            early = self.storescu(cutting) != 0
        if how == "killed":
            stop.process.communicate()
            stop.process = self.listener(here, port)
        status = self.storescu(port)
        stop.process.terminate()
        said = stop.process.communicate(timeout=60)
        parts = [path for path in here.rglob("*") if ".part" in path.name]
        if status or stop.process.returncode or b"Traceback" in said[1] or parts:
            return f"status {status}, {stop.process.returncode}, {said}, {parts}"
        if self.pixels(here) != self.expected:  # refuses a film that is there twice
            return "other films"
        return "ended" if early else "whole"

    def listener(self, here, port):
        command = [sys.executable, "-m", "kyphometer", "listen", str(here), "--port", str(port)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout.readline().startswith(b"Listening")
        return process

    def storescu(self, port):
        command = ["storescu", "-aec", "KYPHOMETER", "127.0.0.1", str(port), "+sd", self.source]
        return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode


class Stop:
    """Kills a process once so many bytes have passed."""

    def __init__(self, after):
        self.left, self.process = after, None

    def passed(self, count):
        self.left -= count
        if self.left <= 0 and self.process is not None:
            self.process.kill()


def ended(process):
    """Status and facts of a command that has ended; a bug of ours is raised."""
    out, err = process.communicate(timeout=300)
    if b"Traceback" in err:
        raise AssertionError(err.decode())
    return process.returncode, json.loads(out) if out else None


if __name__ == "__main__":
    sys.exit(main())
