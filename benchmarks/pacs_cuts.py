"""Fetch and send, cut at random points over DICOMweb and DIMSE: what is lost, what is doubled.

Starts an Orthanc of its own (Debian: orthanc, orthanc-dicomweb). A proxy ends the connection after
so many bytes; or the command is killed after a random time. Then the same command is given again.
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
    options = parser.parse_args()
    from orthanc import Orthanc, missing

    if missing():
        sys.exit(missing())
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        server = Orthanc(Path(name))
        try:
            trial = Trial(server, Path(name))
            faults = 0
            for deed in (trial.fetch, trial.send):
                for way in ("web", "get"):
                    for how, count in (("cut", options.points), ("killed", options.kills)):
                        found = [deed(way, how, rng) for _ in range(count)]
                        ended = sum(one.startswith("ended") for one in found)
                        wrong = [one for one in found if one not in ("ended", "whole")]
                        faults += len(wrong)
                        print(
                            f"{deed.__name__} {way}, {how} {count} times: {ended} ended early, "
                            f"{len(wrong)} with a loss or a double {wrong}",
                            flush=True,
                        )
        finally:
            server.stop()
    return 1 if faults else 0


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

    def table(self, way, port):
        from pacs_films import dimse_table, web_table

        return web_table(port) if way == "web" else dimse_table(port, self.server.ours)

    def run(self, way, port, words, *, kill_after=None):
        """Status of a command against a port; None if it was killed first."""
        from pacs_films import destinations

        file = destinations(self.folder / "d.toml", **{f"a{self.number}": self.table(way, port)})
        command = [sys.executable, "-m", "kyphometer", "pacs", words[0], f"a{self.number}"]
        command += [*words[1:], "--destinations", str(file), "--format", "json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=kill_after or 300)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None
        if b"Traceback" in err:
            raise AssertionError(err.decode())
        return process.returncode, json.loads(out) if out else None

    def stopped(self, way, how, rng, words):
        """Run the command until it is cut or killed; true if it ended early."""
        from orthanc import proxy

        if how == "killed":
            return self.run(way, self.ports(way), words, kill_after=rng.uniform(0.8, 4)) is None
        bounds = [rng.randrange(200, TRAFFIC) for _ in range(4)]
        from_server = words[0] == "fetch"
        with proxy(self.ports(way), cut_after=[*bounds, 1], from_server=from_server) as port:
            return self.run(way, port, words)[0] != 0

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
        self.server.empty()
        self.full = False
        self.number += 1
        words = ["send", str(self.source)]
        early = self.stopped(way, how, rng, words)
        status, said = self.run(way, self.ports(way), words)
        if (status, said["sent"] + said["known"]) != (0, FILMS):
            return f"status {status}, {said}"
        time.sleep(0.2)
        held = self.server.held()
        return f"held {held}" if held != sorted(self.expected) else ("ended" if early else "whole")


if __name__ == "__main__":
    sys.exit(main())
