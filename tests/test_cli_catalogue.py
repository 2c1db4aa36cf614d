"""What the command line prints stands in the catalogue, none of it in English in its code."""

import ast
import re
from pathlib import Path

import pytest

from kyphometer.messages import LANGUAGES, catalogue

CLI = Path(__file__).parent.parent / "kyphometer" / "cli"
MODULES = sorted(CLI.glob("*.py"))
PRINTERS = {"print", "print_table", "write"}
WORD = re.compile(r"[A-Za-z]{3,}")
DATA = {
    "kyphometer": "the program's name, before its errors and in commands to copy",
    "annotate": "a command to copy",
    "session": "a command to copy, or an option of it",
    "observer": "an option of a command to copy",
    "kit": "a session's code in a command to copy",
    "lock": "a command to copy",
}
"""Words that are no English to be told, and why."""
COLUMN_NAMES = re.compile(r"_?[A-Z_]*(?:COLUMNS|SHOWN|FILM|MEASUREMENT)$")


def trees():
    for path in MODULES:
        yield path, ast.parse(path.read_text("utf-8"))


def texts(node):
    """String constants below a node, without keys of dictionaries and names of catalogue keys."""
    if isinstance(node, ast.Call) and name_of(node) in KEYED:
        rest = [*node.args[1:], *(k.value for k in node.keywords)]
        for child in rest:
            yield from texts(child)
        return
    if isinstance(node, ast.Subscript):
        yield from texts(node.value)
        return
    if isinstance(node, ast.FormattedValue):
        yield from texts(node.value)  # its format is no text
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from texts(child)


KEYED = {"sentence", "say", "tell", "warn", "word", "counted_words", "in_words"}


def name_of(call):
    function = call.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def calls(tree, names):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node) in names:
            yield node


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_print_has_an_english_word_in_the_code(path):
    found = []
    for call in calls(ast.parse(path.read_text("utf-8")), {"print", "write", "getpass"}):
        for argument in call.args:
            for text in texts(argument):
                words = [word for word in WORD.findall(text) if word not in DATA]
                if words:
                    found.append((call.lineno, text))
    assert found == []


def test_every_key_that_the_commands_tell_is_in_the_catalogue():
    told = set()
    for _, tree in trees():
        for call in calls(tree, {"say", "tell", "warn", "word"}):
            keys = call.args[0]
            for node in ast.walk(keys):
                if isinstance(node, ast.IfExp):
                    told |= {n.value for n in (node.body, node.orelse) if is_text(n)}
            if is_text(keys):
                told.add(keys.value)
    assert len(told) > 80
    missing = {key for key in told if f"cli.{key}" not in catalogue("en")}
    assert missing == set()


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_column_and_fact_has_a_heading_in_the_catalogue():
    """Columns of tables for people, and facts that are printed a line each."""
    names = set()
    for _, tree in trees():
        for call in calls(tree, {"print_table"}):
            if isinstance(call.args[0], ast.Tuple):
                names |= {node.value for node in call.args[0].elts if is_text(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                target = node.targets[0].id
                if isinstance(node.value, ast.Dict) and target in ("facts", "shown"):
                    names |= {key.value for key in node.value.keys if is_text(key)}
        for call in calls(tree, {"print_facts"}):
            for node in ast.walk(call):
                if isinstance(node, ast.Dict):
                    names |= {key.value for key in node.keys if key and is_text(key)}
        for call in calls(tree, {"print_rows"}):
            if isinstance(call.args[2], ast.Tuple):
                names |= {node.value for node in call.args[2].elts if is_text(node)}
    names -= {""}
    assert len(names) > 80
    missing = {name for name in names if f"head.{name}" not in catalogue("en")}
    assert missing == set()


def test_english_headings_and_words_are_what_programs_get():
    """So that the English output stays what it was when a key is told."""
    english = catalogue(LANGUAGES[0])
    for key, text in english.items():
        if key.startswith("value."):
            assert text == key.removeprefix("value."), key
