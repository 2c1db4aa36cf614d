"""Answers of an archive reach whoever asked, however fast they come."""

from __future__ import annotations

import threading

from kyphometer.interop.network.turnstile import Turnstile


class Reactor(threading.Thread):
    """Passes as that of an association does, and counts how often."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.passed = 0
        self._kill = False
        self.turnstile = Turnstile(self)

    def run(self) -> None:
        while not self._kill:
            self.turnstile.wait()
            self.passed += 1

    def end(self) -> None:
        self._kill = True
        self.turnstile.set()
        self.join(60)
        assert not self.is_alive()


def test_nobody_passes_once_it_is_cleared():
    reactor = Reactor()
    reactor.start()
    try:
        for _ in range(300):
            before = reactor.passed
            reactor.turnstile.set()
            while reactor.passed == before:
                pass
            reactor.turnstile.clear()
            stood = reactor.passed
            for _ in range(50):
                assert reactor.passed == stood
    finally:
        reactor.end()


def test_a_reactor_that_has_ended_or_clears_it_itself_is_not_waited_for():
    reactor = Reactor()
    reactor.start()
    reactor.end()
    reactor.turnstile.clear()
    own = Reactor()
    own._kill = False
    cleared = threading.Event()
    own.run = lambda: (own.turnstile.clear(), cleared.set())
    own.start()
    assert cleared.wait(60)


def test_who_stands_waits_for_the_next_turn():
    reactor = Reactor()
    reactor.start()
    try:
        reactor.turnstile.clear()
        stood = reactor.passed
        reactor.turnstile.clear()
        assert reactor.passed == stood
        reactor.turnstile.set()
        while reactor.passed == stood:
            pass
    finally:
        reactor.end()
