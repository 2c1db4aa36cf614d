"""Which identity provider signs people in, and whose claims are which account: one TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from kyphometer.errors import ServerStartError
from kyphometer.typed_json import MemberError, typed
from kyphometer.web.access.visitors import Role

_HERE = frozenset(("localhost", "127.0.0.1", "::1"))
Named = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Roles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values of the role claim that give each role."""

    observer: tuple[Named, ...] = ()
    qa: tuple[Named, ...] = ()
    owner: tuple[Named, ...] = ()


class ProviderOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An identity provider, as its file states it.

    Attributes
    ----------
    issuer
        Its address; `/.well-known/openid-configuration` lies below.
    client_id
        Under which name it knows this server.
    client_secret_file
        File of the client's secret, beside this one; empty for a public client.
    ca
        PEM file of whom to trust other than the usual authorities, beside this one, or empty.
    name
        What people call it; stands on the button.
    scopes
        What is asked for.
    account_claim
        Claim that holds the name of the account. Members of members are named with dots.
    role_claim, roles
        Claim that holds groups or roles, and which of them give which role here. Without them
        the account's role is the study's.
    add_accounts
        Add an account for whoever has a role and no account yet.
    passwords
        Passwords open too.
    """

    issuer: Named
    client_id: Named
    account_claim: Named
    client_secret_file: str = ""
    ca: str = ""
    name: Named = "OpenID Connect"
    scopes: tuple[Named, ...] = ("openid", "profile")
    role_claim: str = ""
    roles: Roles | None = None
    add_accounts: bool = False
    passwords: bool = True

    def login(self, claims: Mapping[str, Any]) -> str | None:
        """Name of the account of whoever has these claims, or None."""
        if self.account_claim == "email" and claims.get("email_verified") is not True:
            return None
        found = claim(claims, self.account_claim)
        return found.strip() or None if isinstance(found, str) else None

    def role(self, claims: Mapping[str, Any]) -> Role | None:
        """The highest role that these claims give, or None."""
        found = claim(claims, self.role_claim)
        held = {found} if isinstance(found, str) else set(map(str, found or ()))
        given = [role for role in Role if held.intersection(getattr(self.roles, str(role), ()))]
        return given[-1] if given else None


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of that name, or a member of one as in `realm_access.roles`; None if it lacks."""
    if name in claims:
        return claims[name]
    first, dot, rest = name.partition(".")
    within = claims.get(first)
    return claim(within, rest) if dot and isinstance(within, dict) else None


def read_options(path: Path) -> ProviderOptions:
    """The options in a file; paths in it are relative to it.

    Raises
    ------
    ServerStartError
        If it cannot be read or states something impossible.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        made = typed(document, ProviderOptions)
    except OSError as error:
        raise ServerStartError("provider_file", path=path, reason=error.strerror) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, MemberError) as error:
        raise ServerStartError("provider_file", path=path, reason=error) from None
    if not may_be_trusted(made.issuer):
        raise ServerStartError("provider_in_clear", path=path, issuer=made.issuer)
    if bool(made.role_claim) != (made.roles is not None) or (
        made.add_accounts and made.roles is None
    ):
        raise ServerStartError("provider_roles", path=path)
    return msgspec.structs.replace(
        made, client_secret_file=_beside(path, made.client_secret_file), ca=_beside(path, made.ca)
    )


def secret_of(options: ProviderOptions) -> str | None:
    """The client's secret, or None for a public client.

    Raises
    ------
    ServerStartError
        If its file cannot be read or is empty.
    """
    if not options.client_secret_file:
        return None
    path = Path(options.client_secret_file)
    try:
        secret = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        secret = ""
    if not secret:
        raise ServerStartError("provider_secret", path=path)
    return secret


def may_be_trusted(address: str) -> bool:
    """True if an address is reached by TLS, or is on this machine."""
    try:
        parts = urlsplit(address)
        return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)
    except ValueError:
        return False


def _beside(path: Path, name: str) -> str:
    return str(path.parent / Path(name).expanduser()) if name else ""
