"""The annotator's server: first image, live results, drafts, work list.

    python benchmarks/web_server.py [--quick]

Films of 7.5 and 12 megapixels in several syntaxes are opened through a running server, as the page
does. Beside the time to the first image stand the two parts it cannot do without: decoding the
film in a fresh process, and sending its bytes once they are decoded. Medians; the spread between
runs says how quiet the machine was.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from web_films import film  # noqa: E402
from web_local import document  # noqa: E402
from web_process import running  # noqa: E402

from kyphometer.dicom.compress import Compression  # noqa: E402
from kyphometer.dicom.read import read_film  # noqa: E402
from kyphometer.dicom.write import write_dx  # noqa: E402

SIZES = {"7.5 MP": (3000, 2500), "12 MP": (4000, 3000)}
SYNTAXES = (
    Compression.NONE,
    Compression.RLE,
    Compression.JPEG_LOSSLESS,
    Compression.JPEG_LS,
    Compression.JPEG_2000,
)
REPEATS = 5


def ms(seconds: float) -> str:
    return f"{1000 * seconds:8.1f}"


def timed(work, *arguments) -> float:
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


def first_images(folder: Path, repeats: int) -> None:
    """Each film is opened once by a server that has never seen it."""
    print("\nTime to the pixels of a film never opened before, ms")
    head = f"{'size':8}{'syntax':16}{'decode':>9}{'send':>9}{'first':>9}{'spread':>16}{'ratio':>7}"
    print(head)
    for size, (rows, columns) in SIZES.items():
        for syntax in SYNTAXES:
            place = folder / f"{rows}-{syntax}"
            place.mkdir()
            for seed in range(repeats):
                one = film(seed, rows=rows, columns=columns)
                write_dx(one, place / f"f{seed}.dcm", seed=f"{place}{seed}", compression=syntax)
            row(size, str(syntax), place)


def row(size: str, syntax: str, place: Path) -> None:
    paths = sorted(place.glob("*.dcm"))
    read_film(paths[0])
    decode = statistics.median(timed(read_film, path) for path in paths)
    with running("annotate", place, "--no-browser") as server, server.client() as client:
        films = [item["film_id"] for item in client.get("/api/worklist").json()["items"]]
        client.get(f"/api/films/{films[0]}/thumbnail")  # the decoding process is up
        first, again = [], []
        # Backwards, so that decoding ahead never has the film that is asked for.
        for film_id in reversed(films):
            path = f"/api/films/{film_id}/pixels"
            first.append(timed(client.get, path))
            again.append(timed(client.get, path))
            time.sleep(2.5 * decode + 0.3)
    send = statistics.median(again)
    middle = statistics.median(first)
    spread = f"{1000 * min(first):.0f} to {1000 * max(first):.0f}"
    ratio = middle / (decode + send)
    print(f"{size:8}{syntax:16}{ms(decode):>9}{ms(send):>9}{ms(middle):>9}{spread:>16}{ratio:7.2f}")


def answers(folder: Path, repeats: int) -> None:
    """Small answers on a connection that stays open."""
    place = folder / "answers"
    place.mkdir()
    for seed in range(2):
        write_dx(film(seed), place / f"f{seed}.dcm", seed=f"answers {seed}")
    print("\nAnswers of the server, ms")
    print(f"{'request':34}{'median':>8}{'95 %':>8}{'largest':>9}")
    with running("annotate", place, "--no-browser") as server, server.client() as client:
        film_id = client.get("/api/worklist").json()["items"][1]["film_id"]
        base = f"/api/films/{film_id}"

        def draft() -> None:
            nonlocal etag
            body = {"document": document(), "base": etag}
            etag = client.put(f"{base}/draft", json=body).json()["etag"]

        etag = client.get(f"{base}/document").json()["etag"]
        requests = {
            "POST measure (6 endplates)": lambda: client.post(
                f"{base}/measure", json={"document": document()}
            ),
            "PUT draft (on disk when answered)": draft,
            "GET film": lambda: client.get(base),
            "GET worklist": lambda: client.get("/api/worklist"),
        }
        for name, request in requests.items():
            request()
            times = sorted(timed(request) for _ in range(repeats))
            high = times[int(0.95 * len(times))]
            print(f"{name:34}{ms(statistics.median(times))}{ms(high)}{ms(times[-1]):>9}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    repeats = 3 if parser.parse_args().quick else REPEATS
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {load:.1f} at the start")
    with tempfile.TemporaryDirectory() as name:
        answers(Path(name), 60 * repeats)
        first_images(Path(name), repeats)


if __name__ == "__main__":
    main()
