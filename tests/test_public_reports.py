"""Faults that people reported in public: every twin is read as expected, or refused in words."""

from __future__ import annotations

import numpy as np
import pytest
from dicom_films import noisy_pixels
from public_reports import REPORTS

from kyphometer.dicom import read_film, to_grey
from kyphometer.errors import FilmError


@pytest.mark.parametrize("report", REPORTS, ids=[f"{r.source} {r.reported}" for r in REPORTS])
def test_a_public_report(tmp_path, report):
    path = report.twin(tmp_path / "film.dcm")
    try:
        film = read_film(path)
    except FilmError as error:
        assert not report.exact
        assert report.sentence
        assert report.sentence in str(error)
        return
    if report.exact:
        np.testing.assert_array_equal(film.pixels, noisy_pixels())
    if report.sentence:
        assert any(report.sentence in sentence for sentence in film.warnings), film.warnings
    if report.name:
        assert film.acquisition.patient_name == report.name.replace("^", " ")
    grey = to_grey(film)
    low, high = np.percentile(grey, (2, 98))
    assert high - low > 64


def test_no_report_stands_there_twice():
    assert len({(r.source, r.reported) for r in REPORTS}) == len(REPORTS)
