"""What `import kyphometer` promises: the names of `__all__`, their types, and README's example."""

from __future__ import annotations

import ast
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kyphometer

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def typed_imports():
    """Names that a type checker sees, with where they come from."""
    tree = ast.parse(Path(kyphometer.__file__).read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_all_is_sorted_and_without_doubles():
    assert sorted(set(kyphometer.__all__)) == kyphometer.__all__


def test_a_checker_and_python_see_the_same_names():
    assert {*typed_imports(), "__version__"} == set(kyphometer.__all__)


@pytest.mark.parametrize("name", sorted(set(kyphometer.__all__) - {"__version__"}))
def test_a_name_is_the_one_of_its_home(name):
    module, there = typed_imports()[name]
    home = __import__(module, fromlist=[there])
    assert getattr(kyphometer, name) is getattr(home, there)
    assert name in dir(kyphometer)


def test_no_name_hides_a_part_of_the_package():
    parts = {part.name for part in pkgutil.iter_modules(kyphometer.__path__)}
    assert parts & set(kyphometer.__all__) == set()


def test_the_docstring_names_everything():
    named = set(re.findall(r"`(\w+)`", kyphometer.__doc__))
    assert set(kyphometer.__all__) - named == {"__version__"}


def test_a_misspelt_name_is_an_import_error():
    with pytest.raises(ImportError, match="reed_film"):
        from kyphometer import reed_film  # noqa: F401


def run(words):
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_readmes_example_prints_what_it_says(example):
    printed = run(["-W", "error", "-c", example])
    assert printed.stderr == ""
    expected = re.findall(r"^# (.*)$", example, re.MULTILINE)
    assert expected
    assert printed.stdout.splitlines() == expected


def test_the_readmes_examples_have_real_types(tmp_path):
    """Also that a wrong name, a wrong argument and a wrong member are found."""
    pytest.importorskip("mypy")
    wrong = "from kyphometer import reed_film, read_film\nread_film(b=1)\nread_film('a').wrong\n"
    (tmp_path / "wrong.py").write_text(wrong, "utf-8")
    names = ["wrong.py"]
    for number, example in enumerate(EXAMPLES):
        names.append(f"example_{number}.py")
        (tmp_path / names[-1]).write_text(example, "utf-8")
    checked = run(["-m", "mypy", "--strict", *(str(tmp_path / name) for name in names)])
    complaints = re.findall(r"(\w+\.py):(\d+): error: .*\[([a-z-]+)\]", checked.stdout)
    assert {name for name, _, _ in complaints} == {"wrong.py"}, checked.stdout
    assert {(line, code) for _, line, code in complaints} == {
        ("1", "attr-defined"),
        ("2", "call-arg"),
        ("3", "attr-defined"),
    }
