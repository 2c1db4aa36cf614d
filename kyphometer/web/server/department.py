"""The annotator for a department: accounts, TLS or a proxy, several people at once."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette

from kyphometer.errors import ServerStartError
from kyphometer.store.study.study import Study
from kyphometer.web.access.accounts import AccountAuthenticator
from kyphometer.web.access.identity.options import read_options
from kyphometer.web.access.identity.provider import IdentityProvider
from kyphometer.web.access.proxy_sign_in import ProxySignIn
from kyphometer.web.access.sign_in_log import SignInLog
from kyphometer.web.access.visitors import Role, Visitor
from kyphometer.web.blinded.service import BlindedService
from kyphometer.web.incoming.desk import desk_for
from kyphometer.web.quality.desk import QualityDesk
from kyphometer.web.reader.agreement import study_agreement
from kyphometer.web.reader.assist import warm_up
from kyphometer.web.reader.catalogue import Kept, SharedFilms
from kyphometer.web.reader.open import OpenService
from kyphometer.web.reader.service import ReaderService
from kyphometer.web.server.app import create_app
from kyphometer.web.server.process import open_socket, run
from kyphometer.web.server.settings import Mode, WebSettings
from kyphometer.workflow.session_progress import open_session_among

SESSIONS_FRESH_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where and how a department's server listens.

    Attributes
    ----------
    host, port
        Address to listen on.
    certificate, key
        PEM files for TLS, or None.
    behind_proxy
        True if a reverse proxy on this machine or a trusted one does the TLS.
    public_url
        Address that people's browsers use; needed behind a proxy.
    names
        Further names under which people reach the server.
    sign_in_log
        File to which every attempt to sign in is added, or None.
    kit_key
        Folder of the true readings of a kit, for certificates, or None.
    user_header, proxy_secret
        Header in which the proxy names the person, and the file of its secret, or None.
    provider_file
        Which identity provider signs people in, or None.
    send_role, fetch_role, films_folder
        Those of `WebSettings`.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False
    public_url: str | None = None
    names: tuple[str, ...] = ()
    sign_in_log: Path | None = None
    kit_key: Path | None = None
    user_header: str | None = None
    proxy_secret: Path | None = None
    provider_file: Path | None = None
    send_role: Role = Role.OWNER
    fetch_role: Role = Role.OWNER
    films_folder: Path | None = None

    @property
    def is_loopback(self) -> bool:
        """True if only this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def is_secure(self) -> bool:
        """True if browsers reach it by TLS."""
        if self.public_url is not None:
            return urlsplit(self.public_url).scheme == "https"
        return self.certificate is not None

    def proxy_sign_in(self) -> ProxySignIn | None:
        """How a proxy says who people are, or None.

        Raises
        ------
        ServerStartError
            If one of header, secret and proxy is missing, or the secret is no good.
        """
        if self.user_header is None and self.proxy_secret is None:
            return None
        if self.user_header is None or self.proxy_secret is None or not self.behind_proxy:
            raise ServerStartError("start_proxy_incomplete")
        return ProxySignIn.from_file(self.user_header, self.proxy_secret)

    def provider(self) -> IdentityProvider | None:
        """The identity provider that signs people in, or None.

        Raises
        ------
        ServerStartError
            If its file cannot be used.
        """
        if self.provider_file is None:
            return None
        return IdentityProvider(read_options(self.provider_file))

    def check(self) -> None:
        """Refuse what would send names, films or passwords in clear over a network.

        Raises
        ------
        ServerStartError
            If it would; the sentence says what to do instead.
        """
        if (self.certificate is None) != (self.key is None):
            raise ServerStartError("start_tls_files")
        if self.behind_proxy and self.public_url is None:
            raise ServerStartError("start_public_url")
        if self.behind_proxy and not self.is_secure:
            raise ServerStartError("start_clear_url", public_url=self.public_url)
        if not self.is_loopback and self.certificate is None and not self.behind_proxy:
            raise ServerStartError("start_clear_host", host=self.host)


