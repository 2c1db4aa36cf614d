"""From a study's database to its report: every published row, every section, every exclusion."""

from __future__ import annotations

import csv
import re
import shutil
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from sqlalchemy import event
from study_cases import make_study, write_study_files

from kyphometer.cli import main
from kyphometer.errors import StudyRefusedError
from kyphometer.film import Position
from kyphometer.followup.clinical.reader import read_clinical_table
from kyphometer.followup.correction_model import Verdict
from kyphometer.followup.positions import PositionPolicy
from kyphometer.followup.precision import PrecisionSource
from kyphometer.stats.options import SPSS_OPTIONS
from kyphometer.store import Study, StudySettings
from kyphometer.store.database.connection import Database
from kyphometer.workflow.study import AnalysisChoices, analyse_study
from kyphometer.workflow.study_check import study_contradictions


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_study_files(tmp_path_factory.mktemp("cohort"), 21)


@pytest.fixture(scope="module")
def study_path(files, tmp_path_factory):
    path = make_study(files, tmp_path_factory.mktemp("study") / "study.db")
    with Study.open(path) as study:
        study.set_clinical(read_clinical_table(files / "clinical.csv"))
    return path


@pytest.fixture(scope="module")
def results(study_path):
    with Study.open(study_path) as study:
        return analyse_study(study)


