"""`kyphometer listen`: receive films that modalities and archives send (storage SCP)."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kyphometer.cli.options import Options, positive
from kyphometer.cli.words import tell, warn


@dataclass(frozen=True, kw_only=True)
class ListenOptions(Options):
    """Options of `kyphometer listen`."""

    folder: Path
    host: str
    port: int
    ae_title: str
    allow_ae: list[str]
    allow_address: list[str]
    certificate: Path | None
    key: Path | None
    ca: Path | None
    film_mb: float
    study: str | None
    json: bool


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "listen",
        help="receive films that others send (storage SCP)",
        description=(
            "Receive films by C-STORE into a folder, each once and whole; answers C-ECHO. Ends "
            "with Ctrl+C or SIGTERM and leaves no half film."
        ),
    )
    parser.add_argument("folder", type=Path, help="where films come to lie")
    parser.add_argument("--host", default="", help="address to listen on (default: all)")
    parser.add_argument("--port", type=int, default=11112, help="port (%(default)s; 0: a free one)")
    parser.add_argument("--ae-title", default="KYPHOMETER", help="our own title (%(default)s)")
    parser.add_argument(
        "--allow-ae", action="append", default=[], metavar="TITLE", help="who may send; repeatable"
    )
    parser.add_argument(
        "--allow-address",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="from where, an address or a network such as 10.1.0.0/16; repeatable",
    )
    parser.add_argument(
        "--certificate", type=Path, metavar="PEM", help="who we are: receive by TLS only"
    )
    parser.add_argument("--key", type=Path, metavar="PEM", help="its key, unless it holds it")
    parser.add_argument(
        "--ca", type=Path, metavar="PEM", help="authorities that must have signed who sends"
    )
    parser.add_argument("--film-mb", type=positive, default=512, metavar="MB", help="of one film")
    parser.add_argument("--study", metavar="STUDY", help="take films up into this study")
    parser.add_argument("--json", action="store_true", help="a line of JSON a film")


def run(given: argparse.Namespace) -> int:
    """Receive until a signal ends it."""
    from kyphometer.interop.network.listen import Listening, listening

    args = ListenOptions.of(given)
    how = Listening(
        host=args.host,
        port=args.port,
        ae_title=_title(args.ae_title),
        allowed_titles=tuple(_title(one) for one in args.allow_ae),
        allowed_addresses=tuple(_network(one) for one in args.allow_address),
        film_bytes=int(args.film_mb * 1e6),
        tls=_tls(args),
    )
    ended, arrived = threading.Event(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())

    def keep(kept: Any) -> None:
        _tell(args, kept)
        arrived.set()

    with listening(args.folder, how, on_kept=keep, on_error=_complain) as port:
        where = f"{args.host or '*'}:{port}"
        tell("listening_tls" if how.tls else "listening", where=where, title=how.ae_title)
        while not ended.wait(1.0):
            if args.study is not None and arrived.is_set():
                arrived.clear()
                _take_up(args.study, args.folder)
    if args.study is not None:
        _take_up(args.study, args.folder)
    return 0


def _tell(args: ListenOptions, kept: Any) -> None:
    import hashlib
    import json

    if args.json:
        with kept.path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        record = {"sop_instance_uid": kept.sop_instance_uid, "path": str(kept.path),
                  "bytes": kept.size, "sha256": digest}  # fmt: skip
        print(json.dumps(record), flush=True)
    else:
        tell("kept_film", path=kept.path)


def _complain(error: Exception) -> None:
    print(f"kyphometer: {error}", file=sys.stderr, flush=True)


def _take_up(target: str, folder: Path) -> None:
    """Bring the study up to date; what it refuses is said and received on."""
    from kyphometer.errors import KyphometerError
    from kyphometer.store.study.study import Study

    with contextlib.ExitStack() as stack:
        try:
            study = stack.enter_context(Study.open(target))
            report = study.add_films(folder)
        except KyphometerError as error:
            _complain(error)
            return
    for failure in report.failed:
        warn("failed", path=failure.path, why=failure.sentence)


def _tls(args: ListenOptions) -> Any:
    """Who we are and whom we let in, None without encryption."""
    from kyphometer.errors import UsageError
    from kyphometer.interop.network.tls import server_tls

    if args.certificate is not None:
        return server_tls(args.certificate, args.key or "", args.ca or "")
    if args.key is not None or args.ca is not None:
        raise UsageError("certificate_missing")
    return None


def _title(text: str) -> str:
    from kyphometer.errors import UsageError

    if not 0 < len(text.strip()) <= 16 or "\\" in text or not text.isprintable():
        raise UsageError("ae_title_form", text=text)
    return text.strip()


def _network(text: str) -> str:
    import ipaddress

    from kyphometer.errors import UsageError

    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise UsageError("network_form", text=text) from None
    return text
