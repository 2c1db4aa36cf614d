"""Waiting after failed sign-ins: it grows, it decays, and it is nobody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyphometer.errors import TooManyAttemptsError
from kyphometer.web.access import throttle
from kyphometer.web.access.devices import known_device, new_device
from kyphometer.web.access.throttle import Throttle

HERE, ELSEWHERE = "10.0.0.9", "10.0.0.10"


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def wait(guard, *who):
    """Seconds to wait, 0 if the attempt is let through."""
    try:
        guard.require_patience(*who)
    except TooManyAttemptsError as error:
        return error.seconds
    return 0


def test_waits_double_and_have_an_end(clock):
    guard, waits = Throttle(clock), []
    for _ in range(25):
        guard.failed("ann", HERE)
        waits.append(wait(guard, "ann", HERE))
    assert waits[3] == 0
    assert waits[4:7] == [2, 4, 8]
    assert waits[-1] == throttle.LONGEST_WAIT_S


def test_failures_decay(clock):
    guard = Throttle(clock)
    for _ in range(8):
        guard.failed("ann", HERE)
    assert wait(guard, "ann", HERE) == 16
    clock.now += throttle.HALF_LIFE_S  # eight failures count four: one more is free
    guard.failed("ann", HERE)
    assert wait(guard, "ann", HERE) in (0, 2)
    clock.now += 6 * throttle.HALF_LIFE_S
    guard.failed("ann", HERE)
    assert wait(guard, "ann", HERE) == 0


@given(
    st.lists(
        st.tuples(st.sampled_from(["ann", "bea", "eve", "x"]), st.sampled_from([HERE, ELSEWHERE])),
        max_size=300,
    )
)
def test_who_has_been_here_before_waits_for_no_failure_of_others(attempts):
    guard = Throttle(Clock())
    guard.succeeded("ann", HERE)
    for login, address in attempts:
        if (login, address) != ("ann", HERE):
            guard.failed(login, address)
    assert wait(guard, "ann", HERE) == 0


def test_a_browser_that_was_let_in_before_is_told_from_one_that_guesses_beside_it(clock):
    guard = Throttle(clock)
    guard.succeeded("ann", HERE, "mark")
    for _ in range(200):  # same login, same address, no mark
        guard.failed("ann", HERE)
    assert wait(guard, "ann", HERE) > 0
    assert wait(guard, "ann", HERE, "mark") == 0
    for _ in range(throttle.FREE_ATTEMPTS["device"]):
        guard.failed("ann", HERE, "mark")
    assert wait(guard, "ann", HERE, "mark") > 0  # but not without end


def test_strangers_wait_by_address_and_by_login(clock):
    guard = Throttle(clock)
    for number in range(throttle.FREE_ATTEMPTS["address"]):
        guard.failed(f"guess{number}", HERE)
    assert wait(guard, "somebody", HERE) > 0
    assert wait(guard, "somebody", ELSEWHERE) == 0
    for number in range(throttle.FREE_ATTEMPTS["login"]):
        guard.failed("ann", f"10.1.0.{number}")
    assert wait(guard, "ann", "10.2.0.1") > 0


def test_memory_has_an_end(clock):
    guard = Throttle(clock)
    for number in range(throttle.MAX_ENTRIES + 10):
        guard.failed("x", f"address {number}")
        guard.succeeded("x", f"address {number}")
    assert len(guard._failures) <= throttle.MAX_ENTRIES
    assert len(guard._succeeded) <= throttle.MAX_ENTRIES


def test_a_browsers_mark_holds_for_one_password_only():
    mark = new_device("a hash")
    assert known_device(mark, "a hash")
    assert known_device(mark, "another hash") is None
    assert known_device(mark, None) is None
    forged = f"{mark.partition('.')[0]}.{'0' * 64}"
    for wrong in ("", ".", "x", forged, mark[:-1], "\x00" * 300, "é.é"):
        assert known_device(wrong, "a hash") is None
