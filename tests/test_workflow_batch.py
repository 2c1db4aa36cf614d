"""A batch: all films once, whatever happens to it in between."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from kyphometer.cli import main
from kyphometer.errors import (
    BatchRunningError,
    MissingExtraError,
    SchedulerError,
    TableSuffixError,
)
from kyphometer.workflow import measure_file
from kyphometer.workflow.batch import COLUMNS, BatchPlan, run_batch
from kyphometer.workflow.batch.journal import Journal
from kyphometer.workflow.batch.spread import processes, spread

SAMPLES = Path(__file__).parent.parent / "sample_dicoms" / "SIM-001"


@pytest.fixture
def archive(tmp_path):
    """The sample patient, a film without a reading, a damaged film, and a text."""
    folder = tmp_path / "archive"
    shutil.copytree(SAMPLES, folder / "one")
    shutil.copy(SAMPLES / "pre-op.dcm", folder / "unread.dcm")
    (folder / "broken.dcm").write_bytes(b"not a film")
    (folder / "notes.txt").write_text("nothing")
    return folder


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def films_in(rows, *states):
    return {row["film"] for row in rows if row["state"] in states}


def test_every_number_is_that_of_the_single_film(archive, tmp_path):
    out = tmp_path / "results.csv"
    report = run_batch(BatchPlan(root=archive, out=out, workers=2))
    rows = rows_of(out)
    assert tuple(rows[0]) == COLUMNS
    assert report.failed == 2
    assert films_in(rows, "failed") == {"broken.dcm", "unread.dcm"}
    assert report.films == len(films_in(rows, "measured", "failed"))
    for name in films_in(rows, "measured"):
        _film, alone = measure_file(archive / name, with_pixels=False)
        own = {r["label"]: float(r["value"]) for r in rows if r["film"] == name and r["value"]}
        assert own == {m.label: m.value for m in alone.measured.measurements}


def test_parquet_holds_what_csv_holds(archive, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    plan = BatchPlan(root=archive, out=tmp_path / "results.csv", workers=1)
    films = run_batch(plan).films
    other = replace(plan, out=tmp_path / "results.parquet")
    shutil.copy(plan.journal, other.journal)
    assert run_batch(other).before == films
    table = parquet.read_table(other.out).to_pylist()
    text = rows_of(plan.out)
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in table] == text


def test_what_is_done_is_not_done_again_and_what_changed_is(archive, tmp_path):
    plan = BatchPlan(root=archive, out=tmp_path / "results.csv", workers=1)
    first = run_batch(plan)
    before = plan.out.read_bytes()
    assert run_batch(plan).before == first.films
    assert plan.out.read_bytes() == before
    for reading in (archive / "one").glob("discharge*.reading.json"):
        reading.unlink()
    shutil.copy(SAMPLES / "pre-op.reading.json", archive / "unread.reading.json")
    third = run_batch(plan)
    assert third.before == first.films - 2
    now = rows_of(plan.out)
    assert films_in(now, "failed") == {"broken.dcm", "one/discharge.dcm"}
    assert "unread.dcm" in films_in(now, "measured")
    assert run_batch(replace(plan, options={"corner_sd_mm": 1.5})).before == 0


def test_an_archive_goes_on_too(archive, tmp_path):
    packed = tmp_path / "films.zip"
    with zipfile.ZipFile(packed, "w") as zipped:
        for path in sorted(archive.rglob("*")):
            zipped.write(path, path.relative_to(archive))
    plan = BatchPlan(root=packed, out=tmp_path / "r.csv", workers=2)
    first = run_batch(plan)
    assert first.failed == 2
    assert run_batch(plan).before == first.films


def test_a_torn_line_is_done_again(archive, tmp_path):
    plan = BatchPlan(root=archive, out=tmp_path / "r.csv", workers=1)
    films = run_batch(plan).films
    whole = plan.out.read_bytes()
    torn = plan.journal.read_bytes()[:-40]
    plan.journal.write_bytes(torn)
    plan.out.unlink()
    assert run_batch(plan).before == films - 1
    assert plan.out.read_bytes() == whole


def test_two_runs_do_not_write_at_once(archive, tmp_path):
    pytest.importorskip("fcntl", reason="this system does not lock files so")
    plan = BatchPlan(root=archive, out=tmp_path / "r.csv", workers=1)
    with Journal(plan.journal), pytest.raises(BatchRunningError):
        run_batch(plan)


def test_a_table_that_cannot_be_written_is_refused_first(archive, tmp_path):
    with pytest.raises(TableSuffixError):
        run_batch(BatchPlan(root=archive, out=tmp_path / "results.xls"))
    assert not list(tmp_path.glob("results*"))


def mortal(item):
    """A film that ends its process at one item."""
    if item == 3:
        os._exit(7)
    return item * item


def test_who_ends_its_process_does_not_stop_the_others():
    def make():
        return processes(2)

    found = dict(spread(make(), mortal, range(9), in_flight=4, renew=make))
    assert found == {n: None if n == 3 else n * n for n in range(9)}


def test_a_script_without_a_guard_is_not_run_again_in_each_process(archive, tmp_path):
    out, script = tmp_path / "r.csv", tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from kyphometer.workflow.batch import BatchPlan, run_batch\n"
        f"plan = BatchPlan(root=Path({str(archive)!r}), out=Path({str(out)!r}), workers=1)\n"
        "print(run_batch(plan).failed)\n"
    )
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert ran.stdout == "2\n"
    assert len(films_in(rows_of(out), "measured")) == 4


@pytest.mark.slow
def test_a_killed_run_goes_on(archive, tmp_path, capsys):
    """Killed with no chance to clean up, after at least one film and before all."""
    for number in range(80):
        shutil.copytree(SAMPLES, archive / f"more-{number}", copy_function=os.link)
    out, journal = tmp_path / "r.csv", tmp_path / "r.csv.done"
    words = ["batch", str(archive), "--out", str(out), "--workers", "1", "--format", "json"]
    command = [sys.executable, "-m", "kyphometer", *words]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while not (journal.exists() and journal.stat().st_size) and time.monotonic() < until:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert not out.exists()
    done = journal.read_bytes().count(b"\n")
    assert done > 0
    assert main(words) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["before"] == done < said["films"]
    assert len(films_in(rows_of(out), "measured", "failed")) == said["films"]


@pytest.mark.slow
def test_a_dask_cluster_measures_the_same_and_outlives_a_worker(archive, tmp_path):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    for number in range(6):
        shutil.copytree(SAMPLES, archive / f"more-{number}", copy_function=os.link)
    here = tmp_path / "here.csv"
    run_batch(BatchPlan(root=archive, out=here, workers=1))
    there = tmp_path / "there.csv"
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
        host="127.0.0.1", local_directory=str(tmp_path / "dask"),
    ) as cluster:  # fmt: skip
        killed = []

        def told(_done, _own, _films):
            if not killed:
                worker = next(iter(cluster.workers.values()))
                killed.append(worker.pid)
                os.kill(worker.pid, signal.SIGKILL)

        run_batch(BatchPlan(root=archive, out=there, scheduler=cluster.scheduler_address), told)
    assert killed
    assert there.read_bytes() == here.read_bytes()


@pytest.mark.slow
def test_a_dask_cluster_proposes_the_same_and_leaves_it_beside_the_films(archive, tmp_path):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    options = {"auto": {"lowest": "L5", "facing": "left", "earlier": None, "leave": True}}
    here, there = tmp_path / "here.csv", tmp_path / "there.csv"
    run_batch(BatchPlan(root=archive, out=here, workers=1, options=options))
    left = archive / "unread.dcm.proposal.json"
    first = json.loads(left.read_text("utf-8"))
    left.unlink()
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
        host="127.0.0.1", local_directory=str(tmp_path / "dask"),
    ) as cluster:  # fmt: skip
        plan = BatchPlan(
            root=archive, out=there, options=options, scheduler=cluster.scheduler_address
        )
        run_batch(plan)
    assert films_in(rows_of(there), "failed") == {"broken.dcm"}
    assert there.read_bytes() == here.read_bytes()
    assert json.loads(left.read_text("utf-8"))["bodies"] == first["bodies"]


def test_no_scheduler_is_said(archive, tmp_path):
    pytest.importorskip("distributed", reason="Dask is not installed")
    with pytest.raises(SchedulerError, match="no-such"):
        run_batch(BatchPlan(root=archive, out=tmp_path / "r.csv", scheduler="no-such://place"))


def test_a_missing_package_is_said(archive, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match="parquet"):
        run_batch(BatchPlan(root=archive, out=tmp_path / "r.parquet"))


def test_the_command_says_what_became_of_the_films(archive, tmp_path, capsys):
    words = ["batch", str(archive), "--out", str(tmp_path / "r.csv"), "--workers", "2"]
    assert main([*words, "--format", "json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["states"]["failed"] == 2
    assert sum(said["states"].values()) == said["films"]
    assert main(words) == 1
    assert "had been done before" in capsys.readouterr().out
    assert main(["batch", str(archive), "--workers", "2"]) == 2
