"""`kyphometer serve`: the annotator for a department, with accounts."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kyphometer.cli.options import Options
from kyphometer.cli.words import tell


@dataclass(frozen=True, kw_only=True)
class ServeOptions(Options):
    """Options of `kyphometer serve`."""

    study: str
    host: str
    port: int
    tls_cert: Path | None
    tls_key: Path | None
    name: list[str]
    sign_in_log: Path | None
    key: Path | None
    oidc: Path | None
    behind_proxy: bool
    public_url: str | None
    user_header: str | None
    proxy_secret: Path | None
    send_role: str
    fetch_role: str
    films: Path | None


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "serve",
        help="serve a study to a department, with accounts",
        description=(
            "Serve the annotator to several people. They sign in with accounts of the study "
            "('kyphometer user'). Beyond this machine it is served by TLS only: give a "
            "certificate, or put a reverse proxy in front that does the TLS."
        ),
    )
    parser.add_argument("study", help="the study: a file, or postgresql://user@host/database")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8765, help="port (%(default)s; 0: a free one)")
    parser.add_argument("--tls-cert", type=Path, metavar="PEM", help="certificate (chain)")
    parser.add_argument("--tls-key", type=Path, metavar="PEM", help="its private key")
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="HOST",
        help="a further name under which people reach this machine; may be repeated",
    )
    parser.add_argument(
        "--sign-in-log",
        type=Path,
        metavar="FILE",
        help="add a line of JSON for every attempt to sign in (default: STUDY.sign-ins.jsonl "
        "beside a study that is a file)",
    )
    parser.add_argument(
        "--key",
        type=Path,
        metavar="FOLDER",
        help="true readings of a kit ('kyphometer qa kit'), for certificates on the page of QA",
    )
    parser.add_argument(
        "--oidc",
        type=Path,
        metavar="FILE",
        help="people sign in by the identity provider (OpenID Connect) that FILE states, see "
        "docs/department.md; needs the extra 'oidc'",
    )
    _add_proxy(parser.add_argument_group("behind a reverse proxy"))
    _add_archives(parser.add_argument_group("archives"))


def _add_proxy(group: Any) -> None:
    group.add_argument(
        "--behind-proxy",
        action="store_true",
        help="a reverse proxy does the TLS (see --public-url)",
    )
    group.add_argument("--public-url", metavar="URL", help="address that browsers use, https://...")
    group.add_argument(
        "--user-header",
        metavar="NAME",
        help="header in which the proxy names the account of whoever it has let in",
    )
    group.add_argument(
        "--proxy-secret",
        type=Path,
        metavar="FILE",
        help="secret that the proxy sends in X-Kyphometer-Proxy-Secret",
    )


def _add_archives(group: Any) -> None:
    for deed, what in (("send", "send results to archives"), ("fetch", "fetch films from them")):
        group.add_argument(
            f"--{deed}-role",
            choices=("observer", "qa", "owner"),
            default="owner",
            help=f"who may {what}: accounts of this role and those above it (%(default)s)",
        )
    group.add_argument(
        "--films",
        type=Path,
        metavar="FOLDER",
        help="where films that are fetched or added come to lie (default: 'STUDY films' beside it)",
    )


def run(given: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from kyphometer.store.study.study import Study
    from kyphometer.web.access.visitors import Role
    from kyphometer.web.server.department import Listening, serve

    args = ServeOptions.of(given)
    where = Listening(
        host=args.host,
        port=args.port,
        certificate=args.tls_cert,
        key=args.tls_key,
        behind_proxy=args.behind_proxy,
        public_url=args.public_url,
        names=tuple(args.name),
        sign_in_log=args.sign_in_log or _beside(args.study),
        kit_key=args.key,
        user_header=args.user_header,
        proxy_secret=args.proxy_secret,
        provider_file=args.oidc,
        send_role=Role(args.send_role),
        fetch_role=Role(args.fetch_role),
        films_folder=args.films,
    )
    with Study.open(args.study) as study:
        serve(study, where, show=_show)
    return 0


def _beside(study: str) -> Path | None:
    """Where the sign-ins of a study that is a file are written."""
    return None if "://" in study else Path(f"{study}.sign-ins.jsonl")


def _show(address: str) -> None:
    tell("served_at", address=address)
    tell("end_it")
