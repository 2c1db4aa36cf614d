"""A real PostgreSQL server for tests: its own data folder and socket, stopped by its own pid."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest


def _programs() -> Path | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    found = shutil.which("initdb")
    if folders:
        return folders[-1]
    return Path(found).parent if found else None


class PostgresServer:
    """A server that listens on a socket in its own folder only."""

    def __init__(self, programs: Path, fsync: str = "off") -> None:
        self._programs = programs
        self._fsync = fsync  # the machine does not die in tests, only the server
        self.folder = Path(tempfile.mkdtemp(prefix="kypho-pg-", dir="/tmp"))
        self._user: dict[str, object] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self._user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen | None = None
        arguments = ["-D", self.folder / "data", "-U", "kn", "-A", "trust", "-E", "UTF8"]
        self._call("initdb", *arguments, "--locale=C.UTF-8", "--no-sync")
        self.start()

    def _call(self, program: str, *arguments: object) -> None:
        command = [self._programs / program, *map(str, arguments)]
        subprocess.run(
            command, check=True, capture_output=True, timeout=60, cwd=self.folder, **self._user
        )

    def start(self) -> None:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "fsync": self._fsync,
        }
        settings = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        log = (self.folder / "log").open("ab")
        command = [self._programs / "postgres", "-D", self.folder / "data", *settings]
        with log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, **self._user
            )
        for _ in range(300):
            ready = [self._programs / "pg_isready", "-h", self.folder, "-U", "kn", "-q"]
            if subprocess.run(ready, check=False, timeout=10).returncode == 0:
                return
            time.sleep(0.1)
        raise TimeoutError((self.folder / "log").read_text()[-2000:])

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: fast shutdown. SIGQUIT: as if the machine had died, without writing back."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=60)
            self._process = None

    def new_database(self) -> str:
        """Address of a new, empty schema, which is a place of its own for a study."""
        import psycopg

        name = f"study_{os.getpid()}_{next(self._numbers)}"
        with psycopg.connect(host=str(self.folder), user="kn", dbname="postgres") as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"postgresql://kn@/postgres?host={self.folder}&options=-csearch_path%3D{name}"

    def remove(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server():
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    pytest.importorskip("psycopg", reason="the driver psycopg is not installed")
    server = PostgresServer(programs)
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def study_target(request, tmp_path):
    """Where a study can be made: a file name, or the address of an empty database."""
    if request.param == "sqlite":
        return tmp_path / "s.study"
    return request.getfixturevalue("postgres_server").new_database()
