"""The DICOM conformance statement against what listens and what is sent: asked at both ends."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from interop_films import sample
from orthanc import free_port
from pacs_films import write_film

from kyphometer.errors import KyphometerError
from kyphometer.interop.network.archive import Query
from kyphometer.interop.network.destinations import Destination
from kyphometer.interop.network.incoming import Incoming
from kyphometer.interop.network.listen import Listening, listening
from kyphometer.interop.network.open import open_archive
from kyphometer.interop.network.outgoing import outgoing
from kyphometer.interop.objects.make import objects_for
from kyphometer.interop.objects.source import Kind
from kyphometer.interop.objects.withdrawal import withdrawal_for

pynetdicom = pytest.importorskip("pynetdicom")
PAGE = (Path(__file__).parent.parent / "docs" / "conformance.md").read_text("utf-8")
PARTS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
VERIFICATION = "1.2.840.10008.1.1"


def uids(part: str) -> list[str]:
    """UIDs of a section's tables, in order."""
    return re.findall(r"\| ([12]\.[\d.]+) \|", PARTS[part])


SYNTAXES = uids("Transfer syntaxes")
ACCEPTED = uids("Association acceptor")
UNCOMPRESSED = SYNTAXES[:2]


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    how = Listening(host="127.0.0.1", port=0)
    with listening(tmp_path_factory.mktemp("here"), how) as found:
        yield found


def asked(port, contexts, title="KYPHOMETER"):
    """Contexts that a listener takes: abstract syntax with the transfer syntax it chose."""
    entity = pynetdicom.AE("ASKER")
    entity.acse_timeout = entity.network_timeout = 60
    for abstract, syntaxes in contexts:
        entity.add_requested_context(abstract, syntaxes)
    association = entity.associate("127.0.0.1", port, ae_title=title)
    try:
        return {(c.abstract_syntax, c.transfer_syntax[0]) for c in association.accepted_contexts}
    finally:
        if association.is_established:
            association.release()


def test_the_listener_takes_every_class_and_syntax_that_is_stated(port):
    assert len(ACCEPTED) > 100
    for first in range(0, len(ACCEPTED), 100):
        some = ACCEPTED[first : first + 100]
        got = asked(port, [(uid, SYNTAXES) for uid in some])
        assert {uid for uid, _ in got} == set(some)
    for uid in (ACCEPTED[0], ACCEPTED[-1]):
        got = asked(port, [(uid, [syntax]) for syntax in SYNTAXES])
        assert got == {(uid, syntax) for syntax in SYNTAXES}
    assert asked(port, [(VERIFICATION, UNCOMPRESSED[:1])])


def test_the_listener_takes_nothing_else(port):
    stated = set(ACCEPTED) | {VERIFICATION}
    known = {
        str(context.abstract_syntax)
        for name in dir(pynetdicom)
        if name.endswith("PresentationContexts")
        for context in getattr(pynetdicom, name)
    }
    others = sorted(known - stated)
    assert len(others) > 30  # queries, work lists, print, procedures, ...
    for first in range(0, len(others), 120):
        some = [(uid, UNCOMPRESSED) for uid in others[first : first + 120]]
        assert asked(port, some) == set()
    mpeg = "1.2.840.10008.1.2.4.102"
    assert mpeg not in SYNTAXES
    assert asked(port, [(ACCEPTED[0], [mpeg])]) == set()


def test_another_title_is_refused(port):
    assert "others are refused" in PARTS["Association acceptor"]
    assert asked(port, [(VERIFICATION, UNCOMPRESSED[:1])], title="OTHER") == set()


