"""The error tree: one line a sentence, statuses in one place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyphometer import errors
from kyphometer.errors import KyphometerError, UnknownLevelError

BRANCHES = [c for c in KyphometerError.__subclasses__() if c.__module__.startswith(errors.__name__)]


@given(st.text())
def test_a_hostile_name_stays_one_line_and_cannot_steer_the_terminal(name):
    message = str(UnknownLevelError("L1\n\x1b[2J" + name))
    assert len(message.splitlines()) == 1
    assert "\x1b" not in message
    assert r"L1\n\x1b[2J" in message


def test_a_list_of_problems_keeps_its_lines():
    message = str(errors.ClinicalTableError("a.csv", ("row 2: one\x07", "row 3: two")))
    assert message.splitlines()[1:] == [r"row 2: one\x07", "row 3: two"]


def test_every_branch_has_its_own_exit_status():
    statuses = [branch.exit_status for branch in BRANCHES]
    assert sorted(statuses) == list(range(2, 2 + len(BRANCHES)))


@pytest.mark.parametrize("name", errors.__all__)
def test_every_class_of_the_package_stands_in_the_tree(name):
    assert issubclass(getattr(errors, name), KyphometerError)
