"""Faults that people reported in public: every twin is read as expected, or refused in words."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from dicom_films import noisy_pixels
from public_reports import REPORTS
from public_reports_more import MORE

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


@pytest.mark.parametrize("report", MORE, ids=[f"{r.source} {r.reported}" for r in MORE])
def test_a_further_public_report(tmp_path, report):
    path = report.twin(tmp_path / "film.dcm")
    if report.refused:
        with pytest.raises(FilmError) as refusal:
            read_film(path, frame=1)
        assert report.sentence in str(refusal.value)
        assert "\n" not in str(refusal.value)
        return
    film = read_film(path, frame=1)
    if report.pixels.size:
        np.testing.assert_array_equal(film.pixels.astype(np.int64), report.pixels.astype(np.int64))
    assert not report.sentence or any(report.sentence in told for told in film.warnings)
    acquisition = film.acquisition
    if report.name:
        assert acquisition.patient_name == report.name
    if report.taken is not None:
        moment = acquisition.exposed_at
        assert (moment.date() if moment else acquisition.study_date) == report.taken
    if report.spacing is not None:
        assert (film.geometry.row_mm or 0) == pytest.approx(report.spacing)
    grey = to_grey(film).astype(float)
    assert np.ptp(np.percentile(grey, (2, 98))) > 64
    if report.white_low is not None:
        low, high = np.percentile(film.pixels.astype(float), (10, 90))
        darker = grey[film.pixels <= low].mean() < grey[film.pixels >= high].mean()
        assert darker != report.white_low


def test_no_report_stands_there_twice():
    rows = [(r.source, r.reported) for r in (*REPORTS, *MORE)]
    assert len(set(rows)) == len(rows)
    sources = set(chain.from_iterable(source.split(", ") for source, _ in rows))
    assert len(sources) >= 110
