import pytest

from kyphometer.anatomy import Level, Region, are_adjacent, neighbour, spine
from kyphometer.errors import UnknownLevelError


def test_levels_run_from_cranial_to_caudal():
    assert Level.C2 < Level.T1 < Level.T12 < Level.T13 < Level.L1 < Level.L6 < Level.S1
    assert sorted([Level.L1, Level.T12]) == [Level.T12, Level.L1]
    assert Level.L1 <= Level.L1
    assert Level.L1 >= Level.L1
    assert Level.S1 > Level.L5


@pytest.mark.parametrize(
    ("text", "level"),
    [("T12", "T12"), (" t12 ", "T12"), ("Th12", "T12"), ("D12", "T12"), ("l5", "L5"), ("S1", "S1")],
)
def test_names_in_use_are_understood(text, level):
    assert Level.parse(text) is Level(level)


@pytest.mark.parametrize("text", ["", "L7", "T0", "S2", "LV3", "12", "Tx"])
def test_other_names_are_refused(text):
    with pytest.raises(UnknownLevelError, match="no vertebral level"):
        Level.parse(text)


def test_variants_are_neighbours_only_if_marked():
    assert neighbour(Level.T12, 1) is Level.L1
    assert neighbour(Level.T12, 1, {Level.T13}) is Level.T13
    assert neighbour(Level.L5, 1) is Level.S1
    assert neighbour(Level.L5, 1, {Level.L6}) is Level.L6
    assert neighbour(Level.T13, -1) is Level.T12
    assert neighbour(Level.C1, -1) is None
    assert neighbour(Level.S1, 1) is None
    assert are_adjacent(Level.T12, Level.L1)
    assert not are_adjacent(Level.T12, Level.L1, {Level.T13})
    assert Level.T13 not in spine()


def test_regions():
    assert [level.region for level in (Level.C7, Level.T13, Level.L6, Level.S1)] == [
        Region.CERVICAL,
        Region.THORACIC,
        Region.LUMBAR,
        Region.SACRAL,
    ]
