"""The annotator for one person on this machine: a free port, a token, a browser window."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from kyphometer.errors import StudyRefusedError
from kyphometer.web.agreement import Agreement
from kyphometer.web.app import create_app
from kyphometer.web.blinded_desk import BlindedDesk
from kyphometer.web.open_desk import OpenDesk
from kyphometer.web.server import open_browser, open_socket, run
from kyphometer.web.settings import Mode, WebSettings
from kyphometer.web.visitors import TokenDoorman
from kyphometer.workflow.session_progress import due_items

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.applications import Starlette

    from kyphometer.store.protocol import ReadingStore
    from kyphometer.store.study import Study
    from kyphometer.web.desk import Desk
    from kyphometer.web.visitors import Visitor
    from kyphometer.web.work_views import FailedFile

HOST = "127.0.0.1"


class OneDesk:
    """The same desk for every visitor: there is but one person."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def of(self, _visitor: Visitor) -> Desk:
        """The desk."""
        return self._desk


def local_app(
    store: ReadingStore,
    observer: str,
    settings: WebSettings,
    token: str,
    agreement: Agreement,
    failed: Sequence[FailedFile] = (),
) -> Starlette:
    """Build the annotator's application for one person; see `annotate`."""
    desk = OpenDesk(store, observer, agreement, failed)
    doorman = TokenDoorman(token, settings.cookie_name, observer)
    return create_app(settings, doorman, OneDesk(desk))


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
        raise StudyRefusedError(f"The session '{session}' is locked", "ask its owner to reopen it")
    due_items(study, session, observer)
    doorman = TokenDoorman(token, settings.cookie_name, observer)
    return create_app(settings, doorman, OneDesk(BlindedDesk(study, observer, session)))


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
        doorman = app.state.services.doorman
        if browser and isinstance(doorman, TokenDoorman):
            open_browser(address + doorman.invite())

    run(app, sock, on_ready=ready)
