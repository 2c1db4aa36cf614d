"""The command line in Vietnamese: no English left for people, nothing changed for programs."""

import re
import shutil
from pathlib import Path

import pytest

from kyphometer.cli import main
from kyphometer.messages import LANGUAGES, catalogue, speaking
from kyphometer.messages.retold import retold

SAMPLES = Path(__file__).parent.parent / "sample_dicoms"
FILM = SAMPLES / "SIM-001" / "pre-op.dcm"
LATER = SAMPLES / "SIM-001" / "discharge.dcm"
ENGLISH = re.compile(
    r"\b(?:the|of|is|are|was|were|and|not|with|from|by|at|film|films|reading|readings|observer|"
    r"patient|patients|visit|value|values|written|warning|position|standing|fractured|anterior|"
    r"superior|inferior|given|number|measured|proposed|kept|left|right|pixels|unknown|yes|no|"
    r"true|session|open|locked|done|found|there|for|interval|rows|change|before|after)\b",
    re.IGNORECASE,
)
"""Words that no Vietnamese sentence has; `in`, `to`, `do` are Vietnamese words too."""


def run(capsys, *words, language="vi"):
    """Status, output and errors of a command in a language."""
    capsys.readouterr()
    status = main(["--language", language, *map(str, words)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def english_in(text, *names):
    """Lines with an English word, paths, commands and names of the samples left out."""
    found = []
    for line in text.splitlines():
        if line.startswith("  kyphometer "):
            continue  # a command to copy
        bare = line
        for name in names:
            bare = bare.replace(str(name), "")
        bare = re.sub(r"'kyphometer [^']*'|--[a-z-]+|\S*/\S+|\S+\.(?:dcm|json|png|md)\b", "", bare)
        if ENGLISH.search(bare):
            found.append(line)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the films of one patient and something that is no film."""
    folder = tmp_path_factory.mktemp("films")
    shutil.copytree(SAMPLES / "SIM-001", folder / "SIM-001")
    (folder / "SIM-001" / "broken.dcm").write_bytes(b"no film at all")
    return folder


FILM_COMMANDS = (
    ["measure", FILM],
    ["measure", FILM, "--angle", "L1_S1", "--angle", "VKA"],
    ["batch", "FOLDER", "--columns", "VKA,AVBC,L1_S1"],
    ["batch", "FOLDER", "--again"],
    ["batch", "FOLDER/none"],
    ["info", FILM],
    ["info", "FOLDER"],
    ["refine", FILM, "--levels", "L1"],
    ["waiting", "FOLDER"],
    ["waiting", "FOLDER/none"],
    ["watch", "FOLDER/none", "--once"],
)
NAMES = [f"{number} {words[0]}" for number, words in enumerate(FILM_COMMANDS)]


@pytest.mark.parametrize("words", FILM_COMMANDS, ids=NAMES)
def test_what_is_said_of_films_is_vietnamese(words, folder, capsys):
    words = [str(word).replace("FOLDER", str(folder)) for word in words]
    _, out, err = run(capsys, *words)
    assert out + err
    assert english_in(out + err, folder, "Selection Value") == []


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize("command", ["measure", "info", "refine"])
def test_programs_get_the_same_bytes_in_every_language(command, form, capsys):
    words = [command, FILM, "--format", form]
    said = {run(capsys, *words, language=language)[:2] for language in LANGUAGES}
    assert len(said) == 1


def test_numbers_for_people_have_the_decimal_mark_of_the_language(capsys):
    _, english, _ = run(capsys, "measure", FILM, "--angle", "VKA", language="en")
    _, vietnamese, _ = run(capsys, "measure", FILM, "--angle", "VKA")
    assert "VKA (L1 sup - L1 inf)  18.8°         ± 2.7°" in english
    assert "VKA (L1 trên - L1 dưới)    18,8°       ± 2,7°" in vietnamese


def test_a_kept_english_sentence_is_told_in_vietnamese_and_an_unknown_one_stays():
    with speaking("vi"):
        assert retold("next intact level used: T11, L3") == "dùng đốt lành kế tiếp: T11, L3"
        two = "uncertain: a corner is off by more than 3 mm with a chance of 31%; seen by me"
        assert retold(two) == (
            "không chắc chắn: một góc lệch hơn 3 mm với xác suất 31%; seen by me"
        )
        assert retold("L1 superior: click kept, a corner would lie on metal.") == (
            "L1 trên: giữ điểm đã bấm, một góc sẽ nằm trên kim loại."
        )
    assert retold("next intact level used: T11") == "next intact level used: T11"


def test_every_kept_sentence_comes_back_from_its_english_template():
    for key, template in catalogue("en").items():
        if key.startswith("text.") and "{" not in template:
            with speaking("vi"):
                assert retold(template) == catalogue("vi")[key], key


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of one patient, films and readings, with a session."""
    folder = tmp_path_factory.mktemp("study")
    study = folder / "s.sqlite"
    films = SAMPLES / "SIM-001"
    for words in (
        ["study", "new", study],
        ["study", "add", study, films],
        ["study", "import-readings", study, films],
        ["study", "patient", study, "SIM-001", "--surgery-date", "2024-03-05"],
        ["session", "new", study, "one", "--observers", "KN,MB", "--text-checked", "--seed", "5"],
    ):
        assert main(list(map(str, words))) == 0
    return study


STUDY_COMMANDS = (
    ["study", "status", "STUDY", "--check"],
    ["study", "check", "STUDY"],
    ["study", "films", "STUDY"],
    ["study", "visits", "STUDY"],
    ["study", "patients", "STUDY"],
    ["study", "measurements", "STUDY"],
    ["study", "consensus", "STUDY"],
    ["study", "add", "STUDY", SAMPLES / "SIM-001"],
    ["session", "status", "STUDY"],
    ["session", "lock", "STUDY", "one"],
    ["session", "reopen", "STUDY", "one", "--reason", "x"],
    ["user", "list", "STUDY"],
    ["qa", "monitor", "STUDY"],
    ["plan", "icc", "--expected", "0.9", "--null", "0.75", "--width", "0.2"],
    ["plan", "limits", "--tolerance", "5", "--sem", "1.5"],
    ["plan", "change", "--change", "5", "--sd", "8"],
    ["plan", "shares", "--share", "0.3", "--reference", "0.1"],
    ["deidentify", SAMPLES / "SIM-001"],
    ["deidentify", SAMPLES / "SIM-001", "--audit"],
)
STUDY_NAMES = [f"{n} {words[0]} {Path(words[1]).name}" for n, words in enumerate(STUDY_COMMANDS)]


@pytest.mark.parametrize("words", STUDY_COMMANDS, ids=STUDY_NAMES)
def test_what_is_said_of_a_study_is_vietnamese(words, study, capsys):
    words = [str(word).replace("STUDY", str(study)) for word in words]
    _, out, err = run(capsys, *words)
    assert out + err
    assert english_in(out + err, study) == []


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize(
    "words",
    [
        ["study", "status"],
        ["study", "visits"],
        ["study", "measurements"],
        ["session", "status"],
        ["study", "check"],
    ],
    ids=" ".join,
)
def test_programs_get_the_same_rows_of_a_study_in_every_language(words, form, study, capsys):
    words = [*words, study, "--format", form]
    assert len({run(capsys, *words, language=language)[:2] for language in LANGUAGES}) == 1
