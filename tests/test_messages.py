"""The catalogues: complete, equal in what they are told, and right in both languages."""

import json
import string

import pytest

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.cli import main
from kyphometer.messages import LANGUAGES, catalogue, choose, language, sentence, speaking
from kyphometer.reading.findings import Finding, FindingCode, FindingFacts, Severity, Unit


def placeholders(text):
    """What a template is told, with its number of decimals; plurals are each language's own."""
    parts = string.Formatter().parse(text)
    return {(name, spec) for _, name, spec, _ in parts if name and "|" not in (spec or "")}


@pytest.mark.parametrize("other", LANGUAGES[1:])
def test_every_language_has_every_text_with_the_same_facts(other):
    first, second = catalogue(LANGUAGES[0]), catalogue(other)
    assert first.keys() == second.keys()
    for key in first:
        assert placeholders(first[key]) == placeholders(second[key]), key
        assert second[key].strip(), key


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_every_code_of_a_finding_has_words_and_the_blinded_ones_take_no_fact(spoken):
    texts = catalogue(spoken)
    for code in FindingCode:
        for key in (f"finding.{code}", f"finding.{code}.remedy"):
            assert key in texts
        for key in (f"blinded.{code}", f"blinded.{code}.remedy"):
            assert placeholders(texts[key]) == set()
            assert not any(letter.isdigit() for letter in texts[key])


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("vi", "vi"),
        ("vi_VN.UTF-8", "vi"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("fr-FR,vi;q=0.5", "vi"),
        ("C.UTF-8", "en"),
        ("", "en"),
        ("vit", "en"),
        ("*", "en"),
    ],
)
def test_a_language_is_chosen_from_a_locale_or_a_header(wanted, expected):
    assert choose(wanted) == expected


def test_speaking_ends_with_its_block():
    with speaking("vi"):
        assert language() == "vi"
        with pytest.raises(KeyError), speaking("en"):
            sentence("no such text", {})
        assert language() == "vi"
    assert language() == "en"


SHORT = Finding(
    code=FindingCode.ENDPLATE_SHORT,
    severity=Severity.ERROR,
    levels=(Level.L1,),
    corners=((Level.L1, EndplateSide.SUPERIOR, "anterior"),),
    facts=FindingFacts(value=3.25, limit=8.0, unit=Unit.MM),
)


def test_a_finding_is_told_in_both_languages():
    assert SHORT.sentence() == (
        "L1 superior endplate: its corners are only 3.2 mm apart, less than any endplate; "
        "mark both rims."
    )
    vietnamese = (
        "Tấm tận trên L1: hai bờ chỉ cách nhau 3,2 mm, ngắn hơn mọi tấm tận; "
        "hãy đánh dấu cả hai bờ."
    )
    assert SHORT.sentence("vi") == vietnamese
    with speaking("vi"):
        assert str(SHORT) == vietnamese


def test_the_command_line_speaks_the_language_asked_for(tmp_path, monkeypatch, capsys):
    """Simulate a film, put both corners of an endplate in one place, measure."""
    small = ["--rows", "900", "--columns", "450", "--pixel", "0.32"]
    assert main(["simulate", str(tmp_path), "--films", "1", "--syntax", "none", *small]) == 0
    film, kept = next(tmp_path.rglob("*.dcm")), next(tmp_path.rglob("*.reading.json"))
    document = json.loads(kept.read_text("utf-8"))
    plates = document["vertebrae"]["L1"]
    plates["superior"]["anterior"] = plates["superior"]["posterior"]
    spoilt = tmp_path / "spoilt.json"
    spoilt.write_text(json.dumps(document), "utf-8")
    for words, environment, expected in (
        (["--language", "vi"], "", "Tấm tận trên L1: hai bờ nằm cùng một chỗ"),
        (["--language=vi"], "en", "Tấm tận trên L1: hai bờ nằm cùng một chỗ"),
        ([], "vi_VN.UTF-8", "Tấm tận trên L1: hai bờ nằm cùng một chỗ"),
        (["--language", "en"], "vi", "L1 superior endplate: both corners are in one place"),
        ([], "", "L1 superior endplate: both corners are in one place"),
    ):
        capsys.readouterr()
        monkeypatch.setenv("KYPHOMETER_LANGUAGE", environment)
        assert main(["measure", str(film), str(spoilt), *words]) == 4
        assert expected in capsys.readouterr().err