class DepartmentServices:
    """A service for each observer; a blinded one as long as a session is open for that observer.

    What other programs do with sessions is seen within `SESSIONS_FRESH_S`, what is done here at
    once (`sessions_changed`).
    """

    def __init__(self, study: Study, clock: Callable[[], float] = time.monotonic) -> None:
        self._study = study
        self._desks: dict[tuple[str, str, str | None], ReaderService] = {}
        self._sessions = Kept(study.sessions.list, clock, SESSIONS_FRESH_S)
        self._films = SharedFilms(study, clock)

    def sessions_changed(self) -> None:
        """Look again which sessions are open, before the next answer."""
        self._sessions.forget()

    def of(self, visitor: Visitor) -> ReaderService:
        """The service at which that visitor reads."""
        session = open_session_among(self._sessions.get(), visitor.observer)
        key = _desk_of(visitor, session)
        if key not in self._desks:
            self._desks[key] = self._service(visitor, session)
        return self._desks[key]

    def at_hand(self, visitor: Visitor) -> ReaderService | None:
        """The same if it was there lately, or None."""
        sessions = self._sessions.fresh()
        if sessions is None:
            return None
        return self._desks.get(_desk_of(visitor, open_session_among(sessions, visitor.observer)))

    def _service(self, visitor: Visitor, session: str | None) -> ReaderService:
        study = self._study.acting_as(str(visitor.name))
        if session is not None:
            return BlindedService(study, visitor.observer, session)
        agreement = study_agreement(study.settings)
        return OpenService(study, visitor.observer, agreement, shared=self._films)


def _desk_of(visitor: Visitor, session: str | None) -> tuple[str, str, str | None]:
    return (str(visitor.name), visitor.observer, session)


def department_app(
    study: Study,
    settings: WebSettings,
    log: SignInLog | None = None,
    kit_key: Path | None = None,
    proxy: ProxySignIn | None = None,
    provider: IdentityProvider | None = None,
) -> Starlette:
    """Build the annotator's application for several people with accounts."""
    authenticator = AccountAuthenticator(
        study, settings.cookie_name, log=log, proxy=proxy, provider=provider
    )
    services = DepartmentServices(study)
    desk = QualityDesk(study, kit_key, services.sessions_changed)
    incoming = desk_for(study, settings.films_folder)
    return create_app(settings, authenticator, services, desk, incoming)


def serve(study: Study, where: Listening, *, show: Callable[[str], None] = print) -> None:
    """Serve a study to a department until interrupted.

    Raises
    ------
    ServerStartError
        If nobody could sign in, or it would send anything in clear over a network.
    """
    where.check()
    if not any(account.active for account in study.accounts()):
        raise ServerStartError("start_no_account")
    proxy, provider = where.proxy_sign_in(), where.provider()
    log = SignInLog(where.sign_in_log)
    sock = open_socket(where.host, where.port)
    settings = _settings(where, sock.getsockname()[1])
    scheme = "https" if where.certificate is not None else "http"
    address = where.public_url or f"{scheme}://{_host_text(where.host)}:{settings.port}/"
    with closing(log):
        run(
            department_app(study, settings, log, where.kit_key, proxy, provider),
            sock,
            on_ready=lambda: _ready(address, show),
            certificate=where.certificate,
            key=where.key,
            behind_proxy=where.behind_proxy,
        )


def _ready(address: str, show: Callable[[str], None]) -> None:
    """Say where; then load what the first corner would wait for, while nobody waits yet."""
    show(address)
    threading.Thread(target=warm_up, daemon=True).start()


def _settings(where: Listening, port: int) -> WebSettings:
    own = {where.host, socket.gethostname(), socket.getfqdn(), *where.names}
    if where.is_loopback:
        own |= {"127.0.0.1", "localhost", "::1"}
    origin = None
    if where.public_url is not None:
        parts = urlsplit(where.public_url)
        origin = f"{parts.scheme}://{parts.netloc}".lower()
    return replace(
        WebSettings(),
        mode=Mode.DEPARTMENT,
        hosts=frozenset(_host_text(name).lower() for name in own),
        port=port,
        public_origin=origin,
        secure=where.is_secure,
        send_role=where.send_role,
        fetch_role=where.fetch_role,
        films_folder=where.films_folder,
    )


def _host_text(host: str) -> str:
    """A host as it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