class Archive:
    """An archive that takes everything, has one film, and remembers what it was asked."""

    def __init__(self) -> None:
        self.proposed: list[tuple[str, tuple[str, ...]]] = []
        self.keys: dict[str, set[str]] = {}
        self.identities = 0
        self.pdu: set[int] = set()

    def requested(self, event) -> None:
        primitive = event.assoc.requestor.primitive
        for context in primitive.presentation_context_definition_list:
            syntaxes = tuple(map(str, context.transfer_syntax))
            self.proposed.append((str(context.abstract_syntax), syntaxes))
        names = [type(item).__name__ for item in primitive.user_information]
        self.identities += names.count("UserIdentityNegotiation")
        self.pdu.add(event.assoc.requestor.maximum_length)

    def find(self, event):
        from pydicom.dataset import Dataset

        level = event.identifier.QueryRetrieveLevel
        self.keys[level] = {e.keyword for e in event.identifier} - {
            "QueryRetrieveLevel", "SpecificCharacterSet",
        }  # fmt: skip
        answer = Dataset()
        answer.StudyInstanceUID, answer.SeriesInstanceUID = "1.2.3", "1.2.3.4"
        answer.SOPInstanceUID, answer.Modality = "1.2.3.4.5", "DX"
        answer.QueryRetrieveLevel = level
        yield 0xFF00, answer

    @contextmanager
    def running(self):
        from pynetdicom import evt

        entity = pynetdicom.AE("ARCHIVE")
        stored = [str(c.abstract_syntax) for c in pynetdicom.AllStoragePresentationContexts]
        for uid in (VERIFICATION, *uids("Association requestor"), *stored):
            entity.add_supported_context(uid, SYNTAXES, scu_role=True, scp_role=True)
        handlers = [
            (evt.EVT_REQUESTED, self.requested),
            (evt.EVT_C_FIND, self.find),
            (evt.EVT_C_GET, lambda _: iter([0])),
            (evt.EVT_C_MOVE, lambda _: iter([(None, None)])),
            (evt.EVT_C_STORE, lambda _: 0),
            (evt.EVT_N_ACTION, lambda _: (0x0110, None)),  # fails, so that no report is waited for
        ]
        server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


@pytest.fixture
def archive():
    made = Archive()
    with made.running() as port:
        yield made, port


@contextmanager
def opened(port, **more):
    to = Destination(
        name="a", kind="dimse", host="127.0.0.1", port=port, called_ae="ARCHIVE",
        listen_host="127.0.0.1", listen_port=free_port(), timeout_s=20.0, **more,
    )  # fmt: skip
    with open_archive(to) as archive:
        yield archive


def entries(archive):
    return list(archive.find(Query(patient_id="1", limit=5)))


def test_queries_are_proposed_and_asked_as_stated(archive):
    made, port = archive
    with opened(port) as client:
        client.echo()
        assert len(entries(client)) == 1
    echo, find = uids("Association requestor")[:2]
    assert made.proposed == [(echo, tuple(UNCOMPRESSED)), (find, tuple(UNCOMPRESSED))]
    for level, keys in re.findall(
        r"^\| (STUDY|SERIES|IMAGE) \| (.+) \|$", PARTS["Association requestor"], re.MULTILINE
    ):
        own = set(keys.split(", "))
        above = {"SERIES": {"StudyInstanceUID"}, "IMAGE": {"StudyInstanceUID", "SeriesInstanceUID"}}
        assert made.keys[level] == own | above.get(level, set())
    stated = int(re.search(r"Largest PDU ([\d,]+) bytes", PAGE)[1].replace(",", ""))
    assert made.pdu == {stated}
    assert made.identities == 0


@pytest.mark.parametrize("way", ["get", "move"])
def test_retrieval_is_proposed_as_stated(archive, tmp_path, way):
    made, port = archive
    service = {"get": uids("Association requestor")[2], "move": uids("Association requestor")[3]}
    with opened(port, retrieve=way) as client:
        found = entries(client)
        made.proposed.clear()
        incoming = Incoming(tmp_path, "KYPHOMETER", 10**9, lambda _: None)
        with suppress(KyphometerError):  # it has no film to give
            list(client.fetch(found, incoming))
    assert made.proposed[0] == (service[way], tuple(UNCOMPRESSED))
    stored = made.proposed[1:]
    films = uids("Association requestor")[5:]
    wanted = [(uid, (syntax,)) for uid in films for syntax in SYNTAXES] if way == "get" else []
    assert sorted(stored) == sorted(wanted)


def test_sending_proposes_what_the_files_are_and_commitment_as_stated(archive, tmp_path):
    made, port = archive
    files = [write_film(tmp_path, number, SYNTAXES[number]) for number in range(2)]
    items = [outgoing(path) for path in files]
    commitment = uids("Association requestor")[4]
    with opened(port, commitment=True) as client:
        assert [error for _, error in client.send(items)] == [None, None]
        with suppress(KyphometerError):
            client.committed(items)
    assert made.proposed[:-1] == [(one.sop_class_uid, (one.transfer_syntax_uid,)) for one in items]
    assert made.proposed[-1] == (commitment, tuple(UNCOMPRESSED))


def test_objects_are_of_the_stated_classes():
    film, reading = sample()
    made = [str(d.SOPClassUID) for d in objects_for(film, reading, list(Kind))]
    note = withdrawal_for(film, reading, list(Kind), reason="slip")
    assert [*made, str(note.SOPClassUID)] == uids("Objects made")
