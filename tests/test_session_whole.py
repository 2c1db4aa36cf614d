"""A whole blinded session, from the kit to the report: two scripted observers in Chromium."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import pytest
from session_readers import CORNER_SD_MM, Hand, read_all
from web_page_kit import CHROMIUM_ARGS, Tab
from web_process import running

from kyphometer.cli import main
from kyphometer.errors import StudyRefusedError
from kyphometer.followup.precision import PrecisionKind, PrecisionSource
from kyphometer.phantom import FilmFormat
from kyphometer.reliability import VarianceComponents, evaluate
from kyphometer.sessions.options import SessionOptions
from kyphometer.store.study.study import Study
from kyphometer.workflow.qa import make_kit
from kyphometer.workflow.reliability import collect_readings, read_truths
from kyphometer.workflow.study_precision import study_precision

SMALL = FilmFormat(rows=450, columns=225, pitch_mm=0.64)
FILMS = 10
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class BlindTab(Tab):
    """The page of a blinded reader."""

    def read(self, code, reading):
        """Mark a film with the mouse and confirm it."""
        self.page.evaluate("film => { location.hash = `#/film/${film}`; }", code)
        self.page.locator(f".reader[data-ready='{code}']").wait_for()
        self.choose(str(reading.fractured_levels[0]))
        while (asked := self.target()) is not None:
            level, side, corner = asked
            plates = {str(k): v for k, v in reading.vertebrae.items()}[level].endplates
            plate = {str(name): found for name, found in plates.items()}[side]
            self.press_at(getattr(plate, corner).xy)
        self.wait_saved()
        shown = self.page.locator("body").inner_text()
        self.page.get_by_role("button", name="Confirm").click()
        self.page.locator(".save.confirmed").wait_for()
        return shown + self.page.locator("body").inner_text()


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """A kit that A and B have read in two rounds, every film with the mouse in Chromium.

    Where there is no Chromium they send the same marks as the page would.
    """
    folder = tmp_path_factory.mktemp("qa") / "kit"
    made = make_kit(
        folder,
        films=FILMS,
        observers=("A", "B"),
        seed=11,
        options=SessionOptions(rounds=2, duplicates=0.2, washout_days=0.0),
        conditions=("clean", "noisy"),
        film_format=SMALL,
    )
    for observer in ("A", "B"):
        with Study.open(made.study) as study:
            hand = Hand(study, made.key, observer)
        words = ("annotate", made.study, "--session", "kit", "--observer", observer)
        with running(*words, "--no-browser") as server, server.client() as client:
            if CHROMIUM is None:
                assert read_all(client, hand) == len(hand.items)
            else:
                read_in_browser(server.address, client, hand)
    return made


@pytest.fixture
def unlocked(kit, tmp_path):
    """A copy of the kit, so that no test rests on what another did."""
    shutil.copytree(kit.study.parent, tmp_path / "kit")
    return replace(kit, study=tmp_path / "kit" / kit.study.name)


@pytest.fixture
def locked(unlocked, capsys):
    """A copy whose session is locked."""
    assert run(capsys, "session", "lock", unlocked.study, "kit")[0] == 0
    return unlocked


def read_in_browser(address, client, hand):
    """Read whatever is due, film after film, as a person would."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_ARGS))
        size = {"width": 1366, "height": 768}
        page = browser.new_page(viewport=size, reduced_motion="reduce")
        page.set_default_timeout(30_000)
        tab = BlindTab(page, address)
        done = 0
        while due := client.get("/api/worklist?status=unread&limit=500").json()["items"]:
            for item in due:
                code = item["film_id"]
                shown = tab.read(code, hand.reading(code))
                assert code in shown
                assert not re.search(r"[0-9] ?°", shown)  # no angle is shown anywhere
            done += len(due)
        browser.close()
    assert tab.complaints == []
    assert done == len(hand.items)


def run(capsys, *words):
    status = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return status, out, err


