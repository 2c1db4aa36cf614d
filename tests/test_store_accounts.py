"""Accounts of a study, on both databases, and the command that keeps them."""

from __future__ import annotations

import io
import json

import pytest

from kyphometer.cli import main
from kyphometer.errors import StudyRefusedError, UnknownRecordError
from kyphometer.store.study.study import Study


@pytest.fixture(params=["sqlite", "postgresql"])
def study(request, tmp_path):
    if request.param == "postgresql":
        target = request.getfixturevalue("postgres_server").new_database()
    else:
        target = str(tmp_path / "study.sqlite")
    with Study.create(target, actor="KN") as made:
        yield made


def add(study, login, role="observer", **more):
    study.add_account(login, password_hash="$argon2id$x", role=role, **more)


def test_an_account_comes_with_its_observer(study):
    add(study, "ann", observer="AN")
    add(study, "olga", "owner")
    assert [account.login for account in study.accounts()] == ["ann", "olga"]
    account = study.account("ann")
    assert (account.observer, account.role, account.active) == ("AN", "observer", True)
    assert {observer.code for observer in study.observers()} == {"AN", "olga"}
    assert study.account("nobody") is None


def test_two_accounts_may_share_an_observer_and_no_login_is_there_twice(study):
    add(study, "ann", observer="AN")
    add(study, "ann2", observer="AN")
    with pytest.raises(StudyRefusedError, match="ann"):
        add(study, "ann")
    assert len(study.accounts()) == 2


@pytest.mark.parametrize("login", ["", " ", "a b", "x" * 65, "a\nb", "a\x00b"])
def test_names_that_cannot_be_used_are_refused(study, login):
    with pytest.raises(StudyRefusedError):
        add(study, login)
    assert study.accounts() == ()


def test_the_last_owner_stays(study):
    add(study, "olga", "owner")
    add(study, "ann")
    for change in ({"role": "observer"}, {"active": False}):
        with pytest.raises(StudyRefusedError, match="owner"):
            study.change_account("olga", **change)
    assert study.account("olga").role == "owner"
    study.change_account("ann", role="owner")
    study.change_account("olga", active=False)
    assert not study.account("olga").active


def test_changes_are_in_the_audit_trail_and_hashes_are_not(study):
    add(study, "olga", "owner")
    study.acting_as("boss").change_account("olga", password_hash="$argon2id$secret")
    entries = study.audit("account olga")
    assert [entry.action for entry in entries] == ["account.add", "account.change"]
    assert entries[-1].actor == "boss"
    assert "argon2" not in str(entries)
    assert study.account("olga").password_hash == "$argon2id$secret"


def test_an_unknown_account_is_told(study):
    add(study, "olga", "owner")
    with pytest.raises(UnknownRecordError, match="nobody"):
        study.change_account("nobody", role="qa")


@pytest.fixture
def path(tmp_path):
    Study.create(tmp_path / "study.sqlite").close()
    return str(tmp_path / "study.sqlite")


def user(*words, typed="", monkeypatch=None):
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return main(["user", *words])


def test_the_command_keeps_accounts(path, capsys, monkeypatch):
    def run(*words, typed=""):
        return user(*words, typed=typed, monkeypatch=monkeypatch)

    password = "correct horse battery\n"
    add_olga = ("add", path, "olga", "--role", "owner", "--password-stdin")
    assert run(*add_olga, typed=password) == 0
    assert run("add", path, "ann", "--observer", "AN", "--password-stdin", typed=password) == 0
    assert run("role", path, "ann", "qa") == 0
    assert run("close", path, "ann") == 0
    capsys.readouterr()
    assert run("list", path, "--format", "json") == 0
    shown = capsys.readouterr().out
    rows = {row["name"]: row for row in json.loads(shown)}
    assert rows["ann"]["role"] == "qa"
    assert rows["ann"]["active"] is False
    assert rows["ann"]["observer"] == "AN"
    assert "argon2" not in shown
    with Study.open(path) as study:
        before = study.account("ann").password_hash
    assert before.startswith("$argon2id$")
    assert run("password", path, "ann", "--password-stdin", typed="another good one\n") == 0
    with Study.open(path) as study:
        assert study.account("ann").password_hash != before


def test_the_command_refuses_in_a_sentence(path, capsys, monkeypatch):
    def run(*words, typed=""):
        status = user(*words, typed=typed, monkeypatch=monkeypatch)
        return status, capsys.readouterr().err

    assert run("add", path, "ann", "--password-stdin", typed="short\n")[0] == 2
    status, told = run("add", path, "ann")
    assert status == 2
    assert "--password-stdin" in told
    assert run("role", path, "nobody", "qa")[0] == 8
    with Study.open(path) as study:
        assert study.accounts() == ()
