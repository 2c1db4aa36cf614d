"""The annotator for one person on this machine: a free port, a token, a browser window."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import lru_cache

from starlette.applications import Starlette

from kyphometer.errors import StudyRefusedError
from kyphometer.store.people.people import checked_code
from kyphometer.store.protocol import ReadingStore
from kyphometer.store.study.study import Study
from kyphometer.web.access.visitors import TokenAuthenticator, Visitor
from kyphometer.web.blinded.service import BlindedService
from kyphometer.web.incoming.desk import desk_for
from kyphometer.web.reader.agreement import Agreement
from kyphometer.web.reader.open import OpenService
from kyphometer.web.reader.service import ReaderService
from kyphometer.web.server.app import create_app
from kyphometer.web.server.process import open_browser, open_socket, run
from kyphometer.web.server.settings import Mode, WebSettings
from kyphometer.web.views.work import FailedFile
from kyphometer.workflow.session_progress import due_items

HOST = "127.0.0.1"


class OneService:
    """The same service for every visitor: there is but one person."""

    def __init__(self, service: ReaderService) -> None:
        self._service = service

    def of(self, _visitor: Visitor) -> ReaderService:
        """The service."""
        return self._service

    def at_hand(self, _visitor: Visitor) -> ReaderService:
        """The service."""
        return self._service


class Readers:
    """A service for each code under which the one person here reads, on the same store."""

    def __init__(
        self, store: ReadingStore, agreement: Agreement, failed: Sequence[FailedFile]
    ) -> None:
        self._store = store
        self._agreement = agreement
        self._failed = failed
        self._service = lru_cache(maxsize=16)(self._begin)
        self._last: tuple[str, ReaderService | None] = ("", None)

    def of(self, visitor: Visitor) -> ReaderService:
        """The service at which that code reads."""
        code = visitor.reads_as or visitor.observer
        service = self._service(code)
        self._last = (code, service)
        return service

    def at_hand(self, visitor: Visitor) -> ReaderService | None:
        """The same if that code read last, or None."""
        code, service = self._last
        return service if code == (visitor.reads_as or visitor.observer) else None

    def _begin(self, observer: str) -> ReaderService:
        known = checked_code(observer, "observer")
        if isinstance(self._store, Study):
            self._store.add_observer(known)
        return OpenService(self._store, known, self._agreement, self._failed)


def local_app(
    store: ReadingStore,
    observer: str,
    settings: WebSettings,
    token: str,
    agreement: Agreement,
    failed: Sequence[FailedFile] = (),
) -> Starlette:
    """Build the annotator's application for one person; see `annotate`."""
    authenticator = TokenAuthenticator(token, settings.cookie_name, observer)
    readers = Readers(store, agreement, failed)
    return create_app(settings, authenticator, readers, incoming=desk_for(store))


def session_app(
    study: Study, session: str, observer: str, settings: WebSettings, token: str
) -> Starlette:
    """Build the annotator's application for one observer of a blinded session.

    Raises
    ------
    UnknownRecordError
        If there is no such session.
    StudyRefusedError
        If it is locked or has nothing for this observer.
    """
    if study.sessions.get(session).locked:
        raise StudyRefusedError("named_session_locked", session=session)
    due_items(study, session, observer)
    authenticator = TokenAuthenticator(token, settings.cookie_name, observer)
    return create_app(settings, authenticator, OneService(BlindedService(study, observer, session)))


def annotate_session(
    study: Study,
    session: str,
    observer: str,
    *,
    port: int = 0,
    show: Callable[[str], None] = print,
    browser: bool = True,
) -> None:
    """Serve one observer's part of a blinded session until interrupted; see `annotate`."""

    def build(settings: WebSettings, token: str) -> Starlette:
        return session_app(study, session, observer, settings, token)

    _serve(build, port, show, browser=browser)


def annotate(
    store: ReadingStore,
    observer: str,
    *,
    agreement: Agreement | None = None,
    port: int = 0,
    failed: Sequence[FailedFile] = (),
    show: Callable[[str], None] = print,
    browser: bool = True,
) -> None:
    """Serve the annotator on this machine until interrupted.

    Parameters
    ----------
    store
        Films and readings.
    observer
        Code under which readings are kept.
    agreement
        What was agreed on before reading; None for the defaults.
    port
        Port to listen on; 0 takes a free one.
    failed
        Files that are no readable films; listed as such.
    show
        Gets the address to open, once the server answers there.
    browser
        Open the address in the user's browser.

    Raises
    ------
    ServerStartError
        If the port cannot be used.
    """

    def build(settings: WebSettings, token: str) -> Starlette:
        return local_app(store, observer, settings, token, agreement or Agreement(), failed)

    _serve(build, port, show, browser=browser)


def _serve(
    build: Callable[[WebSettings, str], Starlette],
    port: int,
    show: Callable[[str], None],
    *,
    browser: bool,
) -> None:
    sock = open_socket(HOST, port)
    settings = WebSettings(mode=Mode.LOCAL, port=sock.getsockname()[1])
    token = secrets.token_urlsafe(32)
    try:
        app = build(settings, token)
    except BaseException:
        sock.close()
        raise
    address = f"http://{HOST}:{settings.port}/?token="

    def ready() -> None:
        show(address + token)
        authenticator = app.state.services.authenticator
        if browser and isinstance(authenticator, TokenAuthenticator):
            open_browser(address + authenticator.invite())

    run(app, sock, on_ready=ready)
