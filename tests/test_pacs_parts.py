"""Parts of talking to archives that need no archive: destinations, choice, journals, streams."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pacs_films import destinations, leftovers, write_film

from kyphometer.cli import main
from kyphometer.errors import (
    DestinationFileError,
    FolderFullError,
    PacsAnswerError,
    SecretError,
    UnknownDestinationError,
    UnsendableError,
)
from kyphometer.interop.network.archive import Entry, is_uid
from kyphometer.interop.network.destinations import Destination, read_destinations, the_destination
from kyphometer.interop.network.incoming import Incoming, room
from kyphometer.interop.network.journal import Journal
from kyphometer.interop.network.lateral import Choice, judge
from kyphometer.interop.network.links import links
from kyphometer.interop.network.multipart import FileBody, PartsError, boundary_of, first_part
from kyphometer.interop.network.outgoing import outgoing
from kyphometer.interop.network.secret import secret

WEB = {"kind": "dicomweb", "url": "https://pacs.example.org/dicom-web"}


def test_a_destination_is_read_with_its_defaults(tmp_path):
    (tmp_path / "ca.pem").touch()
    file = destinations(
        tmp_path / "d.toml",
        web={**WEB, "token": "keyring:web", "ca": "ca.pem"},
        dimse={"kind": "dimse", "host": "10.0.0.1", "port": 104},
    )
    web, dimse = read_destinations(file).values()
    assert web.send == ["sr", "sc", "pdf"]
    assert web.ca == str(tmp_path / "ca.pem")
    assert (dimse.address, dimse.calling_ae, dimse.retrieve) == (
        "10.0.0.1:104",
        "KYPHOMETER",
        "get",
    )
    with pytest.raises(UnknownDestinationError, match="it names dimse, web"):
        the_destination("else", file)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[a\nkind=1", "line 1"),
        ("a = 1", "stands outside of a table"),
        ('[a]\nkind = "ftp"', "'kind' must be 'dicomweb' or 'dimse'"),
        ('[a]\nkind = "dimse"', "lacks 'host'"),
        ('[a]\nkind = "dimse"\nhost = "h"\nport = 70000', "'port'"),
        ('[a]\nkind = "dimse"\nhost = "h"\ncalled_ae = "SEVENTEEN LETTERS"', "'called_ae'"),
        ('[a]\nkind = "dimse"\nhost = "h"\nprot = 1', "'prot'"),
        ('[a]\nkind = "dicomweb"', "no address"),
        ('[a]\nkind = "dicomweb"\nurl = "ftp://x"', "no address"),
        ('[a]\nkind = "dicomweb"\nurl = "http://x/"\nsend = ["sr", "jpeg"]', "send"),
        ('[a]\nkind = "dicomweb"\nurl = "http://x/"\npassword = "env:P"', "without encryption"),
        ('[a]\nkind = "dicomweb"\nurl = "https://x/"\npassword = "Hush1"', "holds a secret"),
        ('[a]\nkind = "dicomweb"\nurl = "https://x/"\ntoken = 4711', "holds a secret"),
        ('[a]\nkind = "dicomweb"\nurl = "https://me:Hush1@x/"', "holds a secret"),
        ('[a]\nkind = "dicomweb"\nurl = "https://x/"\npassword = "Hush1\n', "line"),
    ],
)
def test_a_wrong_file_gets_one_sentence_and_shows_no_secret(tmp_path, capsys, text, sentence):
    file = tmp_path / "d.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(DestinationFileError, match=sentence):
        read_destinations(file)
    for how in ("json", "table"):
        assert main(["pacs", "list", "--destinations", str(file), "--format", how]) == 2
        out, err = capsys.readouterr()
        assert not out
        assert len(err.splitlines()) == 1
        assert "Hush1" not in err
        assert "4711" not in err


def test_a_file_that_is_not_there_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("KYPHOMETER_DESTINATIONS", raising=False)
    assert main(["pacs", "list"]) == 2
    assert str(tmp_path / "kyphometer" / "destinations.toml") in capsys.readouterr().err


def test_secrets_come_from_the_environment_or_the_keyring(monkeypatch):
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend

    class Memory(KeyringBackend):
        priority = 1

        def get_password(self, service, username):
            return {("kyphometer", "web"): "Hush1"}.get((service, username))

        def set_password(self, service, username, password):
            raise NotImplementedError

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    try:
        to = Destination(name="a", **WEB)
        assert secret(to, "keyring:web") == "Hush1"
        with pytest.raises(SecretError, match="keyring set kyphometer other"):
            secret(to, "keyring:other")
    finally:
        keyring.set_keyring(before)
    monkeypatch.setenv("KYPHO_X", "Hush2")
    assert secret(to, "env:KYPHO_X") == "Hush2"
    monkeypatch.delenv("KYPHO_X")
    with pytest.raises(SecretError, match="KYPHO_X"):
        secret(to, "env:KYPHO_X")


BLANK = Entry(sop_instance_uid="1.2", series_instance_uid="1.3", study_instance_uid="1.4",
              modality="DX")  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "choice", "by"),
    [
        ({"body_part": "LSPINE", "view": "LL"}, "chosen", "ViewPosition 'LL'"),
        ({"body_part": "TLSPINE", "view": "RL"}, "chosen", "BodyPartExamined"),
        ({"body_part": "SPINE", "series_description": "LWS seitlich"}, "chosen", "seitlich"),
        ({"series_description": "BWS_LWS_SEITE im Stehen"}, "chosen", "SEITE"),
        ({"series_description": "Rachis lombaire profil"}, "chosen", "profil"),
        ({"series_description": "Columna lumbar perfil"}, "chosen", "perfil"),
        ({"series_description": "Colonna dorsolombare LL"}, "chosen", "LL"),
        ({"series_description": "Coluna lombar perfil"}, "chosen", "perfil"),
        ({"series_description": "Cột sống thắt lưng nghiêng"}, "chosen", "nghiêng"),
        ({"series_description": "腰椎側面"}, "chosen", "側面"),
        ({"series_description": "胸腰椎侧位"}, "chosen", "侧位"),
        ({"series_description": "요추 측면"}, "chosen", "측면"),
        ({"series_description": "Позвоночник боковая"}, "chosen", "боковая"),
        ({"series_description": "Kręgosłup boczne"}, "chosen", "boczne"),
        ({"series_description": "LWK zijdelings"}, "chosen", "zijdelings"),
        ({"body_part": "LSPINE", "view": "AP"}, "no", "not lateral"),
        ({"series_description": "LWS a.p."}, "no", "not lateral"),
        ({"series_description": "Cột sống thẳng"}, "no", "not lateral"),
        ({"series_description": "腰椎正面"}, "no", "not lateral"),
        ({"series_description": "LWS obl"}, "no", "not lateral"),
        ({"body_part": "CHEST", "view": "LL"}, "no", "no spine"),
        ({"body_part": "KNEE", "series_description": "Knie seitlich"}, "no", "no spine"),
        ({"body_part": "LSPINE"}, "possible", "which view"),
        (
            {"body_part": "LSPINE", "study_description": "LS spine AP and lateral"},
            "possible",
            "view",
        ),
        ({"body_part": "LSPINE", "series_description": "Spine AP/LAT"}, "possible", "which view"),
        ({"body_part": "ABDOMEN", "series_description": "LWS lat"}, "possible", "but BodyPart"),
        ({"view": "LL"}, "possible", "nothing says that it is a spine"),
        ({"body_part": "LSPINE", "series_description": "lateral decubitus"}, "possible", "view"),
        ({"modality": "MR", "body_part": "LSPINE", "view": "LL"}, "no", "MR is no radiograph"),
        ({"modality": ""}, "no", "? is no radiograph"),
    ],
)
def test_lateral_spine_films_are_chosen_and_the_reason_is_told(facts, choice, by):
    judged = judge(replace(BLANK, **facts))
    assert judged.choice == choice, judged.reason()
    assert by in judged.reason()
    assert judged.reason("vi")


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_whatever_an_archive_says_a_choice_is_made(part, view, description):
    judged = judge(replace(BLANK, body_part=part, view=view, series_description=description))
    assert judged.choice in Choice
    assert judged.reason()


@given(st.binary(max_size=300), st.integers(1, 40))
def test_a_part_comes_out_as_it_went_in_however_it_is_torn(tmp_path_factory, content, step):
    path = tmp_path_factory.mktemp("body") / "a"
    path.write_bytes(content)
    body = FileBody(path, len(content), "b0undary", "application/dicom")
    whole = b"".join(body)
    assert len(whole) == len(body)
    torn = [whole[i : i + step] for i in range(0, len(whole), step)]
    assert b"".join(first_part(torn, b"b0undary")) == content
    for end in range(0, len(whole) - 5, max(1, len(whole) // 7)):
        cut = whole[:end]
        if b"\r\n--b0undary" not in cut[20:]:
            with pytest.raises(PartsError):
                list(first_part([cut], b"b0undary"))


def test_a_boundary_is_found_in_quotes_or_without():
    assert boundary_of('multipart/related; type="application/dicom"; boundary="a b"') == b"a b"
    assert boundary_of("multipart/related; boundary=ab") == b"ab"
    assert boundary_of("application/dicom") is None


@given(st.text(max_size=80))
def test_only_a_uid_becomes_a_name(text):
    if is_uid(text):
        assert set(text) <= set("0123456789.")
        assert text.strip(".")
    assert not is_uid("../x")
    assert not is_uid("..")


def test_a_film_gets_its_name_only_when_it_is_whole_and_the_right_one(tmp_path):
    film = write_film(tmp_path, 1).read_bytes()
    kept = []
    incoming = Incoming(tmp_path / "in", "there", 1 << 20, kept.append)
    with incoming.receive("2.25.7001") as part:
        part.write(film[:100])
        assert not list((tmp_path / "in").rglob("*.dcm"))
        part.write(film[100:])
    assert kept[0].path.read_bytes() == film
    assert kept[0].path.name == "2.25.7001.dcm"
    for uid, content, sentence in (
        ("2.25.7002", film, "another film"),
        ("2.25.7001", film[:-300], "no whole DICOM file"),
        ("2.25.7001", b"<html>", "no whole DICOM file"),
        ("../x", film, "no UID"),
    ):
        with pytest.raises(PacsAnswerError, match=sentence), incoming.receive(uid) as part:
            part.write(content)
    assert len(kept) == 1
    assert not leftovers(tmp_path)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_a_sentence(tmp_path, number):
    with pytest.raises(FolderFullError, match="run the same command again"), room(tmp_path):
        raise OSError(number, "full")


@given(st.integers(0, 60))
def test_a_journal_that_was_cut_anywhere_is_read_up_to_there(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("journal") / "j"
    with Journal(path) as journal:
        journal.add(sop="1.2.3")
        journal.add(sop="1.2.4")
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    with Journal(path) as journal:
        assert len(journal.lines) == whole[:cut].count(b"\n")
        journal.add(sop="1.2.5")
    lines = path.read_bytes().splitlines()
    assert [json.loads(line) for line in lines][-1] == {"sop": "1.2.5"}


def test_what_is_no_dicom_file_is_not_sent(tmp_path):
    bare = tmp_path / "a.dcm"
    bare.write_bytes(b"no film")
    with pytest.raises(UnsendableError, match="no DICOM file"):
        outgoing(bare)
    spoilt = write_film(tmp_path, 1)
    spoilt.write_bytes(spoilt.read_bytes().replace(b"2.25.7001", b"2.25.7__1"))
    with pytest.raises(UnsendableError, match="no usable UID"):
        outgoing(spoilt)


def test_addresses_open_the_study_elsewhere():
    to = Destination(name="a", ohif="https://ohif.example.org/", annotator="http://127.0.0.1:8765",
                     user="me", password="env:HUSH", **WEB)  # fmt: skip
    found = links(to, "1.2.3")
    assert found["ohif"] == "https://ohif.example.org/viewer?StudyInstanceUIDs=1.2.3"
    assert unquote(found["weasis"]) == (
        'weasis://$dicom:rs --url "https://pacs.example.org/dicom-web" -r "studyUID=1.2.3"'
    )
    assert found["annotator"] == "http://127.0.0.1:8765/open?StudyInstanceUID=1.2.3"
    assert "HUSH" not in str(found)


def test_the_conformance_statement_says_what_the_code_offers():
    from kyphometer.interop.network.conformance import statement

    page = Path(__file__).parent.parent / "docs" / "conformance.md"
    assert page.read_text("utf-8") == statement(), (
        "python -m kyphometer.interop.network.conformance"
    )
