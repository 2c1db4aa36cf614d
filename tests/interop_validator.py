"""PixelMed's validator of structured reports in one process for many reports."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from interop_films import JAVA_OPTIONS

_JARS = [Path("/usr/share/java") / name for name in ("pixelmed.jar", "Saxon-HE.jar")]
_DRIVER = Path(__file__).parent / "pixelmed" / "ValidateAll.java"
_END = "== end of report =="
_PROCESSOR = "-Djavax.xml.transform.TransformerFactory=net.sf.saxon.TransformerFactoryImpl"
"""Java's own XSLT processor reads all context groups anew at every code: a minute a report."""


def missing() -> str:
    """Why it cannot be asked here; empty if it can."""
    absent = [str(jar) for jar in _JARS if not jar.exists()]
    absent += [] if shutil.which("javac") else ["javac"]
    needs = "Debian packages libpixelmed-java, libsaxonhe-java, default-jdk-headless"
    return f"{', '.join(absent)} not there ({needs})" if absent else ""


class Validator:
    """A running validator."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def words(self, path: Path) -> str:
        """What it says of a report."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        said: list[str] = []
        for line in self._process.stdout:
            if line.rstrip() == _END:
                return "".join(said)
            said.append(line)
        raise AssertionError(f"PixelMed's validator ended at {path}")

    def faults(self, path: Path) -> list[str]:
        """Errors that it finds; if it did not come to its end, all that it says."""
        words = self.words(path)
        found = [line for line in words.splitlines() if "Error" in line]
        return found if found or "IOD validation complete" in words else [words or "no words"]


@contextmanager
def validator() -> Iterator[Validator]:
    """Start it once and ask it of many reports."""
    jars = os.pathsep.join(map(str, _JARS))
    process = subprocess.Popen(
        ["java", _PROCESSOR, "-cp", jars, str(_DRIVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env={**os.environ, "JAVA_TOOL_OPTIONS": JAVA_OPTIONS},
    )
    try:
        yield Validator(process)
    finally:
        process.kill()
        process.communicate()
