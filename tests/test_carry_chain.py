"""Bodies found on the next film keep their distances to each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyphometer.anatomy import Level, spine
from kyphometer.carry.chain import out_of_step

STEP = 30.0


def column(*levels):
    """Centres on a bent line, a step apart."""
    found = {}
    for level in levels:
        number = spine(levels).index(level)
        bend = 0.06 * (number - 15)
        found[level] = np.array([40 * bend**2, STEP * number])
    return found


FIVE = (Level.T10, Level.T11, Level.T12, Level.L1, Level.L2)


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.7])
@pytest.mark.parametrize("way", [-1, 1])
@pytest.mark.parametrize("wrong", FIVE)
def test_a_body_mistaken_for_its_neighbour_is_found(wrong, way, scale):
    before = column(*FIVE)
    after = {level: at * scale + 7 for level, at in before.items()}
    assert out_of_step(before, after, scale) == ()
    after[wrong] = after[wrong] + (0, way * STEP * scale)
    assert out_of_step(before, after, scale) == (wrong,)


def test_of_two_that_contradict_each_other_neither_is_believed():
    before = column(Level.T12, Level.L1)
    after = {**before, Level.L1: before[Level.L1] + (0, STEP)}
    assert out_of_step(before, after, 1.0) == (Level.T12, Level.L1)
    assert out_of_step(before, {Level.L1: after[Level.L1]}, 1.0) == ()


def test_a_fracture_that_gets_its_height_back_keeps_all():
    before = column(*FIVE)
    after = {level: at.copy() for level, at in before.items()}
    for level in (Level.L1, Level.L2):
        after[level] += (0, 0.45 * STEP)
    assert out_of_step(before, after, 1.0) == ()


def test_a_thirteenth_body_is_a_step_of_its_own():
    levels = (Level.T12, Level.T13, Level.L1)
    before = column(*levels)
    assert out_of_step(before, before, 1.0) == ()
    without = column(Level.T12, Level.L1)
    assert out_of_step(before, without, 1.0) == (Level.T12, Level.L1)


@given(
    turn=st.floats(-0.5, 0.5),
    scale=st.floats(0.3, 3),
    noise=st.lists(st.floats(-0.1, 0.1), min_size=10, max_size=10),
)
def test_pose_and_magnification_do_not_matter(turn, scale, noise):
    before = column(*FIVE)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shifts = STEP * scale * np.reshape(noise, (5, 2))
    after = {
        level: matrix @ at + shift
        for (level, at), shift in zip(before.items(), shifts, strict=True)
    }
    assert out_of_step(before, after, scale) == ()
