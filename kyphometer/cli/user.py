"""`kyphometer user`: the accounts of a study that is served to a department."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kyphometer.cli.options import Options, WithFormat
from kyphometer.cli.words import in_words, say

ROLES = ("observer", "qa", "owner")

if TYPE_CHECKING:
    from kyphometer.store.study.study import Study


@dataclass(frozen=True, kw_only=True)
class UserDeed(Options):
    """What deeds of `kyphometer user` are given."""

    study: str


@dataclass(frozen=True, kw_only=True)
class ListOptions(UserDeed, WithFormat):
    """Options of `kyphometer user list`."""


@dataclass(frozen=True, kw_only=True)
class NameOptions(UserDeed):
    """Options of `kyphometer user close` and `open`."""

    name: str


@dataclass(frozen=True, kw_only=True)
class PasswordOptions(NameOptions):
    """Options of `kyphometer user password`."""

    password_stdin: bool
    own: bool


@dataclass(frozen=True, kw_only=True)
class AddOptions(PasswordOptions):
    """Options of `kyphometer user add`."""

    role: str
    observer: str | None


@dataclass(frozen=True, kw_only=True)
class RoleOptions(NameOptions):
    """Options of `kyphometer user role`."""

    role: str


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    from kyphometer.cli.output import add_format

    parser = subparsers.add_parser(
        "user",
        help="accounts of a served study",
        description=(
            "Accounts of a study. An observer reads films; qa also sees everybody's readings; "
            "an owner also manages accounts."
        ),
    )
    deeds = parser.add_subparsers(dest="deed", metavar="DEED", required=True)
    add = _deed(deeds, "add", "add an account; asks for its password")
    add.add_argument("--role", choices=ROLES, default="observer", help="(%(default)s)")
    add.add_argument("--observer", metavar="CODE", help="code of the readings (default: the name)")
    _password_option(add)
    _password_option(_deed(deeds, "password", "set a new password"))
    _deed(deeds, "role", "change the role").add_argument("role", choices=ROLES)
    _deed(deeds, "close", "let somebody sign in no more; readings stay")
    _deed(deeds, "open", "let somebody sign in again")
    listing = deeds.add_parser("list", help="list all accounts")
    listing.add_argument("study", help="the study: a file or URL")
    add_format(listing)


def _deed(deeds: Any, name: str, summary: str) -> Any:
    parser = deeds.add_parser(
        name, help=summary, description=summary[0].upper() + summary[1:] + "."
    )
    parser.add_argument("study", help="the study: a file or URL")
    parser.add_argument("name", help="name of the account")
    return parser


def _password_option(parser: Any) -> None:
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    parser.add_argument(
        "--own",
        action="store_true",
        help="typed by the person it belongs to; otherwise it must be changed at the next sign-in",
    )


def run(given: argparse.Namespace) -> int:
    """Do it."""
    from kyphometer.store.study.study import Study

    deeds: dict[str, tuple[Callable[[Study, Any], None], type[UserDeed]]] = {
        "list": (_list, ListOptions),
        "add": (_add, AddOptions),
        "password": (_password, PasswordOptions),
        "role": (_role, RoleOptions),
        "close": (_close, NameOptions),
        "open": (_open, NameOptions),
    }
    deed, record = deeds[given.deed]
    args = record.of(given)
    with Study.open(args.study) as study:
        deed(study, args)
    return 0


def _add(study: Study, args: AddOptions) -> None:
    study.add_account(
        args.name,
        password_hash=_new_hash(args),
        role=args.role,
        observer=args.observer,
        first_password=not args.own,
    )


def _password(study: Study, args: PasswordOptions) -> None:
    made = _new_hash(args)
    study.change_account(args.name, password_hash=made, first_password=not args.own)


def _role(study: Study, args: RoleOptions) -> None:
    study.change_account(args.name, role=args.role)


def _close(study: Study, args: NameOptions) -> None:
    study.change_account(args.name, active=False)


def _open(study: Study, args: NameOptions) -> None:
    study.change_account(args.name, active=True)


def _list(study: Study, args: ListOptions) -> None:
    from kyphometer.cli.output import print_csv, print_json, print_table

    columns = ("name", "role", "observer", "active", "created")
    rows: list[dict[str, Any]] = [
        {
            "name": account.login,
            "role": account.role,
            "observer": account.observer,
            "active": account.active,
            "created": account.created_at.isoformat(),
        }
        for account in study.accounts()
    ]
    if args.format == "json":
        print_json(rows)
    elif args.format == "csv":
        print_csv(rows, columns)
    else:
        worded = ("role", "active")
        cells = [
            [in_words(row[name]) if name in worded else row[name] for name in columns]
            for row in rows
        ]
        print_table(columns, cells)


def _new_hash(args: PasswordOptions) -> str:
    """Hash of the new password: asked for twice, or read from standard input."""
    import getpass

    from kyphometer.errors import UsageError
    from kyphometer.web.access.passwords import checked_password, hashed

    if args.password_stdin:
        return hashed(checked_password(sys.stdin.readline().rstrip("\r\n"), args.name))
    if not sys.stdin.isatty():
        raise UsageError("no_terminal")
    first = getpass.getpass(say("new_password", name=args.name))
    if getpass.getpass(say("once_more")) != first:
        raise UsageError("passwords_differ")
    return hashed(checked_password(first, args.name))
