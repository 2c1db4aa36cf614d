"""One command for each thing that a change must pass: `nox -s lint types fast` and so on.

    pip install nox        # or: uv tool install nox
    nox --list

Environments are made once and used again (`nox -r` is the default here); with uv on the path they
are made by uv. README's two commands need none of this.
"""

from __future__ import annotations

import nox

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "fast"]

FAST = "not slow and not browser and not server"
LEAST_BRANCH_COVERAGE = "85"
SCIENCE = "followup measure reading reliability endplates"


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: rules and format."""
    session.install("ruff>=0.12")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict, over the package."""
    session.install("-e", ".[test,lint]")
    session.run("mypy")


@nox.session
def fast(session: nox.Session) -> None:
    """Tests without browsers and servers, on all cores."""
    session.install("-e", ".[test]")
    session.run("pytest", "-q", "-n", "auto", "-m", FAST, *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Every test, on all cores."""
    session.install("-e", ".[test]")
    session.run("pytest", "-q", "-n", "auto", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Branch coverage of everything but browsers; fails below the gate."""
    session.install("-e", ".[test]")
    session.run(
        "pytest", "-q", "-n", "auto", "-m", "not browser", "--cov", "--cov-branch",
        "--cov-report", "term:skip-covered", "--cov-fail-under", LEAST_BRANCH_COVERAGE,
    )  # fmt: skip


@nox.session
def smoke(session: nox.Session) -> None:
    """Every benchmark and training script starts, says what it does, and imports what it needs."""
    session.install("-e", ".[test]")
    session.run("pytest", "-q", "tests/test_scripts.py")


@nox.session
def sbom(session: nox.Session) -> None:
    """The bill of materials of a release (CycloneDX), from an environment that holds only that."""
    session.install("cyclonedx-bom>=7", "packaging>=24")
    runtime = session.create_tmp()
    session.run("python", "-m", "venv", "--clear", runtime)
    python = f"{runtime}/bin/python"
    session.run(python, "-m", "pip", "install", "-q", ".[dask,interop,parquet]", external=True)
    out = session.posargs or ["kyphometer.cdx.json"]
    session.run("python", "release/bill_of_materials.py", "--python", python, "--out", *out)


@nox.session
def mutation(session: nox.Session) -> None:
    """Changes the science a line at a time; every change that no test notices is listed.

    `nox -s mutation -- kyphometer/measure/angles.py` for one file; without a name the whole of
    followup, measure, reading, reliability and endplates, which takes hours.
    """
    session.install("-e", ".[test,mutation]")
    session.run("python", "tests/mutation.py", *(session.posargs or SCIENCE.split()))
