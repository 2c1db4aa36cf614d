"""Whatever a film's header holds, objects of its results are valid; benchmarks ask 500 of them."""

from __future__ import annotations

import pytest
from interop_headers import faults_of

from kyphometer.interop.objects.source import Kind


@pytest.mark.parametrize("seed", range(12))
def test_reports_and_presentation_states_of_varied_headers_are_valid(tmp_path, seed):
    assert faults_of(seed, tmp_path, (Kind.SR, Kind.GSPS)) == []


@pytest.mark.parametrize("seed", [100])
def test_all_objects_of_varied_headers_are_valid(tmp_path, seed):
    assert faults_of(seed, tmp_path) == []
