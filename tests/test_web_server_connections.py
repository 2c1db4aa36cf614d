"""Slow clients: connections that say nothing end, and keep nobody else out."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from kyphometer.web.access import fair_share
from kyphometer.web.access.fair_share import STRANGERS_AT_ONCE, FairShare, Paces
from kyphometer.web.server import connections
from kyphometer.web.server.connections import BehindProxyProtocol, GuardedProtocol
from kyphometer.web.server.process import open_socket

PATIENCE_S = 60
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


@contextlib.contextmanager
def serving(protocol=GuardedProtocol, app=None):
    """A server of its own in a thread; yields its port."""
    app = app or Starlette(routes=[Route("/", echo, methods=["GET", "POST"])])
    sock = open_socket("127.0.0.1", 0)
    config = uvicorn.Config(app, http=protocol, ws="none", log_level="critical", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        yield sock.getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        thread.join(20)


@contextlib.contextmanager
def slow_clients(port, count, said=HEAD):
    """So many connections that have said something, but never all."""
    opened = []
    try:
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
            opened.append(client)
            client.sendall(said)
        yield opened
    finally:
        for client in opened:
            client.close()


def is_ended(client):
    """Whether the server ends the connection; a machine may stall, so that no time is told."""
    client.settimeout(PATIENCE_S)
    with contextlib.suppress(ConnectionError):
        while client.recv(1000):
            pass
    return True


def ask(port, **options):
    return httpx.request(
        options.pop("method", "GET"), f"http://127.0.0.1:{port}/", timeout=PATIENCE_S, **options
    )


def test_220_half_sent_requests_keep_nobody_out():
    with serving() as port, slow_clients(port, 220):
        for _ in range(20):
            assert ask(port).text == "0"
        answer = ask(port, method="POST", content=b"x" * 100_000)
        assert answer.text == "100000"


def test_silent_connections_of_one_address_are_few_and_the_oldest_go_first(monkeypatch):
    monkeypatch.setattr(connections, "HEAD_S", 600.0)  # none ends because the machine stalls
    with serving() as port, slow_clients(port, connections.MOST_SILENT + 8) as clients:
        ask(port)  # by now all have been accepted
        for client in clients[:8]:
            assert is_ended(client)
        clients[-1].sendall(b"\r\n")
        assert clients[-1].recv(100).startswith(b"HTTP/1.1 200")


def test_many_who_come_while_the_server_is_busy_are_all_served():
    """A department behind one address, after a restart: all are let in before one is read."""

    async def busy(_request):
        time.sleep(0.5)
        return PlainTextResponse("done")

    app = Starlette(routes=[Route("/", echo), Route("/busy", busy)])
    whole = HEAD + b"\r\n"
    with (
        serving(app=app) as port,
        slow_clients(port, 1, whole.replace(b"/ ", b"/busy ")) as first,
        slow_clients(port, 3 * connections.MOST_SILENT, whole) as clients,
    ):
        assert first[0].recv(1000).startswith(b"HTTP/1.1 200")
        answers = [client.recv(1000) for client in clients]
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)


def test_a_head_that_does_not_come_ends_the_connection(monkeypatch):
    monkeypatch.setattr(connections, "HEAD_S", 0.5)
    with serving() as port, slow_clients(port, 1) as (client,):
        assert is_ended(client)


def test_a_head_that_comes_byte_by_byte_ends_the_connection(monkeypatch):
    """Slowloris: a byte now and then, so that no wait for the next byte is long."""
    monkeypatch.setattr(connections, "HEAD_S", 1.0)
    with serving() as port, slow_clients(port, 1) as (client,):
        begun = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - begun < PATIENCE_S:
                client.sendall(b"X-A: b\r\n")
                time.sleep(0.1)
        assert time.monotonic() - begun < PATIENCE_S


def test_after_an_answer_a_second_head_has_its_own_time(monkeypatch):
    monkeypatch.setattr(connections, "HEAD_S", 0.5)
    with serving() as port, slow_clients(port, 1, HEAD + b"\r\n") as (client,):
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
        client.sendall(b"GE")
        assert is_ended(client)


def test_a_body_that_does_not_come_ends_the_connection(monkeypatch):
    monkeypatch.setattr(connections, "BODY_S", 0.5)
    said = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"
    with serving() as port, slow_clients(port, 1, said) as (client,):
        assert is_ended(client)
        assert ask(port).text == "0"


def test_whoever_works_on_is_not_ended_by_the_timers(monkeypatch):
    monkeypatch.setattr(connections, "HEAD_S", 1.0)
    monkeypatch.setattr(connections, "BODY_S", 1.0)

    async def slow(_request):
        await asyncio.sleep(2.5)
        return PlainTextResponse("done")

    app = Starlette(routes=[Route("/", slow, methods=["GET", "POST"])])
    with serving(app=app) as port, httpx.Client(timeout=PATIENCE_S) as client:
        for _ in range(2):
            assert client.post(f"http://127.0.0.1:{port}/", content=b"x").text == "done"


def test_a_full_server_gives_a_silent_ones_place_to_who_asks(monkeypatch):
    monkeypatch.setattr(connections, "MOST", 20)
    with serving(BehindProxyProtocol) as port, slow_clients(port, 20):
        for _ in range(5):
            assert ask(port).text == "0"


def test_one_address_has_so_many_connections_and_no_more(monkeypatch):
    monkeypatch.setattr(connections, "MOST_OF_ADDRESS", 10)
    whole = HEAD + b"\r\n"
    with serving() as port, slow_clients(port, 10, whole) as clients:
        for client in clients:
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
        with slow_clients(port, 1, b"") as (surplus,):
            assert is_ended(surplus)


def test_one_flooding_stranger_has_two_requests_at_once():
    at_once, most = 0, 0

    async def counted(_request):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.02)
        at_once -= 1
        return PlainTextResponse("done")

    app = Starlette(routes=[Route("/", counted)], middleware=[Middleware(FairShare)])
    with serving(app=app) as port, ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: ask(port).text, range(60)))
    assert answers == ["done"] * 60
    assert most == STRANGERS_AT_ONCE


def test_an_address_of_strangers_is_served_at_its_pace_and_no_other_waits():
    paces = Paces(at_first=3, a_second=2.0)
    assert [paces.wait_s("a", 0.0) for _ in range(5)] == [0.0, 0.0, 0.0, 0.5, 1.0]
    assert paces.wait_s("b", 0.0) == 0.0
    assert paces.wait_s("a", 10.0) == 0.0  # what was waited for is forgotten, but not hoarded
    assert [paces.wait_s("a", 1000.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


def test_a_flooding_stranger_is_served_slowly(monkeypatch):
    monkeypatch.setattr(fair_share, "STRANGERS_AT_FIRST", 5)
    app = Starlette(
        routes=[Route("/", lambda _: PlainTextResponse("done"))], middleware=[Middleware(FairShare)]
    )
    with serving(app=app) as port, ThreadPoolExecutor(30) as pool:
        began = time.monotonic()
        assert list(pool.map(lambda _: ask(port).text, range(25))) == ["done"] * 25
    assert time.monotonic() - began >= 20 / fair_share.STRANGERS_A_SECOND - 0.1


def test_a_body_that_comes_slowly_keeps_no_place():
    app = Starlette(
        routes=[Route("/", echo, methods=["GET", "POST"])], middleware=[Middleware(FairShare)]
    )
    said = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"
    with serving(app=app) as port, slow_clients(port, 10, said) as clients:
        assert ask(port, method="POST", content=b"x" * 70_000).text == "70000"
        clients[0].sendall(b"x" * 97)
        assert clients[0].recv(1000).startswith(b"HTTP/1.1 200")
