"""Accounts of a study that is served to a department: login, password hash, role, observer.

Passwords never come here, only their hashes; what a role allows is the server's matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from kyphometer.errors import StudyRefusedError, UnknownRecordError
from kyphometer.store.database import audit
from kyphometer.store.database.clock import from_text, now_text
from kyphometer.store.database.schema import observers, users
from kyphometer.store.people.people import add_observer, observer_id
from kyphometer.store.study.file import StudyFile


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """An account.

    Attributes
    ----------
    login
        Name to sign in with.
    role
        `observer`, `qa` or `owner`.
    observer
        Code under which this person's readings are kept.
    active
        False if the account may not sign in any more.
    password_hash
        Hash of the password; never shown.
    first_password
        True if somebody else chose the password, so that it is to be changed at the next sign-in.
    """

    login: str
    role: str
    observer: str
    active: bool
    created_at: datetime
    password_hash: str
    first_password: bool = False


class StudyAccounts(StudyFile):
    """The accounts of a study."""

    def accounts(self) -> tuple[AccountRecord, ...]:
        """All accounts, by login."""
        with self._database.read() as connection:
            return tuple(map(_account, connection.execute(_query().order_by(users.c.login))))

    def account(self, login: str) -> AccountRecord | None:
        """The account of that login, or None."""
        with self._database.read() as connection:
            found = connection.execute(_query().where(users.c.login == login)).first()
            return None if found is None else _account(found)

    def add_account(
        self,
        login: str,
        *,
        password_hash: str,
        role: str,
        observer: str | None = None,
        first_password: bool = False,
    ) -> None:
        """Add an account; its observer is added too if not known (the login by default).

        `first_password` says that somebody else chose it.

        Raises
        ------
        StudyRefusedError
            If the login is taken or cannot be used.
        """
        login, code = _checked_login(login), observer or login
        with self._database.write() as connection:
            if connection.execute(select(users.c.id).where(users.c.login == login)).first():
                raise StudyRefusedError("account_there", login=login)
            add_observer(connection, self._actor, code, login)
            row = {
                "login": login,
                "password_hash": password_hash,
                "role": role,
                "observer_id": observer_id(connection, code),
                "active": True,
                "first_password": first_password,
                "created_at": now_text(),
            }
            connection.execute(insert(users).values(**row))
            self._note(connection, "account.add", login, {"role": role, "observer": code})

    def change_account(
        self,
        login: str,
        *,
        password_hash: str | None = None,
        role: str | None = None,
        active: bool | None = None,
        first_password: bool | None = None,
    ) -> None:
        """Change what is given of an account.

        Raises
        ------
        UnknownRecordError
            If there is no such account.
        StudyRefusedError
            If it would leave the study without an owner who can sign in.
        """
        changes = {
            "password_hash": password_hash,
            "role": role,
            "active": active,
            "first_password": first_password,
        }
        given = {name: value for name, value in changes.items() if value is not None}
        with self._database.write() as connection:
            found = connection.execute(select(users.c.id).where(users.c.login == login)).first()
            if found is None:
                raise UnknownRecordError("unknown_account", name=login)
            connection.execute(update(users).where(users.c.login == login).values(**given))
            _require_owner(connection)
            shown = {**given, "password_hash": "changed"} if password_hash else given
            self._note(connection, "account.change", login, shown)

    def _note(
        self, connection: Connection, deed: str, login: str, details: Mapping[str, Any]
    ) -> None:
        audit.record(connection, self._actor, deed, f"account {login}", details=details)


def _query() -> Any:
    return select(
        users.c.login,
        users.c.role,
        observers.c.code.label("observer"),
        users.c.active,
        users.c.created_at,
        users.c.password_hash,
        users.c.first_password,
    ).join(observers, observers.c.id == users.c.observer_id)


def _account(row: Row[Any]) -> AccountRecord:
    facts = dict(row._mapping)
    facts["created_at"] = from_text(facts["created_at"])
    return AccountRecord(**facts)


def _checked_login(login: str) -> str:
    login = login.strip()
    if not login or len(login) > 64 or not login.isprintable() or any(map(str.isspace, login)):
        raise StudyRefusedError("login_unusable", login=login)
    return login


def _require_owner(connection: Connection) -> None:
    owner = select(users.c.id).where(users.c.role == "owner", users.c.active)
    if connection.execute(owner).first() is None:
        raise StudyRefusedError("no_owner_left")
