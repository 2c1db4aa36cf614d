"""Benchmarks and training scripts are run by hand; here each of them starts, and some run small."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted(
    path.relative_to(ROOT)
    for folder in ("benchmarks", "training")
    for path in (ROOT / folder).glob("*.py")
    if "argparse" in path.read_text("utf-8")
)
SMALL = {
    "cold_start": ["1"],
    "followup": ["12"],
    "measure_readings": ["40"],
    "store": ["--patients", "12"],
}


def run(script, *words):
    around = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, str(ROOT / script), *words],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=ROOT,
        env=around,
    )


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=str)
def test_every_script_imports_what_it_needs_and_explains_itself(script):
    if "torch" in (ROOT / script).read_text("utf-8"):
        pytest.importorskip("torch", reason="torch is for training only")
    done = run(script, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage:")


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_benchmarks_print_a_table_of_numbers(name):
    done = run(f"benchmarks/{name}.py", *SMALL[name])
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 2
    assert any(character.isdigit() for character in done.stdout)
