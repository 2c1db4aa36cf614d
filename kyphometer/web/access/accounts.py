"""The authenticator of a department: lets in who is signed in and whose account still stands."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Protocol, Self

from starlette.concurrency import run_in_threadpool

from kyphometer.errors import SignInError
from kyphometer.store.people.accounts import AccountRecord
from kyphometer.web.access.passwords import hashed, matches, needs_renewal
from kyphometer.web.access.sign_ins import SignIn, SignIns
from kyphometer.web.access.throttle import Throttle
from kyphometer.web.access.visitors import Role, Visitor

RECHECK_S = 15.0
"""A change of an account by the command line takes effect within this time."""
MAX_HASHING = 2
"""Passwords hashed at once: each takes 64 MiB for a tenth of a second."""
logger = logging.getLogger("kyphometer.web")


class Accounts(Protocol):
    """What the server needs of a study to let people in."""

    def acting_as(self, actor: str) -> Self:
        """The same, with another person named in the audit trail."""
        ...

    def accounts(self) -> tuple[AccountRecord, ...]:
        """All accounts."""
        ...

    def account(self, login: str) -> AccountRecord | None:
        """The account of a login."""
        ...

    def add_account(
        self, login: str, *, password_hash: str, role: str, observer: str | None = None
    ) -> None:
        """Add an account."""
        ...

    def change_account(
        self,
        login: str,
        *,
        password_hash: str | None = None,
        role: str | None = None,
        active: bool | None = None,
    ) -> None:
        """Change an account."""
        ...


class AccountAuthenticator:
    """Signs people in and out and recognises them by their cookie.

    Attributes
    ----------
    store
        The accounts.
    """

    def __init__(
        self,
        store: Accounts,
        cookie_name: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self._cookie_name = cookie_name
        self._clock = clock
        self._hashing = asyncio.Semaphore(MAX_HASHING)
        self._checked: dict[str, float] = {}
        self.sign_ins = SignIns(clock)
        self.throttle = Throttle(clock)

    async def recognise(self, cookies: Mapping[str, str], _bearer: str | None) -> Visitor | None:
        """The person who is signed in under the cookie, or None."""
        known = self.sign_ins.use(cookies.get(self._cookie_name, ""))
        if known is None:
            return None
        sign_in, successor = known
        if not await self._still_stands(sign_in):
            self.sign_ins.end_all(sign_in.login)
            return None
        return Visitor(
            observer=sign_in.observer,
            name=sign_in.login,
            role=sign_in.role,
            csrf=sign_in.csrf,
            renewed=successor,
        )

    async def _still_stands(self, sign_in: SignIn) -> bool:
        """False if the account was closed or its role changed since."""
        now = self._clock()
        if now - self._checked.get(sign_in.login, float("-inf")) < RECHECK_S:
            return True
        account = await run_in_threadpool(self.store.account, sign_in.login)
        stands = account is not None and account.active and account.role == sign_in.role
        if stands:
            self._checked[sign_in.login] = now
        return stands

    async def sign_in(self, login: str, password: str, address: str) -> tuple[str, SignIn]:
        """Sign somebody in.

        Returns
        -------
        identifier, sign_in
            What the cookie must hold, and who it is.

        Raises
        ------
        TooManyAttemptsError
            If there were too many failures before.
        SignInError
            If login and password do not match; says no more than that.
        """
        self.throttle.require_patience(login, address)
        account = await run_in_threadpool(self.store.account, login)
        async with self._hashing:
            right = await run_in_threadpool(
                matches, password, None if account is None else account.password_hash
            )
        if account is None or not right or not account.active:
            self.throttle.failed(login, address)
            logger.warning("failed sign-in from %s", address)
            raise SignInError("Name and password do not match", "check both and try again")
        self.throttle.succeeded(login, address)
        await self._renew_hash(account, password)
        self._checked.pop(login, None)
        return self.sign_ins.begin(login, account.observer, Role(account.role))

    async def _renew_hash(self, account: AccountRecord, password: str) -> None:
        if not needs_renewal(account.password_hash):
            return
        async with self._hashing:
            renewed = await run_in_threadpool(hashed, password)
        await run_in_threadpool(self.change, account.login, password_hash=renewed)

    async def hashed(self, password: str) -> str:
        """Hash of a new password."""
        async with self._hashing:
            return await run_in_threadpool(hashed, password)

    def change(self, login: str, *, password_hash: str) -> None:
        """Change somebody's own password."""
        self.store.acting_as(login).change_account(login, password_hash=password_hash)
        self._checked.pop(login, None)

    def store_for(self, visitor: Visitor) -> Accounts:
        """The accounts, changed in the name of that visitor."""
        return self.store.acting_as(str(visitor.name))

    def forget(self, login: str) -> None:
        """Sign a person out everywhere, because the account changed."""
        self._checked.pop(login, None)
        self.sign_ins.end_all(login)
