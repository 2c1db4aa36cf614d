"""Whoever the identity provider vouches for signs in: which account, in which role."""

from __future__ import annotations

import secrets
from functools import partial

from starlette.concurrency import run_in_threadpool

from kyphometer.errors import ForbiddenError, KyphometerError
from kyphometer.store.people.accounts import AccountRecord
from kyphometer.web.access.accounts import AccountAuthenticator, Begun
from kyphometer.web.access.identity.options import ProviderOptions
from kyphometer.web.access.identity.provider import Identity
from kyphometer.web.access.sign_in_log import Outcome
from kyphometer.web.access.visitors import Role

BY = "provider"


async def enter(
    authenticator: AccountAuthenticator, options: ProviderOptions, identity: Identity, address: str
) -> Begun:
    """Sign in whom the provider vouches for.

    Raises
    ------
    ForbiddenError
        If that person has no account here, a closed one, or no role.
    StudyRefusedError
        If the claims would take the role from the study's last owner.
    """
    login = options.login(identity.claims) or ""
    before = await run_in_threadpool(authenticator.store.account, login) if login else None
    try:
        account = await _account(authenticator, options, identity, login, before)
    except KyphometerError:
        authenticator.log.note(login, address, Outcome.FAILURE, known=before is not None, by=BY)
        raise
    return authenticator.begin(account, address, by=BY, token=identity.token)


async def _account(
    authenticator: AccountAuthenticator,
    options: ProviderOptions,
    identity: Identity,
    login: str,
    before: AccountRecord | None,
) -> AccountRecord:
    """The account, added or in its new role if the claims say so."""
    role = None
    if options.roles is not None:
        role = options.role(identity.claims)
        if role is None:
            raise ForbiddenError("no_role_of_yours")
    may_add = options.add_accounts and bool(login)
    if before is None and role is not None and may_add:
        return await _added(authenticator, login, role)
    if before is None or not before.active:
        raise ForbiddenError("no_account_of_yours")
    if role is None or role == before.role:
        return before
    store = authenticator.store.acting_as(login)
    await run_in_threadpool(partial(store.change_account, login, role=str(role)))
    authenticator.forget(login)
    return await _found(authenticator, login)


async def _added(authenticator: AccountAuthenticator, login: str, role: Role) -> AccountRecord:
    """A new account, whose password nobody knows."""
    unknown = await authenticator.hashed(secrets.token_urlsafe(32))
    store = authenticator.store.acting_as(login)
    add = partial(store.add_account, login, password_hash=unknown, role=str(role))
    await run_in_threadpool(add)
    return await _found(authenticator, login)


async def _found(authenticator: AccountAuthenticator, login: str) -> AccountRecord:
    account = await run_in_threadpool(authenticator.store.account, login)
    assert account is not None  # accounts are closed, never removed
    return account
