"""Tables of strangers: other names, gaps, one observer, one film, equal values."""

import csv
import json
from statistics import NormalDist

import numpy as np
import pytest

from kyphometer.cli import main


def readings(films=30, observers=("A", "B"), replicates=2, sd=1.5, seed=4):
    rng = np.random.default_rng(seed)
    truth = rng.normal(18, 4, films)
    return [
        (f"f{film}", name, k + 1, truth[film] + 0.5 * place + rng.normal(0, sd))
        for film in range(films)
        for place, name in enumerate(observers)
        for k in range(replicates)
    ]


def write(path, rows, header=("film", "observer", "replicate", "value"), delimiter=","):
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def analysed(path, capsys, tmp_path):
    page = tmp_path / "r.html"
    words = ["--bootstrap", "50", "-o", str(page), "--format", "json"]
    status = main(["reliability", str(path), *words])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    assert "NaN" not in captured.out
    text = page.read_text("utf-8")
    for word in (">nan<", ">None<", "Traceback", " inf "):
        assert word not in text
    return json.loads(captured.out)["analysis"]["groups"][0], text


def test_one_observers_repeats_give_his_sem(tmp_path, capsys):
    path = write(tmp_path / "one.csv", readings(observers=("A",)))
    group, text = analysed(path, capsys, tmp_path)
    pairs = np.array([row[3] for row in readings(observers=("A",))]).reshape(-1, 2)
    sem = np.sqrt((np.diff(pairs, axis=1) ** 2).mean() / 2)  # Dahlberg
    assert group["one_observer"]["standard_error_of_measurement"]["value"] == pytest.approx(sem)
    mdc = NormalDist().inv_cdf(0.975) * 2**0.5 * sem
    assert group["one_observer"]["mdc95"]["value"] == pytest.approx(mdc, rel=1e-9)
    assert "nothing is known of the agreement between observers" in text
    assert "SEM, intra-observer" in text
    # gross disagreements are those of his own repeats beyond his own MDC95
    assert "Figure 2. , " not in text


def test_semicolons_and_decimal_commas_change_nothing(tmp_path, capsys):
    rows = [(*row[:3], round(row[3], 3)) for row in readings()]
    plain, _ = analysed(write(tmp_path / "a.csv", rows), capsys, tmp_path)
    commas = [(*row[:3], str(row[3]).replace(".", ",")) for row in rows]
    header = ("Image", "Rater", "Session", "Angle")
    path = write(tmp_path / "b.csv", commas, header, delimiter=";")
    assert analysed(path, capsys, tmp_path)[0] == plain


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (readings(observers=("A",), replicates=1), "One observer read, and repeatability needs"),
        (readings(films=1), "at least 2 films and 2 observers"),
        ([(*row[:3], 12.0) for row in readings()], "agree exactly"),
    ],
)
def test_what_cannot_be_computed_is_said(rows, sentence, tmp_path, capsys):
    group, text = analysed(write(tmp_path / "t.csv", rows), capsys, tmp_path)
    assert any(sentence in words for words in group["words"])
    assert sentence in text


def test_missing_cells_are_counted_and_the_rest_is_used(tmp_path, capsys):
    rows = [(*row[:3], "" if i % 9 == 0 else row[3]) for i, row in enumerate(readings())]
    group, _ = analysed(write(tmp_path / "m.csv", rows), capsys, tmp_path)
    assert group["counts"]["missing"] == sum(i % 9 == 0 for i in range(len(rows)))
    assert group["components"]["method"].startswith("REML")


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ("film,observer,value\nf,A,1\n".encode("utf-16"), "UTF-16"),
        (b"film,value\nf1,2\n", "There is no column observer (nor rater, reader"),
        (b"film,observer,value\nf,A,inf\n", "Row 2: the value 'inf' is not a number"),
        (b"", "no rows below"),
    ],
)
def test_tables_that_cannot_be_read_are_refused_with_the_remedy(raw, sentence, tmp_path, capsys):
    path = tmp_path / "x.csv"
    path.write_bytes(raw)
    assert main(["reliability", str(path)]) == 7
    assert sentence in capsys.readouterr().err
