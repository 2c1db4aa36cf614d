"""Starting and ending the server: a port, an address to open, uvicorn, a clean end."""

from __future__ import annotations

import signal
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from kyphometer.errors import ServerStartError
from kyphometer.web.server.connections import BehindProxyProtocol, GuardedProtocol

GRACE_SECONDS = 5
KEEP_SECONDS = 20
"""A connection is kept so long after an answer: longer than most pauses between two marks."""


def open_socket(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises
    ------
    ServerStartError
        If the port is taken or the address is not this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # Named by its protocol, because asyncio switches Nagle's delay (40 ms) off only then.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        raise ServerStartError("start_no_address", host=host) from None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(128)
    except (OSError, OverflowError) as error:
        sock.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ServerStartError("start_port", port=port, host=host, reason=reason) from None
    sock.set_inheritable(False)
    return sock


class _Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def run(
    app: ASGIApp,
    sock: socket.socket,
    *,
    on_ready: Callable[[], None] = lambda: None,
    certificate: Path | None = None,
    key: Path | None = None,
    behind_proxy: bool = False,
) -> None:
    """Serve until interrupted (Ctrl+C or SIGTERM); requests under way are finished first."""
    config = uvicorn.Config(
        app,
        http=BehindProxyProtocol if behind_proxy else GuardedProtocol,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=behind_proxy,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=KEEP_SECONDS,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    _load(config, sock)
    try:
        with _ending_by_itself():
            _Server(config, on_ready).run(sockets=[sock])
    except KeyboardInterrupt:
        pass
    finally:
        sock.close()


@contextmanager
def _ending_by_itself() -> Iterator[None]:
    """SIGTERM ends the server like Ctrl+C, so that whoever opened a study or a process closes it.

    uvicorn raises a signal again once it has shut down; the default would kill the process there,
    and the decoding processes' semaphores would be left to the system.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _load(config: uvicorn.Config, sock: socket.socket) -> None:
    """Read the certificate now, to tell what is wrong with it in a sentence."""
    try:
        config.load()
    except OSError as error:
        sock.close()
        raise ServerStartError("start_certificate", reason=error.strerror or error) from None


def open_browser(address: str) -> None:
    """Open the address in the user's browser, without waiting for it."""
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
