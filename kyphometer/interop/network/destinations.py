"""Destinations: the archives that are talked to, in one TOML file that holds no secret."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from kyphometer.errors import DestinationFileError, KyphometerError, UnknownDestinationError
from kyphometer.messages import sentence
from kyphometer.typed_json import MemberError, typed

FILE_VARIABLE: Final = "KYPHOMETER_DESTINATIONS"
_SECRETS: Final = ("password", "token")
_FILES: Final = ("ca", "certificate", "key", "listen_ca")
_SECRET_NAME: Final = re.compile(r"(keyring|env):[^\s]{1,100}")
_HERE: Final = frozenset(("localhost", "127.0.0.1", "::1"))

Title = Annotated[str, msgspec.Meta(pattern=r"^[^\\\x00-\x1f\x7f]{1,16}$")]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86400)]
Part = Literal["film", "sr", "sc", "pdf", "gsps"]


class Destination(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An archive, as its table in the destinations file states it.

    Attributes
    ----------
    name
        Name of its table.
    kind
        `dicomweb` or `dimse`.
    url
        DICOMweb: address under which `/studies` lies.
    user, password, token
        DICOMweb: the account. `password` and `token` are names of secrets, `keyring:NAME` or
        `env:NAME`; with a user it is HTTP's basic authentication, a token goes as bearer.
    plain_http
        DICOMweb: allow a secret without TLS beyond this machine.
    host, port
        DIMSE: where it listens.
    called_ae, calling_ae
        DIMSE: application entity titles, its own and ours.
    retrieve
        DIMSE: fetch by C-GET, or by C-MOVE to `calling_ae`, which it must know.
    listen_host, listen_port
        DIMSE: where we receive C-MOVE's films and the answer of a storage commitment; no host
        is every address of this machine.
    commitment
        DIMSE: ask for storage commitment after sending.
    tls
        DIMSE: use TLS.
    ca, certificate, key
        PEM files: whom to trust other than the system's authorities, and who we are. Relative ones
        lie beside the destinations file.
    listen_tls, listen_ca
        DIMSE: whether the archive calls us back by TLS, where we show `certificate`; and who must
        have signed its own (empty: it need not show one).
    send
        What of a reading is sent.
    timeout_s
        Silence after which the archive counts as gone.
    film_timeout_s
        The longest that one film may take.
    ohif, annotator
        Addresses of viewers, for deep links.
    """

    name: str
    kind: Literal["dicomweb", "dimse"]
    url: str = ""
    user: str = ""
    password: str = ""
    token: str = ""
    plain_http: bool = False
    host: str = ""
    port: Port = 104
    called_ae: Title = "ANY-SCP"
    calling_ae: Title = "KYPHOMETER"
    retrieve: Literal["get", "move"] = "get"
    listen_host: str = ""
    listen_port: Port = 11112
    commitment: bool = False
    tls: bool = False
    ca: str = ""
    certificate: str = ""
    key: str = ""
    listen_tls: bool = False
    listen_ca: str = ""
    send: list[Part] = msgspec.field(default_factory=lambda: ["sr", "sc", "pdf"])
    timeout_s: Seconds = 30.0
    film_timeout_s: Seconds = 600.0
    ohif: str = ""
    annotator: str = ""

    @property
    def address(self) -> str:
        """Where it is, for sentences."""
        return self.url if self.kind == "dicomweb" else f"{self.host}:{self.port}"


def destinations_path() -> Path:
    """The file of `KYPHOMETER_DESTINATIONS`, else that of the user's configuration."""
    stated = os.environ.get(FILE_VARIABLE)
    if stated:
        return Path(stated)
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "kyphometer" / "destinations.toml"


def read_destinations(path: Path | None = None) -> dict[str, Destination]:
    """Destinations by name.

    Raises
    ------
    DestinationFileError
        If the file is not there or states something impossible.
    """
    path = path or destinations_path()
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise DestinationFileError("no_destinations", path=path) from None
    except OSError as error:
        raise DestinationFileError("system_reason", path=path, reason=error.strerror) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        where = re.search(r"line \d+", str(error))
        raise DestinationFileError("no_toml", path=path, place=where[0] if where else "-") from None
    return {name: _destination(path, name, table) for name, table in document.items()}


def the_destination(name: str, path: Path | None = None) -> Destination:
    """One destination.

    Raises
    ------
    DestinationFileError
        If the file cannot be used.
    UnknownDestinationError
        If it names no such destination.
    """
    known = read_destinations(path)
    if name not in known:
        raise UnknownDestinationError(name, sorted(known), path or destinations_path())
    return known[name]


def offered() -> tuple[list[Destination], str | None]:
    """All destinations; where there are none, why, in a sentence."""
    try:
        known = list(read_destinations().values())
    except KyphometerError as error:
        return [], str(error)
    if known:
        return known, None
    return [], sentence("send.no_destination", {"path": destinations_path()})


def _destination(path: Path, name: str, table: Any) -> Destination:
    if not isinstance(table, dict):
        raise DestinationFileError("not_in_a_table", path=path, name=name)
    for key in _SECRETS:
        # Before anything else looks at it: no sentence may show what stands here.
        if key in table and not _SECRET_NAME.fullmatch(str(table[key])):
            raise DestinationFileError("secret_in_file", path=path, name=name, key=key)
    try:
        made = typed({**table, "name": name}, Destination)
    except MemberError as error:
        raise DestinationFileError(
            "wrong_member", path=path, name=name, member=str(error)
        ) from None
    _require_whole(path, made)
    files = {key: str(path.parent / Path(getattr(made, key)).expanduser())
             for key in _FILES if getattr(made, key)}  # fmt: skip
    return msgspec.structs.replace(made, **files)


def _require_whole(path: Path, made: Destination) -> None:
    """Refuse what lacks an address, or would show a secret to the network."""
    if made.kind == "dimse":
        if not made.host:
            raise DestinationFileError("member_missing", path=path, name=made.name, key="host")
        if made.listen_tls and not made.certificate:
            key = "certificate"
            raise DestinationFileError("member_missing", path=path, name=made.name, key=key)
        return
    address = _split(made.url)
    if address is None:
        raise DestinationFileError("no_web_address", path=path, name=made.name)
    if address.username or address.password:
        raise DestinationFileError("secret_in_file", path=path, name=made.name, key="url")
    secret = made.password or made.token
    if (
        secret
        and address.scheme == "http"
        and not made.plain_http
        and address.hostname not in _HERE
    ):
        raise DestinationFileError("secret_in_clear", path=path, name=made.name)


def _split(url: str) -> Any:
    try:
        address = urlsplit(url)
        usable = address.scheme in ("http", "https") and address.hostname and address.port != 0
    except ValueError:
        return None
    return address if usable else None
