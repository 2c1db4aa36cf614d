"""Search, fetch and send of many series against the plain libraries: dicomweb-client, pynetdicom.

Starts an Orthanc of its own (Debian: orthanc, orthanc-dicomweb). Both sides in turn, medians of
ratios. The libraries do the least that gives the same: each film into a file of its own, which is
not brought to the disk.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from pacs_transfer import emptied, on_orthanc, timed

STUDY = "2.25.80"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=220)
    parser.add_argument("--rows", type=int, default=1000, help="of 180 bytes (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", help="ways whose names hold one of these words")
    options = parser.parse_args()
    on_orthanc(compare, options)


def compare(server, folder, options):
    source = folder / "source"
    source.mkdir()
    ours, plain = Ours(server, folder, source, options), Plain(server, folder, source)
    for name, mine, other in (
        ("send, DICOMweb", lambda: ours.send("web"), plain.stow),
        ("send, C-STORE", lambda: ours.send("get"), plain.store),
        ("find, DICOMweb", lambda: ours.find("web"), plain.qido),
        ("find, C-FIND", lambda: ours.find("get"), plain.c_find),
        ("fetch, DICOMweb", lambda: ours.fetch("web"), plain.wado),
        ("fetch, C-GET", lambda: ours.fetch("get"), plain.c_get),
        ("fetch, C-MOVE", lambda: ours.fetch("move"), plain.c_move),
    ):
        if options.only and not any(word in name for word in options.only):
            continue
        pairs = []
        for _ in range(options.rounds + 1):
            for target in ("in", "plain"):  # what was brought to the disk takes time to remove
                emptied(folder / target)
            pairs.append((timed(mine), timed(other)))
        del pairs[0]
        ratio = statistics.median(one / two for one, two in pairs)
        times = [statistics.median(column) for column in zip(*pairs, strict=True)]
        print(f"{name}: ratio {ratio:.2f} (ours {times[0]:.2f} s, {times[1]:.2f} s)", flush=True)


class Ours:
    """Kyphometer's way, with all that it promises."""

    def __init__(self, server, folder, source, options):
        import os

        from orthanc import PASSWORD
        from pacs_films import destinations, dimse_table, web_table, write_film

        from kyphometer.interop.network.destinations import the_destination

        os.environ["KYPHO_TEST_SECRET"] = PASSWORD
        ways = {
            way: dimse_table(server.dimse, server.ours, retrieve=way) for way in ("get", "move")
        }
        file = destinations(folder / "d.toml", web=web_table(server.http), **ways)
        self._to = {way: the_destination(way, file) for way in ("web", "get", "move")}
        for number in range(options.series):
            one = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": f"2.25.9{number:03}"}
            write_film(source, number, rows=options.rows, PatientID="MANY", **one)
        self._folder, self._files = folder, sorted(source.iterdir())
        size = sum(path.stat().st_size for path in self._files) / 1e6
        print(f"{len(self._files)} series, {size:.1f} MB", flush=True)
        self.send("web")
        self._entries = self.find("web")

    def send(self, way):
        from kyphometer.interop.network.open import open_archive
        from kyphometer.interop.network.send import send

        journal = self._folder / "out.jsonl"
        journal.unlink(missing_ok=True)
        with open_archive(self._to[way]) as archive:
            assert len(send(archive, self._files, journal=journal).sent) == len(self._files)

    def find(self, way):
        from kyphometer.interop.network.archive import Query
        from kyphometer.interop.network.open import open_archive

        with open_archive(self._to[way]) as archive:
            found = list(archive.find(Query(patient_id="MANY")))
        assert len(found) == len(self._files)
        return found

    def fetch(self, way):
        from kyphometer.interop.network.fetch import fetch
        from kyphometer.interop.network.open import open_archive

        with open_archive(self._to[way]) as archive:
            done = fetch(archive, self._entries, self._folder / "in", source=way)
        assert len(done.kept) == len(self._files)