def test_the_owner_follows_without_unblinding_and_locks(unlocked, capsys):
    status, out, _ = run(capsys, "session", "status", unlocked.study, "--format", "json")
    rows = json.loads(out)
    assert status == 0
    assert {row["state"] for row in rows} == {"done"}
    assert all(row["read"] == row["total"] == FILMS + 2 for row in rows)
    with Study.open(unlocked.study) as study:
        with pytest.raises(StudyRefusedError):
            collect_readings(study, session="kit")
        found, remarks = study_precision(study, ["VKA"])
        assert found == []
        assert any("not locked" in remark.sentence for remark in remarks)
    assert run(capsys, "reliability", unlocked.study, "--session", "kit")[0] == 8
    assert run(capsys, "session", "export", unlocked.study, "kit")[0] == 8
    assert run(capsys, "session", "lock", unlocked.study, "kit")[0] == 0


def test_the_planted_corner_sd_comes_back(locked):
    with Study.open(locked.study) as study:
        collected = collect_readings(study, session="kit", truth=read_truths(study, locked.key))
        (precision,), _ = study_precision(study, ["VKA"], offsets=True)
        (same_observers,), _ = study_precision(study, ["VKA"])
        logs = study.sessions.logs("kit")
    assert len(logs) == 4 * (FILMS + 2)
    assert all(log.seconds is not None and log.seconds >= 0 for log in logs.values())
    assert len(collected.hidden) >= 2 * 4 * 2
    results = evaluate(collected, bootstrap_replicates=200)
    vka = results.landmarks[0].error
    across = [
        corner.across.intra_observer
        for plate in (vka.upper, vka.lower)
        for corner in (plate.anterior, plate.posterior)
    ]
    for estimate in across:
        low, high = estimate.interval()
        assert low <= CORNER_SD_MM <= high
    group = results.analysis.group("VKA")
    assert isinstance(group.components, VarianceComponents)
    assert group.counts.missing == 0
    bias = next(item for item in group.accuracy if item.name == "all observers").bias
    assert bias.low <= 0.0 <= bias.high
    assert precision.source is PrecisionSource.OWN_REPEATS
    sem = precision.standard_error_of_measurement_deg
    assert sem == pytest.approx(group.components.precision.agreement.value, rel=1e-9)
    assert precision.kind is PrecisionKind.AGREEMENT
    assert same_observers.kind is PrecisionKind.CONSISTENCY
    assert same_observers.standard_error_of_measurement_deg == pytest.approx(
        group.components.precision.consistency.value, rel=1e-9
    )


def test_report_certificate_and_export(locked, capsys, tmp_path):
    page, table = tmp_path / "report.html", tmp_path / "long.csv"
    words = ("--session", "kit", "--truth", locked.key, "--bootstrap", "100", "-o", page)
    status, out, _ = run(
        capsys, "reliability", locked.study, *words, "--tables", tmp_path / "t", "--format", "json"
    )
    assert status == 0
    assert json.loads(out)["analysis"]["groups"][0]["counts"]["films"] >= FILMS
    text = page.read_text("utf-8")
    for part in ("GRRAS", "Limits of agreement", "Errors against the known truth", "seed 11"):
        assert part in text
    assert (tmp_path / "t" / "precision.csv").exists()
    assert run(capsys, "session", "export", locked.study, "kit", "-o", table)[0] == 0
    status, out, _ = run(capsys, "reliability", table, "--format", "csv", "--bootstrap", "100")
    assert status == 0
    assert "inter-observer ICC" in out
    wide = ("--max-bias", "5", "--max-sem", "9", "--format", "json")
    status, out, _ = run(capsys, "qa", "certificate", locked.study, "--key", locked.key, *wide)
    assert (status, json.loads(out)["verdict"]) == (0, "shown")
    assert json.loads(out)["seed"] == "11"
    strict = ("--max-sem", "0.3", "--observer", "A", "-o", tmp_path / "c.html")
    status, out, _ = run(capsys, "qa", "certificate", locked.study, "--key", locked.key, *strict)
    assert (status, "FAIL" in out) == (1, True)
    text = (tmp_path / "c.html").read_text("utf-8")
    for words in ("FAIL", "Seed", "Kit", "limits version 1", "SEM at most 0.3", "Made"):
        assert words in text, words


def test_a_locked_session_is_reopened_only_with_a_reason(locked, capsys):
    with pytest.raises(SystemExit):
        main(["session", "reopen", str(locked.study), "kit"])
    assert run(capsys, "session", "reopen", locked.study, "kit", "--reason", "missing film")[0] == 0
    with Study.open(locked.study) as study:
        assert any("missing film" in str(entry) for entry in study.audit("session kit"))
