"""`kyphometer user`: the accounts of a study that is served to a department."""

from __future__ import annotations

import sys
from typing import Any

ROLES = ("observer", "qa", "owner")


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


def run(args: Any) -> int:
    """Do it."""
    from kyphometer.store.study.study import Study

    with Study.open(args.study) as study:
        if args.deed == "list":
            _list(study, args.format)
        elif args.deed == "add":
            study.add_account(
                args.name,
                password_hash=_new_hash(args),
                role=args.role,
                observer=args.observer,
                first_password=not args.own,
            )
        elif args.deed == "password":
            made = _new_hash(args)
            study.change_account(args.name, password_hash=made, first_password=not args.own)
        elif args.deed == "role":
            study.change_account(args.name, role=args.role)
        else:
            study.change_account(args.name, active=args.deed == "open")
    return 0


def _list(study: Any, shown_as: str) -> None:
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
    if shown_as == "json":
        print_json(rows)
    elif shown_as == "csv":
        print_csv(rows, columns)
    else:
        print_table(columns, [[row[name] for name in columns] for row in rows])


def _new_hash(args: Any) -> str:
    """Hash of the new password: asked for twice, or read from standard input."""
    import getpass

    from kyphometer.errors import UsageError
    from kyphometer.web.access.passwords import checked_password, hashed

    if args.password_stdin:
        return hashed(checked_password(sys.stdin.readline().rstrip("\r\n"), args.name))
    if not sys.stdin.isatty():
        raise UsageError("no_terminal")
    first = getpass.getpass(f"New password for {args.name}: ")
    if getpass.getpass("Once more: ") != first:
        raise UsageError("passwords_differ")
    return hashed(checked_password(first, args.name))