class Plain:
    """What the libraries' documentation shows."""

    def __init__(self, server, folder, source):
        self._server, self._folder, self._source = server, folder, source

    def _client(self):
        import requests
        from dicomweb_client.web import DICOMwebClient
        from orthanc import PASSWORD, USER

        session = requests.Session()
        session.auth = (USER, PASSWORD)
        return DICOMwebClient(self._server.web, session=session, permissive_uid=True)

    def stow(self):
        from pydicom import dcmread

        client = self._client()
        for path in sorted(self._source.iterdir()):
            client.store_instances([dcmread(path)])

    def qido(self):
        from kyphometer.interop.network.qido import ASKED

        client, found = self._client(), []
        for study in client.search_for_studies(search_filters={"PatientID": "MANY"}):
            uid = study["0020000D"]["Value"][0]
            found += client.search_for_instances(uid, get_remaining=True, fields=list(ASKED))
        return found

    def wado(self):
        client, target = self._client(), self._folder / "plain"
        for path in sorted(self._source.iterdir()):
            number = int(path.stem[-3:])
            series, uid = f"2.25.9{number:03}", f"2.25.7{number:03}"
            film = client.retrieve_instance(STUDY, series, uid, media_types=AS_KEPT)
            film.save_as(target / uid)

    def _associate(self, kinds, handlers=(), roles=()):
        from pynetdicom import AE

        entity = AE(ae_title="KYPHOMETER")
        for kind in kinds:
            entity.add_requested_context(kind)
        made = entity.associate(
            "127.0.0.1", self._server.dimse, ae_title="ORTHANC", evt_handlers=list(handlers),
            ext_neg=list(roles),
        )  # fmt: skip
        assert made.is_established
        return made

    def store(self):
        association = self._associate([DX])
        for path in sorted(self._source.iterdir()):
            assert association.send_c_store(path).Status == 0
        association.release()

    def c_find(self):
        association = self._associate([FIND])
        for _, study in list(association.send_c_find(keys("STUDY", PatientID="MANY"), FIND)):
            if study is None:
                continue
            above = {"StudyInstanceUID": study.StudyInstanceUID}
            for _, series in list(association.send_c_find(keys("SERIES", **above), FIND)):
                if series is not None:
                    both = {**above, "SeriesInstanceUID": series.SeriesInstanceUID}
                    list(association.send_c_find(keys("IMAGE", **both), FIND))
        association.release()

    def _kept(self, event, target):
        data = io.BytesIO(event.encoded_dataset())
        (target / event.request.AffectedSOPInstanceUID).write_bytes(data.getvalue())
        return 0

    def c_get(self):
        from pynetdicom import build_role, evt

        target = self._folder / "plain"
        handlers = [(evt.EVT_C_STORE, self._kept, [target])]
        role = build_role(DX, scp_role=True)
        association = self._associate([GET, DX], handlers, [role])
        list(association.send_c_get(keys("STUDY", StudyInstanceUID=STUDY), GET))
        association.release()
        assert len(list(target.iterdir())) == len(list(self._source.iterdir()))

    def c_move(self):
        from pynetdicom import AE, evt

        target = self._folder / "plain"
        entity = AE(ae_title="KYPHOMETER")
        entity.add_supported_context(DX)
        handlers = [(evt.EVT_C_STORE, self._kept, [target])]
        at = ("127.0.0.1", self._server.ours)
        listener = entity.start_server(at, block=False, evt_handlers=handlers)
        association = self._associate([MOVE])
        asked = keys("STUDY", StudyInstanceUID=STUDY)
        list(association.send_c_move(asked, "KYPHOMETER", MOVE))
        association.release()
        listener.shutdown()
        assert len(list(target.iterdir())) == len(list(self._source.iterdir()))


AS_KEPT = (("application/dicom", "*"),)
DX = "1.2.840.10008.5.1.4.1.1.1.1"
FIND, MOVE, GET = (f"1.2.840.10008.5.1.4.1.2.2.{number}" for number in (1, 2, 3))


def keys(level, **stated):
    from pydicom.dataset import Dataset

    made = Dataset()
    made.QueryRetrieveLevel = level
    for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(made, name, "")
    for name, value in stated.items():
        setattr(made, name, value)
    return made


if __name__ == "__main__":
    main()
