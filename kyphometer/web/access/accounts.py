"""The authenticator of a department: lets in who is signed in and whose account still stands."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, Self

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers

from kyphometer.errors import ForbiddenError, SignInError, TooManyAttemptsError
from kyphometer.store.people.accounts import AccountRecord
from kyphometer.web.access.devices import known_device, new_device
from kyphometer.web.access.identity.journey import Journeys
from kyphometer.web.access.identity.provider import IdentityProvider
from kyphometer.web.access.passwords import hashed, matches, needs_renewal
from kyphometer.web.access.proxy_sign_in import ProxySignIn
from kyphometer.web.access.sign_in_log import Outcome, SignInLog
from kyphometer.web.access.sign_ins import SignIn, SignIns
from kyphometer.web.access.throttle import Throttle
from kyphometer.web.access.visitors import Role, Visitor

RECHECK_S = 15.0
"""A change of an account by the command line takes effect within this time."""
MAX_HASHING = 2
"""Passwords hashed at once: each takes 64 MiB for a tenth of a second."""


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
        self,
        login: str,
        *,
        password_hash: str,
        role: str,
        observer: str | None = None,
        first_password: bool = False,
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
        first_password: bool | None = None,
    ) -> None:
        """Change an account."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Somebody has signed in: what the cookies must hold, and who it is."""

    identifier: str
    sign_in: SignIn
    device: str


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
        log: SignInLog | None = None,
        proxy: ProxySignIn | None = None,
        provider: IdentityProvider | None = None,
    ) -> None:
        self.store = store
        self._cookie_name = cookie_name
        self._clock = clock
        self._hashing = asyncio.Semaphore(MAX_HASHING)
        self._checked: dict[str, float] = {}
        self._logins: set[str] = set()
        self.sign_ins = SignIns(clock)
        self.throttle = Throttle(clock)
        self.log = SignInLog() if log is None else log
        self.proxy = proxy
        self.provider = provider
        self.journeys = Journeys()

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
            seconds_left=self.sign_ins.seconds_left(sign_in),
            first_password=sign_in.first_password,
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

    async def sign_in(self, login: str, password: str, address: str, mark: str = "") -> Begun:
        """Sign somebody in.

        Parameters
        ----------
        mark
            What the browser shows of having signed in before (`devices`).

        Raises
        ------
        TooManyAttemptsError
            If there were too many failures before.
        SignInError
            If login and password do not match; says no more than that.
        ForbiddenError
            If the identity provider alone lets people in.
        """
        if self.provider is not None and not self.provider.options.passwords:
            raise ForbiddenError("passwords_closed", name=self.provider.options.name)
        account = await self._account_to_try(login, address, mark)
        known_hash = None if account is None else account.password_hash
        device, known = known_device(mark, known_hash), account is not None
        self._require_patience(login, address, device, known=known)
        async with self._hashing:
            right = await run_in_threadpool(matches, password, known_hash)
        if account is None or not right or not account.active:
            self.throttle.failed(login, address, device)
            self.log.note(login, address, Outcome.FAILURE, known=known)
            raise SignInError("password_wrong")
        self.throttle.succeeded(login, address, device)
        account = await self._renewed(account, password)
        return self.begin(account, address)

    async def _account_to_try(self, login: str, address: str, mark: str) -> AccountRecord | None:
        """The account of a login; whoever shows no mark and comes too early costs no look."""
        if not mark:
            self._require_patience(login, address, None, known=login in self._logins)
        account = await run_in_threadpool(self.store.account, login)
        if account is not None:
            self._logins.add(login)
        return account

    def _require_patience(
        self, login: str, address: str, device: str | None, *, known: bool
    ) -> None:
        try:
            self.throttle.require_patience(login, address, device)
        except TooManyAttemptsError:
            self.log.note(login, address, Outcome.TOO_EARLY, known=known)
            raise

    def begin(
        self, account: AccountRecord, address: str, *, by: str = "password", token: str = ""
    ) -> Begun:
        """Sign in whoever has shown to be the owner of an account that stands."""
        self.log.note(account.login, address, Outcome.SUCCESS, known=True, by=by)
        self._checked.pop(account.login, None)
        identifier, sign_in = self.sign_ins.begin(
            account.login,
            account.observer,
            Role(account.role),
            first_password=account.first_password and by == "password",
            token=token,
        )
        device = new_device(account.password_hash)
        return Begun(identifier=identifier, sign_in=sign_in, device=device)

    async def vouched(self, headers: Headers, address: str) -> Begun | None:
        """Sign in whom the reverse proxy vouches for; None if it names nobody.

        Raises
        ------
        ForbiddenError
            If that person has no account here, or a closed one.
        """
        login = None if self.proxy is None else self.proxy.person(headers)
        if login is None:
            return None
        account = await run_in_threadpool(self.store.account, login)
        if account is None or not account.active:
            known = account is not None
            self.log.note(login, address, Outcome.FAILURE, known=known, by="proxy")
            raise ForbiddenError("no_account_of_yours")
        return self.begin(account, address, by="proxy")

    async def is_password(self, login: str, password: str) -> bool:
        """True if that is the person's password."""
        account = await run_in_threadpool(self.store.account, login)
        async with self._hashing:
            return await run_in_threadpool(
                matches, password, None if account is None else account.password_hash
            )

    async def _renewed(self, account: AccountRecord, password: str) -> AccountRecord:
        """The account, its hash made anew if it was made with weaker parameters."""
        if not needs_renewal(account.password_hash):
            return account
        made = await self.hashed(password)
        store = self.store.acting_as(account.login)
        await run_in_threadpool(lambda: store.change_account(account.login, password_hash=made))
        return replace(account, password_hash=made)

    async def hashed(self, password: str) -> str:
        """Hash of a new password."""
        async with self._hashing:
            return await run_in_threadpool(hashed, password)

    def change(self, login: str, *, password_hash: str) -> AccountRecord:
        """Change somebody's own password; the account as it is then."""
        store = self.store.acting_as(login)
        store.change_account(login, password_hash=password_hash, first_password=False)
        self._checked.pop(login, None)
        account = store.account(login)
        assert account is not None  # accounts are closed, never removed
        return account

    def store_for(self, visitor: Visitor) -> Accounts:
        """The accounts, changed in the name of that visitor."""
        return self.store.acting_as(str(visitor.name))

    def forget(self, login: str) -> None:
        """Sign a person out everywhere, because the account changed."""
        self._checked.pop(login, None)
        self.sign_ins.end_all(login)
