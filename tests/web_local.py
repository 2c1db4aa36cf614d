"""A local annotator in this process, on a store in memory, and a client that was let in."""

from __future__ import annotations

import asyncio
import atexit
import re
from typing import TYPE_CHECKING, Any

import httpx
from web_described import hold

from kyphometer.web.reader.agreement import Agreement
from kyphometer.web.server.annotate import local_app
from kyphometer.web.server.settings import WebSettings

if TYPE_CHECKING:
    from kyphometer.store.protocol import ReadingStore

TOKEN = "a-token-for-tests"
ADDRESS = "http://127.0.0.1:8000"


_RUNNER = asyncio.Runner()
atexit.register(_RUNNER.close)


class Client:
    """A browser's requests, straight into an application."""

    def __init__(self, app: Any, address: str = ADDRESS) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url=address)
        self.cookies = self._client.cookies
        self.headers = self._client.headers

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = _RUNNER.run(self._client.request(method, path, **options))
        hold(answer)
        return answer

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        return self.request("PUT", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)


def stranger(store: ReadingStore, **settings: Any) -> Client:
    """A client that was not let in."""
    agreement = settings.pop("agreement", Agreement(corner_sd_mm=1.0))
    return Client(local_app(store, "KN", WebSettings(port=8000, **settings), TOKEN, agreement))


def visitor(store: ReadingStore, **settings: Any) -> Client:
    """A client that opened the address with the token, as the page does."""
    client = stranger(store, **settings)
    assert client.get(f"/?token={TOKEN}").status_code == 303
    client.headers["X-Kyphometer-CSRF"] = client.get("/api/config").json()["csrf"]
    return client


def document(angle_px: float = 20.0, **changes: Any) -> dict[str, Any]:
    """A draft with T12, L1 (fractured) and L2 marked on a film that faces left."""

    def plate(y: float, tilt: float = 0.0) -> dict[str, Any]:
        return {"anterior": {"xy": [300.0, y + tilt]}, "posterior": {"xy": [520.0, y]}}

    return {
        "format": "kyphometer-reading",
        "version": 1,
        "film": {"rows": 1, "columns": 1},
        "fractured_levels": ["L1"],
        "vertebrae": {
            "T12": {"superior": plate(500), "inferior": plate(680)},
            "L1": {"superior": plate(740, angle_px), "inferior": plate(900)},
            "L2": {"superior": plate(960), "inferior": plate(1150)},
        },
        **changes,
    }


def sentence(text: str) -> bool:
    """True if that is one sentence for a person: no traceback, no class name, a full stop."""
    return bool(re.fullmatch(r"[A-Z'0-9][^\n]*\.", text)) and "Traceback" not in text
