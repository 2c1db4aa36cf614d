"""Every command's parser and its typed record have the same members, from whatever is typed."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kyphometer.cli import COMMANDS, main
from kyphometer.cli.options import Options

SPOILT = {
    "annotate": ["absent"],
    "watch": ["--once"],
    "listen": ["--ca", "absent.pem"],
    "qa kit": ["--films", "2"],
    "qa acceptance": ["--leave-out", "no such group"],
}
"""What makes a command refuse that would otherwise begin to work."""
DONE = {"schema", "study new", "plan icc", "plan limits", "plan change", "plan groups",
        "plan shares", "plan precision", "pacs list", "deidentify"}  # fmt: skip
"""Commands that may find something to do where nothing is there."""
VALUES = {"expected": "0.9", "null": "0.7", "power": "0.8", "share": "0.4", "reference": "0.2"}


def leaves(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, list]]:
    """Every command and deed with the options that it cannot do without."""
    deeds = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    for deed in deeds:
        for word, inner in deed.choices.items():
            yield from leaves(inner, f"{name} {word}")
    if not deeds:
        yield name, parser._actions


def every_command() -> list[tuple[str, list]]:
    found = []
    for name in COMMANDS:
        module = importlib.import_module(f"kyphometer.cli.{name.replace('-', '_')}")
        commands = argparse.ArgumentParser().add_subparsers()
        module.add_parser(commands)
        found += leaves(commands.choices[name], name)
    return found


ALL = every_command()


def typed(actions: list, here: Path) -> Iterator[str]:
    """The least that must be typed; every path leads nowhere."""
    for action in actions:
        optional = action.nargs in ("?", "*") or (action.option_strings and not action.required)
        if optional or action.dest == "help":
            continue
        yield from action.option_strings[:1]
        if action.choices:
            yield next(iter(action.choices))
        elif action.type in (int, float) or getattr(action.type, "__name__", "") == "positive":
            yield VALUES.get(action.dest, "3")
        else:
            yield VALUES.get(action.dest, str(here / "absent"))


@pytest.mark.parametrize(("name", "actions"), ALL, ids=[name for name, _ in ALL])
def test_parser_and_record_have_the_same_members(name, actions, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if name == "simulate":
        (tmp_path / "absent").mkdir()
        (tmp_path / "absent" / "film.dcm").touch()
    arguments = [*name.split(), *typed(actions, tmp_path), *SPOILT.get(name, [])]
    try:
        status = main(arguments)
    except SystemExit as refused:  # the parser's own checks
        status = refused.code
    assert status in range(12)
    assert (status == 0) <= (name in DONE)
    assert "Traceback" not in capsys.readouterr().err


@dataclass(frozen=True, kw_only=True)
class FilmRecord(Options):
    """One option."""

    film: str


@pytest.mark.parametrize("given", [{}, {"film": "a", "more": 1}])
def test_a_record_that_does_not_fit_its_parser_is_refused(given):
    with pytest.raises(TypeError):
        FilmRecord.of(argparse.Namespace(command="show", **given))


def test_a_record_holds_what_was_typed():
    given = argparse.Namespace(command="show", deed="one", language=None, film="a.dcm")
    assert FilmRecord.of(given) == FilmRecord(film="a.dcm")
