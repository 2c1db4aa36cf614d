"""Numbers, p values, missing values and the minus sign are printed in one way, whatever prints."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from arm_cases import trial, write_trial
from docx import Document as read_docx

import kyphometer
from kyphometer.cli import main
from kyphometer.reports.document import Column
from kyphometer.stats.formatting import MISSING, format_number, format_p, format_signed, minus

PACKAGE = Path(kyphometer.__file__).parent
ONE = PACKAGE / "stats" / "formatting.py"
TAGS = re.compile(r"<style.*?</style>|<script.*?</script>|<svg.*?</svg>|<[^>]+>", re.DOTALL)
HYPHEN = re.compile(r"(?:^|[\s(\[:])-\.?\d")
BROKEN = re.compile(
    r"\b(?:nan|NaN|None|n/a)\b|p = 0\.000|\b1\.000 *<|p [<=>]\S|p = [<>]|−0\.0+(?!\d)|-0\.0+\b"
)


def own_minus(path: Path) -> list[str]:
    """Where a module makes a minus sign of print, or a p value of its own, itself."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "replace":
            values = [a.value for a in node.args if isinstance(a, ast.Constant)]
            if values == ["-", "−"]:
                found.append(f"{path.relative_to(PACKAGE)}:{node.lineno}: minus")
        if isinstance(node, ast.Constant) and node.value in ("<0.001", "< 0.001", "n/a"):
            found.append(f"{path.relative_to(PACKAGE)}:{node.lineno}: {node.value}")
    return found


def test_no_other_module_makes_a_minus_sign_or_a_p_value():
    allowed = {"reliability/table_csv.py", "tables/missing.py"}  # they read what others wrote
    found = [
        item
        for path in sorted(PACKAGE.rglob("*.py"))
        if path != ONE and path.relative_to(PACKAGE).as_posix() not in allowed
        for item in own_minus(path)
    ]
    assert not found


@pytest.mark.parametrize(
    "value", [0.0, 0.0004, 0.0009999, 0.001, 0.0496, 0.9994, 0.99951, 1.0, None]
)
def test_a_table_prints_p_as_a_sentence_does(value):
    assert Column(name="p", label="p", kind="p").show(value) == format_p(value)


@pytest.mark.parametrize("value", [-12.34, -0.04, 0.0, 0.04, 3.0, None, float("nan")])
def test_a_table_prints_numbers_as_a_sentence_does(value):
    assert Column(name="x", label="x", kind="number", digits=1).show(value) == format_number(value)


def test_signs_are_those_of_print():
    assert format_signed(0.04) == format_signed(-0.04) == "0.0"
    assert (format_signed(1.0), format_signed(-1.0), format_signed(None)) == (
        "+1.0",
        "−1.0",
        MISSING,
    )
    kept = "2026-11-22 pre-op T12-L2 0.5-0.9 F-1 (n - 1)"
    assert minus(kept) == kept
    assert minus("-3 to -.5 (-1)") == "−3 to −.5 (−1)"


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """Both reports of a trial of two groups with lost patients, and of readings, as words."""
    folder = tmp_path_factory.mktemp("printed")
    table = write_trial(folder / "trial.csv", *trial(24, seed=4))
    study = str(folder / "s.db")
    command = ["study", "new", study, "--table", str(table)]
    assert main([*command, "--position", "standing", "--reference-arm", "no cement"]) == 0
    texts = {}
    for name, options in {"report": [], "journal": ["--journal"]}.items():
        html, docx = folder / f"{name}.html", folder / f"{name}.docx"
        assert main(["report", study, "-o", str(html), "--docx", str(docx), *options]) == 0
        texts[name] = TAGS.sub("\n", html.read_text("utf-8"))
        document = read_docx(str(docx))
        cells = [c.text for t in document.tables for row in t.rows for c in row.cells]
        texts[f"{name}.docx"] = "\n".join([*(p.text for p in document.paragraphs), *cells])
    readings = folder / "readings.csv"
    rows = [f"f{n},{o},{n - 5 + 0.1 * (n * k % 7)}" for n in range(12) for k, o in enumerate("AB")]
    readings.write_text("film,observer,value\n" + "\n".join(rows) + "\n", "utf-8")
    html = folder / "reliability.html"
    assert main(["reliability", str(readings), "-o", str(html)]) == 0
    texts["reliability"] = TAGS.sub("\n", html.read_text("utf-8"))
    return texts


@pytest.mark.parametrize(
    "name", ["report", "report.docx", "journal", "journal.docx", "reliability"]
)
def test_reports_print_no_hyphen_for_a_minus_and_nothing_broken(printed, name):
    text = printed[name]
    assert "−" in text
    for pattern in (HYPHEN, BROKEN):
        assert [text[max(m.start() - 40, 0) : m.end() + 20] for m in pattern.finditer(text)] == []
