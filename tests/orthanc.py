"""A real Orthanc for tests, with ports of its own, and a proxy that cuts and falls silent."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
USER, PASSWORD = "reader", "let-me-in-7"


def orthanc_program():
    return shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")


def missing():
    """Why Orthanc cannot be started here; empty if it can."""
    if orthanc_program() is None:
        return "Orthanc is not installed (Debian package orthanc)"
    return "" if PLUGIN.exists() else "its DICOMweb plug-in is not installed (orthanc-dicomweb)"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Orthanc:
    """One running server; `ours` is the port at which it knows KYPHOMETER."""

    def __init__(self, folder: Path, *, context=None, **more) -> None:
        """`more` goes into its configuration; with an SSL context it is asked by HTTPS."""
        self._context = context
        self.http, self.dimse, self.ours = free_port(), free_port(), free_port()
        self.web = f"http://127.0.0.1:{self.http}/dicom-web"
        configuration = {
            "Name": "test", "StorageDirectory": str(folder / "db"),
            "IndexDirectory": str(folder / "db"), "Plugins": [str(PLUGIN)],
            "HttpPort": self.http, "RemoteAccessAllowed": False,
            "AuthenticationEnabled": True, "RegisteredUsers": {USER: PASSWORD},
            "DicomAet": "ORTHANC", "DicomPort": self.dimse, "DicomCheckCalledAet": True,
            "DicomAlwaysAllowEcho": True, "DicomAlwaysAllowStore": True,
            "DicomAlwaysAllowFind": True, "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowMove": True, "OverwriteInstances": True, "SaveJobs": False,
            "DicomModalities": {"kypho": ["KYPHOMETER", "127.0.0.1", self.ours]},
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "StudiesMetadata": "Full",
                         "SeriesMetadata": "Full"},
            **more,
        }  # fmt: skip
        (folder / "orthanc.json").write_text(json.dumps(configuration), "utf-8")
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            [orthanc_program(), str(folder / "orthanc.json")],
            stdout=self._log, stderr=subprocess.STDOUT, cwd=folder,
            preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
            restore_signals=False,
        )  # fmt: skip
        self._wait()

    def _wait(self):
        end = time.monotonic() + 40
        while time.monotonic() < end:
            assert self._process.poll() is None, "Orthanc ended"
            try:
                self.get("/system")
            except OSError:
                time.sleep(0.1)
            else:
                return
        self.stop()
        raise AssertionError("Orthanc did not start")

    def _request(self, method, path):
        scheme = "https" if self._context else "http"
        address = f"{scheme}://127.0.0.1:{self.http}{path}"
        request = urllib.request.Request(address, method=method)
        manager = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        manager.add_password(None, request.full_url, USER, PASSWORD)
        opener = urllib.request.build_opener(
            urllib.request.HTTPBasicAuthHandler(manager),
            urllib.request.HTTPSHandler(context=self._context),
        )
        with opener.open(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def get(self, path):
        return self._request("GET", path)

    def empty(self):
        """Delete everything it holds."""
        for patient in self.get("/patients"):
            self._request("DELETE", f"/patients/{patient}")

    def held(self):
        """SOP instance UIDs that it holds, one each time it holds it."""
        instances = self.get("/instances?expand")
        return sorted(one["MainDicomTags"]["SOPInstanceUID"] for one in instances)

    @contextmanager
    def without_room(self, most_bytes):
        """As on a full disk: no file of its may grow beyond so many bytes."""
        usual = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (most_bytes, usual[1]))
        try:
            yield
        finally:
            resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, usual)

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        self._log.close()


@contextmanager
def proxy(port, *, cut_after=None, from_server=True, stall_after=None, at=0, passed=None):
    """A port that leads to `port`, and cuts or falls silent after so many bytes of one direction.

    `cut_after` may be a list: a bound for each connection in turn, the last for all that follow
    (None: no bound). `at` is the port to be had; `passed` is told of every piece of that direction.
    """
    bounds = cut_after if isinstance(cut_after, list) else [cut_after]
    listener = socket.create_server(("127.0.0.1", at))
    open_sockets, done = [listener], threading.Event()

    def pump(source, sink, bound, tell):
        count = 0
        try:
            while data := source.recv(16384):
                if bound is not None and count + len(data) > bound:
                    if stall_after is not None:
                        done.wait(30)
                    else:
                        sink.sendall(data[: bound - count])
                    break
                count += len(data)
                sink.sendall(data)
                if tell is not None:
                    tell(len(data))
        except OSError:
            pass
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def serve():
        number = 0
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", port))
            except OSError:
                return
            bound = stall_after if stall_after is not None else bounds[min(number, len(bounds) - 1)]
            number += 1
            open_sockets.extend((client, server))
            down, up = (bound, None) if from_server else (None, bound)
            tell_down, tell_up = (passed, None) if from_server else (None, passed)
            for arguments in ((server, client, down, tell_down), (client, server, up, tell_up)):
                threading.Thread(target=pump, args=arguments, daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        done.set()
        for one in open_sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        thread.join(5)
