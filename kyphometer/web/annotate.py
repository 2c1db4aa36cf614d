"""The annotator for one person on this machine: a free port, a token, a browser window."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from kyphometer.web.agreement import Agreement
from kyphometer.web.app import create_app
from kyphometer.web.open_desk import OpenDesk
from kyphometer.web.server import open_browser, open_socket, run
from kyphometer.web.settings import Mode, WebSettings
from kyphometer.web.visitors import TokenDoorman

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.applications import Starlette

    from kyphometer.store.protocol import ReadingStore
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
    sock = open_socket(HOST, port)
    settings = WebSettings(mode=Mode.LOCAL, port=sock.getsockname()[1])
    token = secrets.token_urlsafe(32)
    address = f"http://{HOST}:{settings.port}/?token={token}"
    app = local_app(store, observer, settings, token, agreement or Agreement(), failed)

    def ready() -> None:
        show(address)
        if browser:
            open_browser(address)

    run(app, sock, on_ready=ready)
