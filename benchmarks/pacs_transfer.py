"""Time of fetch and send against the transfer's own: curl for DICOMweb, DCMTK for DIMSE.

Starts an Orthanc of its own (Debian: orthanc, orthanc-dicomweb, dcmtk, curl). Both sides in turn,
medians of ratios; the transfer's own time writes the same films to the same disk.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))


def timed(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def seconds(work):
    """Time of a piece of work, which may tell itself how much of it counts."""
    told = []
    whole = timed(lambda: told.append(work()))
    return told[0] or whole


def emptied(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def which(program):
    """A program of Debian's, not the one of the same name that pynetdicom installs."""
    places = os.environ["PATH"].split(os.pathsep)
    ours = Path(sys.executable).parent
    return shutil.which(program, path=os.pathsep.join(p for p in places if Path(p) != ours))


def reachable(port):
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


def quiet(*command):
    words = [which(command[0]), *map(str, command[1:])]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def on_orthanc(compare, options):
    """Run a comparison on an Orthanc of its own, in a folder of its own."""
    from orthanc import Orthanc, missing

    if missing():
        sys.exit(missing())
    with tempfile.TemporaryDirectory() as name:
        server = Orthanc(Path(name))
        try:
            compare(server, Path(name), options)
        finally:
            server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=16)
    parser.add_argument("--rows", type=int, default=20000, help="of 180 bytes (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", help="ways whose names hold one of these words")
    options = parser.parse_args()
    on_orthanc(compare, options)


def compare(server, folder, options):
    from orthanc import PASSWORD, USER, free_port
    from pacs_films import destinations, dimse_table, web_table, write_film

    from kyphometer.interop.network.archive import Query
    from kyphometer.interop.network.destinations import the_destination
    from kyphometer.interop.network.fetch import fetch
    from kyphometer.interop.network.listen import Listening, listening
    from kyphometer.interop.network.open import open_archive
    from kyphometer.interop.network.send import send

    os.environ["KYPHO_TEST_SECRET"] = PASSWORD
    ways = {way: dimse_table(server.dimse, server.ours, retrieve=way) for way in ("get", "move")}
    file = destinations(folder / "d.toml", web=web_table(server.http), **ways)
    source = folder / "source"
    source.mkdir()
    for number in range(options.films):
        one = {"StudyInstanceUID": "2.25.80", "PatientID": "P"}
        write_film(source, number, rows=options.rows, **one)
    files = sorted(source.iterdir())
    print(f"{len(files)} films, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB")
    with open_archive(the_destination("web", file)) as archive:
        send(archive, files, journal=folder / "first.jsonl")
        entries = list(archive.find(Query()))

    def ours_in(way):
        target = folder / "in"
        shutil.rmtree(target, ignore_errors=True)
        with open_archive(the_destination(way, file)) as archive:
            assert len(fetch(archive, entries, target, source=way).kept) == len(files)

    def ours_out(way):
        journal = folder / "out.jsonl"
        journal.unlink(missing_ok=True)
        with open_archive(the_destination(way, file)) as archive:
            assert len(send(archive, files, journal=journal).sent) == len(files)

    def curl_in():
        target = folder / "curl"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        words = []
        for one in entries:
            words += [
                "-o", target / one.sop_instance_uid,
                f"{server.web}/studies/{one.study_instance_uid}/series/{one.series_instance_uid}"
                f"/instances/{one.sop_instance_uid}",
            ]  # fmt: skip
        accept = 'Accept: multipart/related; type="application/dicom"; transfer-syntax=*'
        quiet("curl", "-sf", "-u", f"{USER}:{PASSWORD}", "-H", accept, *words)

    def curl_out():
        words = []
        for path in files:
            body = folder / "body"
            body.write_bytes(
                b"--b\r\nContent-Type: application/dicom\r\n\r\n" + path.read_bytes() + b"\r\n--b--"
            )
            kind = 'Content-Type: multipart/related; type="application/dicom"; boundary=b'
            words = [
                "-u",
                f"{USER}:{PASSWORD}",
                "-H",
                kind,
                "-H",
                "Expect:",
                "--data-binary",
                f"@{body}",
            ]
            quiet("curl", "-sf", *words, f"{server.web}/studies")

    study = ["-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=2.25.80"]
    orthanc = ["-aec", "ORTHANC", "127.0.0.1", server.dimse]

    def getscu():
        quiet("getscu", "-S", "-od", emptied(folder / "dcmtk"), *study, *orthanc)

    def movescu():
        us = ["-aet", "KYPHOMETER", "-aem", "KYPHOMETER", "+P", server.ours]
        quiet("movescu", "-S", *us, "-od", emptied(folder / "dcmtk"), *study, *orthanc)

    def storescu(*to):
        quiet("storescu", *(to or orthanc), *files)

    def ours_listening():
        inbox, how = emptied(folder / "in"), Listening(host="127.0.0.1", port=0)
        with listening(inbox, how) as port:
            return timed(lambda: storescu("-aec", "KYPHOMETER", "127.0.0.1", port))

    def storescp():
        port = free_port()
        words = [which("storescp"), "-od", str(emptied(folder / "dcmtk")), str(port)]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
            try:
                reachable(port)
                return timed(lambda: storescu("127.0.0.1", port))
            finally:
                process.terminate()

    for name, ours, own in (
        ("fetch, DICOMweb against curl", lambda: ours_in("web"), curl_in),
        ("send, DICOMweb against curl", lambda: ours_out("web"), curl_out),
        ("fetch, C-GET against getscu", lambda: ours_in("get"), getscu),
        ("fetch, C-MOVE against movescu", lambda: ours_in("move"), movescu),
        ("send, C-STORE against storescu", lambda: ours_out("get"), storescu),
        ("listen, storescu to us against storescp", ours_listening, storescp),
    ):
        if options.only and not any(word in name for word in options.only):
            continue
        ours(), own()
        pairs = [(seconds(ours), seconds(own)) for _ in range(options.rounds)]
        ratio = statistics.median(mine / other for mine, other in pairs)
        mine = statistics.median(one for one, _ in pairs)
        print(f"{name}: ratio {ratio:.2f} (ours {mine:.2f} s)")


if __name__ == "__main__":
    main()