@pytest.fixture(scope="module")
def reported(study_path, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    status = main([
        "report", str(study_path), "-o", str(out / "report.html"), "--pdf", str(out / "r.pdf"),
        "--docx", str(out / "r.docx"), "--xlsx", str(out / "r.xlsx"), "--tables",
        str(out / "tables"), "--figures", str(out / "figures"), "--no-films",
    ])  # fmt: skip
    assert status == 0
    return out


@pytest.fixture
def copy_of(study_path, tmp_path):
    """A copy of the study that a test may change."""
    path = tmp_path / "copy.db"
    with Study.open(study_path) as study:
        study.backup(path)
    return path


def table(out, key):
    with (out / "tables" / f"{key}.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


# ------------------------------------------------------------------ every result of the study


def test_angles_follow_the_published_table(reported):
    rows = {(r["endpoint"], r["visit"]): r for r in table(reported, "radiographic")}
    for key, (mean, sd) in {
        ("VKA", "preoperative"): (18.3, 2.8),
        ("VKA", "six_months"): (12.8, 1.8),
        ("RKA", "preoperative"): (20.8, 3.2),
        ("RKA", "six_months"): (14.0, 1.8),
    }.items():
        assert float(rows[key]["mean"]) == pytest.approx(mean, abs=2 * sd / np.sqrt(21))
        assert float(rows[key]["sd"]) == pytest.approx(sd, abs=2 * sd / np.sqrt(40))
        assert rows[key]["n"] == "21"
    # science.md#tests: p < 0.001 whatever the correlation of the two visits.
    assert float(rows["VKA", "six_months"]["p"]) < 2.3e-5
    assert float(rows["RKA", "six_months"]["p"]) < 4.4e-6


def test_scores_follow_the_published_table(reported):
    for name, wanted in {
        "vas": {"preoperative": 7.6, "discharge": 3.9, "one_month": 2.7, "six_months": 1.8},
        "odi": {"preoperative": 69.9, "one_month": 30.0, "six_months": 24.6},
    }.items():
        rows = {r["visit"]: r for r in table(reported, f"{name}_by_visit")}
        assert list(rows) == list(wanted)
        for visit, mean in wanted.items():
            assert float(rows[visit]["mean"]) == pytest.approx(mean, abs=0.35)
    assert len(table(reported, "vas_pairs")) == 6
    assert len(table(reported, "odi_pairs")) == 3


def test_table_1_neurology_and_complications_are_the_published_ones(reported):
    shown = {r["characteristic"]: r["value"] for r in table(reported, "table_1")}
    assert shown["Sex: female"] == "16/21 (76.2 %)"
    assert shown["Mechanism: household fall"] == "16/21 (76.2 %)"
    assert shown["Mechanism: traffic fall"] == "5/21 (23.8 %)"
    assert shown["Posterior wall ruptured: yes"] == "8/21 (38.1 %)"
    assert shown["Pedicle fractured: yes"] == "4/21 (19.0 %)"
    assert shown["Posterior arch fractured: yes"] == "3/21 (14.3 %)"
    age = next(value for name, value in shown.items() if name.startswith("Age"))
    assert age == "65.2 ± 5.5 (56.0 to 76.0)"
    ais = {r["before"]: r for r in table(reported, "ais_transitions")}
    assert (ais["D"]["E"], ais["E"]["E"], ais["D"]["total"]) == ("3", "18", "3")
    changes = table(reported, "ais_changes")[-1]
    assert float(changes["p_sign"]) == pytest.approx(0.25)  # 3 up, 0 down: 2 x 0.5^3
    by = table(reported, "complications_by")
    assert {r["characteristic"] for r in by} >= {"Sex", "Posterior wall ruptured"}
    assert all(0 < float(r["p"]) <= 1 for r in by if r["p"])
    assert sum(int(r["patients"]) for r in by if r["characteristic"] == "Sex") == 21
    leak = next(r for r in table(reported, "complications") if r["complication"] == "cement leak")
    assert (leak["patients"], leak["of"], leak["symptomatic"]) == ("4", "21", "0")
    # Clopper and Pearson for 4 of 21.
    assert float(leak["exact_low_percent"]) == pytest.approx(5.45, abs=0.05)
    assert float(leak["exact_high_percent"]) == pytest.approx(41.91, abs=0.05)
    assert "anterior margin 2" in leak["sites"]
    assert int(table(reported, "leaks_per_screw")[0]["events"]) == 4


def test_correction_is_judged_by_the_studys_own_repeats(results):
    vka = results.cohort.angle("VKA")
    assert vka.precision.source is PrecisionSource.OWN_REPEATS
    assert vka.precision.readings == 2
    # 114.6 s / L with s = 0.35 mm, L about 31 mm; the mean of two readings has 1 / sqrt(2) of it.
    assert vka.precision.standard_error_of_measurement_deg == pytest.approx(0.91, rel=0.25)
    verdicts = [
        i.correction("six_months").verdict for i in results.cohort.corrections.of_code("VKA")
    ]
    limit = vka.precision.minimal_detectable_change_95_deg
    amounts = [
        i.correction("six_months").amount_deg for i in results.cohort.corrections.of_code("VKA")
    ]
    assert [v is Verdict.IMPROVED for v in verdicts] == [a > limit for a in amounts]


# ------------------------------------------------------------------ the report itself


def test_report_has_every_section_and_asks_nothing_of_the_network(reported):
    html = (reported / "report.html").read_text("utf-8")
    headings = re.findall(r"<h2[^>]*>([^<]+)</h2>", html)
    assert headings == [
        "Summary", "Patients", "Angles and correction", "Pain and disability", "Neurology",
        "Complications", "Time to loss of correction or revision", "Methods", "References",
        "Reporting checklist", "Exclusions and warnings", "Each patient", "Every value",
    ]  # fmt: skip
    for key in ("flow", "angles_by_visit", "waterfall_vka", "waterfall_rka", "scores_over_time"):
        assert f'id="figure-{key}"' in html
        ET.parse(reported / "figures" / f"{key}.svg")
    assert not re.search(r'(?:src|href)="https?:', html)
    assert ">0.000<" not in html
    assert "nan" not in re.sub(r'src="data:[^"]*"', "", html).lower().split()
    for patient in range(1, 22):
        assert f"Patient SIM-{patient:03d}" in html
    assert len(html) < 15e6


def test_methods_say_what_was_done(reported):
    html = (reported / "report.html").read_text("utf-8")
    methods = html[html.index(">Methods</h2>") : html.index(">Exclusions and warnings</h2>")]
    for words in (
        "84 films of 21 patients", "KN and MB", "mean of 2 readings", "F superior to F inferior",
        "day 152 to 212", "Holm", "Greenhouse-Geisser", "repeat readings of this study",
        "kyphometer ",
    ):  # fmt: skip
        assert words in methods, words


def test_other_formats_are_written(reported):
    from docx import Document
    from openpyxl import load_workbook

    assert (reported / "r.pdf").read_bytes().startswith(b"%PDF")
    words = "\n".join(p.text for p in Document(reported / "r.docx").paragraphs)
    assert "Exclusions and warnings" in words
    sheets = load_workbook(reported / "r.xlsx", read_only=True).sheetnames
    assert {"Patients", "Angles and correction", "Complications", "Every value"} <= set(sheets)
    assert "Each patient" not in sheets  # no sheet a patient


def test_nothing_to_write_is_refused(study_path, capsys):
    assert main(["report", str(study_path)]) == 2
    assert "-o FILE.html" in capsys.readouterr().err


def test_spss_choices_are_surfaced(copy_of, tmp_path):
    out = tmp_path / "spss.html"
    assert main(["report", str(copy_of), "-o", str(out), "--no-films", "--spss"]) == 0
    text = out.read_text("utf-8")
    assert "those of SPSS" in text
    assert "normal approximation" in text
    with Study.open(copy_of) as study:
        cohort = analyse_study(study, AnalysisChoices(options=SPSS_OPTIONS)).cohort
    ranks = cohort.pain.comparisons.comparisons[0].ranks
    assert ranks.method == "asymptotic"


# ------------------------------------------------------------------ what is missing, is said


def test_unknown_position_stops_changes_until_it_is_stated(copy_of):
    with Study.open(copy_of) as study:
        film = next(f for f in study.films(patient="SIM-001"))
        with study.database.write() as connection:
            connection.exec_driver_sql(
                f"UPDATE films SET position = 'unknown' WHERE id = {film.id}"
            )
        strict = analyse_study(study)
        allowed = analyse_study(
            study, AnalysisChoices(positions=PositionPolicy(allow_unknown=True))
        )
        study.change_settings(StudySettings(stated_position=Position.STANDING))
        stated = analyse_study(study)
    assert strict.cohort.angle("VKA").changes[0].amounts.n == 20
    assert any("position" in r.sentence and r.patient == "SIM-001" for r in strict.remarks)
    assert allowed.cohort.angle("VKA").changes[0].amounts.n == 21
    assert stated.cohort.angle("VKA").changes[0].amounts.n == 21
    assert stated.stated_position == "standing"


def test_readings_of_one_observer_are_judged_by_all_repeats(study_path):
    with Study.open(study_path) as study:
        results = analyse_study(
            study, AnalysisChoices(observer="MB", stated_standard_error_deg={"VKA": 9.0})
        )
    assert results.readings_each == (1, 1)
    assert results.observers == ("MB",)
    precision = results.cohort.angle("VKA").precision
    assert precision.source is PrecisionSource.OWN_REPEATS  # enough repeats: 9.0 is not used
    assert precision.readings == 1


def test_one_reading_a_film_needs_a_stated_sem(tmp_path):
    root = write_study_files(tmp_path / "cohort", 3, repeats=0)
    for path in (root / "readings").glob("*-1.reading.json"):
        path.unlink()
    with Study.open(make_study(root, tmp_path / "s.db")) as study:
        study.set_clinical(read_clinical_table(root / "clinical.csv"))
        bare = analyse_study(study)
        stated = analyse_study(study, AnalysisChoices(stated_standard_error_deg={"VKA": 1.5}))
    assert bare.cohort.angle("VKA").precision is None
    assert any("0 repeat readings" in r.sentence for r in bare.remarks)
    verdicts = {c.verdict for i in bare.cohort.corrections.patients for c in i.corrections}
    assert verdicts == {Verdict.NOT_JUDGED}
    precision = stated.cohort.angle("VKA").precision
    assert precision.source is PrecisionSource.STATED
    assert precision.minimal_detectable_change_95_deg == pytest.approx(1.96 * 2**0.5 * 1.5, 1e-3)


def test_study_without_anything_still_gives_a_report(tmp_path):
    with Study.create(tmp_path / "empty.db", "Empty"):
        pass
    out = tmp_path / "empty.html"
    assert main(["report", str(tmp_path / "empty.db"), "-o", str(out)]) == 0
    text = out.read_text("utf-8")
    assert "No angle was measured" in text
    assert "no clinical table" in text


def test_film_without_reading_and_visit_by_hand_are_listed(files, tmp_path):
    root = tmp_path / "files"
    shutil.copytree(files, root)
    for path in (root / "readings").glob("SIM-002-discharge-*"):
        path.unlink()
    with Study.open(make_study(root, tmp_path / "s.db")) as study:
        study.set_clinical(read_clinical_table(root / "clinical.csv"))
        film = study.films(patient="SIM-003")[2]
        study.state_visit(film.id, "one_month", reason="seen at the clinic")
        results = analyse_study(study)
    said = [r.sentence for r in results.remarks]
    assert any("SIM-002" in s and "has no reading" in s for s in said)
    assert any("SIM-003" in s and "by hand (seen at the clinic)" in s for s in said)
    assert results.cohort.angle("VKA").endpoint.summaries["discharge"].n == 20
    assert results.cohort.flow.visits[1].measured == 20


BAD_CELLS = {
    "wrong column": (lambda rows: rows[0].__setitem__("vas_preop", rows[0].pop("vas_discharge")),
                     "vas_preop"),
    "text in a number": (lambda rows: rows[3].__setitem__("age_years", "old"), "row 5"),
    "unknown patient": (lambda rows: rows[2].__setitem__("patient", "SIM-999"), "SIM-999"),
    "duplicate row": (lambda rows: rows.append(dict(rows[0])), "already in row 2"),
    "impossible date": (lambda rows: rows[1].__setitem__("surgery_date", "2023-02-30"), "row 3"),
    "decimal comma": (lambda rows: rows[1].__setitem__("t_score", "-3,100"), "t_score"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_CELLS)
def test_bad_clinical_tables_are_refused_whole(case, files, copy_of, tmp_path, capsys):
    with (files / "clinical.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    rows[-1]["vas_preoperative"] = "0.3"  # a good change that must not get in either
    spoil, said = BAD_CELLS[case]
    spoil(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    bad = tmp_path / "bad.csv"
    with bad.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(rows)
    with Study.open(copy_of) as study:
        before = study.clinical().records
    assert main(["study", "import-clinical", str(copy_of), str(bad)]) == 7
    error = capsys.readouterr().err
    assert "bad.csv" in error
    assert said in error
    assert "Traceback" not in error
    with Study.open(copy_of) as study:
        assert study.clinical().records == before


def test_table_in_another_encoding_is_refused_with_the_remedy(files, copy_of, tmp_path, capsys):
    text = (files / "clinical.csv").read_text("utf-8").replace("osteoporosis", "Ostéoporose")
    bad = tmp_path / "latin.csv"
    bad.write_bytes(text.encode("latin-1"))
    assert main(["study", "import-clinical", str(copy_of), str(bad)]) == 7
    assert "encoding" in capsys.readouterr().err.lower()
    again = ["study", "import-clinical", str(copy_of), str(bad), "--encoding", "latin-1"]
    assert main(again) == 8  # the words differ from what the study knows
    assert "history" in capsys.readouterr().err
    assert main([*again, "--accept-changes"]) == 0


# ------------------------------------------------------------------ one state of the study


def test_a_report_is_made_from_one_transaction(copy_of, tmp_path, monkeypatch):
    with Study.open(copy_of) as study:
        study.measurements()
    begun = []

    def note(connection):
        begun.append(connection)

    def opened(self, *given, **named):
        make(self, *given, **named)
        event.listen(self.engine, "begin", note)

    make = Database.__init__
    monkeypatch.setattr(Database, "__init__", opened)
    assert main(["report", str(copy_of), "-o", str(tmp_path / "r.html"), "--no-films"]) == 0
    assert len(begun) == 3  # the check at opening, the numbers that are kept, the report
    with Study.open(copy_of) as study, study.snapshot() as still:
        begun.clear()
        analyse_study(still)
        assert study_contradictions(still) is not None
        assert begun == []


def test_what_is_saved_meanwhile_is_not_in_a_snapshot(copy_of):
    with Study.open(copy_of) as study:
        with study.snapshot() as still:
            before = analyse_study(still)
            film = study.films()[0]
            study.add_observer("NEW")
            study.set_film_patient(film.id, "SOMEBODY ELSE", reason="found out meanwhile")
            assert analyse_study(still) == before
            assert film in still.films()
            with pytest.raises(StudyRefusedError, match="only read"):
                still.add_observer("NEWER")
        after = analyse_study(study)
    assert after.counts.patients == before.counts.patients + 1
