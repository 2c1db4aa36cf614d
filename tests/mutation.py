"""Changes the package a line at a time and lists every change that no test notices.

    python tests/mutation.py kyphometer/measure/uncertainty.py
    python tests/mutation.py followup measure reading --most 200 --seed 1

Works on a copy of the tree in a temporary folder, with cosmic-ray (MIT). A name is a module's path,
or a part of the package. `--most` draws that many changes at random, so that a part can be sampled
in the time there is. Numbers, comparisons and signs are changed, since thresholds live there.
Exits with 1 if something survived.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPERATORS = (
    "NumberReplacer",
    "ReplaceComparisonOperator",
    "ReplaceUnaryOperator",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "AddNot",
    "ReplaceBinaryOperator_(Add_Sub|Sub_Add|Mul_Div|Div_Mul)",
)
FAST = "not slow and not browser and not server"
CONFIG = """[cosmic-ray]
module-path = {paths}
timeout = {timeout}
excluded-modules = []
test-command = "{command}"

[cosmic-ray.distributor]
name = "local"
"""


def modules(names: list[str]) -> list[str]:
    """Paths of the modules that the names mean, relative to the root."""
    found: list[Path] = []
    for name in names:
        path = ROOT / name if name.endswith(".py") else ROOT / "kyphometer" / name
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    if not found:
        raise SystemExit(f"No module is called {', '.join(names)}.")
    return [str(path.relative_to(ROOT)) for path in found if path.name != "__init__.py"]


def tests_of(paths: list[str]) -> list[str]:
    """Test modules whose names hold the part, or the whole suite without browsers and servers."""
    parts = {Path(path).parts[1].removesuffix(".py") for path in paths}
    return sorted(
        str(path.relative_to(ROOT))
        for part in parts
        for path in [*(ROOT / "tests").glob(f"test_{part}*.py"), ROOT / "tests" / part]
        if path.exists()
    ) or ["tests"]


def draw(session: Path, most: int | None, seed: int) -> int:
    """Keep changes of the `OPERATORS`, `most` of them drawn at random; how many are left."""
    wanted = re.compile(f"core/({'|'.join(OPERATORS)})")
    with closing(sqlite3.connect(session)) as database, database:
        specs = database.execute("SELECT job_id, operator_name FROM mutation_specs").fetchall()
        jobs = sorted(job for job, operator in specs if wanted.match(operator))
        if most is not None and most < len(jobs):
            jobs = random.Random(seed).sample(jobs, most)
        drop = [(job,) for job, _ in specs if job not in set(jobs)]
        database.executemany("DELETE FROM mutation_specs WHERE job_id = ?", drop)
        database.executemany("DELETE FROM work_items WHERE job_id = ?", drop)
    return len(jobs)


def survivors(tree: Path, session: Path) -> tuple[int, list[str]]:
    """How many changes were tried, and those that every test passed."""
    words = [sys.executable, "-m", "cosmic_ray.cli", "dump", str(session)]
    lines = subprocess.run(words, cwd=tree, capture_output=True, text=True, check=True).stdout
    tried, alive = 0, []
    for line in lines.splitlines():
        item, result = json.loads(line)
        if result is None:
            continue
        tried += 1
        if result["test_outcome"] == "survived":
            change = item["mutations"][0]
            place = f"{change['module_path']}:{change['start_pos'][0]}"
            diff = [
                row
                for row in (result["diff"] or "").splitlines()
                if row[:1] in "+-" and row[:3] not in ("+++", "---")
            ]
            alive.append("\n    ".join([place, *diff]))
    return tried, alive


def main() -> int:
    """Mutate, test, print what survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", help="modules or parts of the package")
    parser.add_argument("--tests", nargs="+", help="test files; by default those of the part")
    parser.add_argument("--most", type=int, help="try this many changes, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds a change")
    options = parser.parse_args()
    paths = modules(options.names)
    with tempfile.TemporaryDirectory(prefix="kyphometer-mutation-") as folder:
        tree, session = Path(folder) / "tree", Path(folder) / "session.sqlite"
        leave = shutil.ignore_patterns(".git", ".venv", ".nox", "data/train*", "runs", ".*_cache")
        shutil.copytree(ROOT, tree, ignore=leave)
        pytest = f"{sys.executable} -m pytest -q -x -p no:cacheprovider -m '{FAST}'"
        config = tree / "mutation.toml"
        config.write_text(
            CONFIG.format(
                paths=json.dumps(paths),
                timeout=options.timeout,
                command=f"{pytest} {' '.join(options.tests or tests_of(paths))}",
            )
        )
        for words in (
            ["cosmic_ray.cli", "init", str(config), str(session)],
            ["cosmic_ray.cli", "baseline", str(config)],
        ):
            subprocess.run([sys.executable, "-m", *words], cwd=tree, check=True)
        print(f"{draw(session, options.most, options.seed)} changes to try", flush=True)
        words = [sys.executable, "-m", "cosmic_ray.cli", "exec", str(config), str(session)]
        subprocess.run(words, cwd=tree, check=True)
        tried, alive = survivors(tree, session)
    for line in alive:
        print(line)
    print(f"{tried} changes, {len(alive)} survived")
    return 1 if alive else 0


if __name__ == "__main__":
    raise SystemExit(main())
