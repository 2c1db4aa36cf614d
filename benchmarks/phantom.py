"""How fast simulated films are made, and a contact sheet to look at.

    python benchmarks/phantom.py                      a table of CPU seconds a film
    python benchmarks/phantom.py --sheet sheet.png    films of all conditions, zooms, visits
    python benchmarks/phantom.py --sheet sheet.png --ct ct.nii.gz   beside a projection of a real CT

One thread; CPU time, so that a busy machine shows less (it still shows some).
"""

from __future__ import annotations

import argparse
import gzip
import struct
import time
from pathlib import Path

import cv2
import numpy as np

from kyphometer.phantom import (
    CONDITIONS,
    TRAINING_FORMAT,
    FilmFormat,
    Leak,
    SimulatedFilm,
    simulate_film,
    simulate_training_film,
    simulate_visits,
)

FORMATS = {
    "1800 x 900 at 0.16 mm": FilmFormat(),
    "3000 x 2500 at 0.14 mm": FilmFormat(rows=3000, columns=2500, pitch_mm=0.14),
    "675 x 338 at 0.4 mm": TRAINING_FORMAT,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=5, help="films timed a row")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet there")
    parser.add_argument("--ct", type=Path, help="CT volume to be projected beside")
    parser.add_argument("--seed", type=int, default=100)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.sheet:
        write_sheet(options.sheet, options.ct, options.seed)
    else:
        print_times(options.films, options.seed)


def print_times(films: int, seed: int) -> None:
    """CPU seconds a film, median and worst, by format and condition."""
    simulate_training_film(seed)
    print(f"{'format':<24}{'condition':<14}{'median s':>9}{'worst s':>9}{'vertebrae':>11}")
    for name, film_format in FORMATS.items():
        chosen = ("random",) if film_format is TRAINING_FORMAT else ("clean", "instrumented")
        for condition in chosen:
            seconds, levels = [], []
            for k in range(films):
                start = time.process_time()
                if condition == "random":
                    film = simulate_training_film(seed + k)
                else:
                    film = simulate_film(condition, seed + k, film_format=film_format)
                seconds.append(time.process_time() - start)
                levels.append(len(film.truth.levels))
            print(
                f"{name:<24}{condition:<14}{np.median(seconds):>9.2f}{max(seconds):>9.2f}"
                f"{np.mean(levels):>11.1f}"
            )


def write_sheet(path: Path, ct: Path | None, seed: int) -> None:
    """Conditions, zooms with truth, visits of one patient, training films, and the CT."""
    films = [simulate_film(name, seed + k) for k, name in enumerate(CONDITIONS)]
    rows = [labelled(films, 700)]
    rows.append(np.hstack([zoom(film, 420) for film in films]))
    visits = simulate_visits(seed, condition="clean", leaks=(Leak.ANTERIOR,))
    rows.append(labelled([visit.film for visit in visits], 700))
    rows.append(labelled([simulate_training_film(seed + k) for k in range(6)], 600))
    if ct:
        real = fit(project_ct(ct), 700)
        like = fit(grey(simulate_film("noisy", seed + 9)), 700)
        rows.append(np.hstack([real, like]))
    width = max(row.shape[1] for row in rows)
    rows = [cv2.copyMakeBorder(r, 0, 8, 0, width - r.shape[1], cv2.BORDER_CONSTANT) for r in rows]
    cv2.imwrite(str(path), np.vstack(rows))
    print(f"wrote {path}")


def grey(film: SimulatedFilm) -> np.ndarray:
    return cv2.cvtColor((film.pixels >> 4).astype(np.uint8), cv2.COLOR_GRAY2BGR)


def fit(image: np.ndarray, height: int) -> np.ndarray:
    scale = height / image.shape[0]
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, (round(image.shape[1] * scale), height), interpolation=flags)


def labelled(films: list[SimulatedFilm], height: int) -> np.ndarray:
    tiles = []
    for film in films:
        tile = fit(grey(film), height)
        label = film.acquisition.time_point or film.condition.name
        cv2.putText(tile, label, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 220, 255), 1)
        tiles.append(tile)
    return np.hstack(tiles)


def zoom(film: SimulatedFilm, size: int) -> np.ndarray:
    """The vertebra nearest to the middle, with truth (red) and silhouette (green)."""
    image = grey(film)
    middle = np.array(film.pixels.shape[::-1]) / 2
    level = min(
        film.truth.levels,
        key=lambda lv: min(
            np.linalg.norm(np.array(plate.centre) - middle)
            for plate in film.truth.vertebrae[lv].endplates.values()
        ),
    )
    for reading, colour in ((film.silhouette, (0, 200, 0)), (film.truth, (0, 0, 255))):
        for _, _, name, mark in reading.landmarks():
            at = (round(mark.xy.x - 0.5), round(mark.xy.y - 0.5))
            if name != "middle":
                cv2.drawMarker(image, at, colour, cv2.MARKER_CROSS, 9, 1)
    plates = film.truth.vertebrae[level].endplates.values()
    x, y = np.mean([plate.centre for plate in plates], axis=0).astype(int)
    half = int(26 / film.geometry.scale[0])
    padded = cv2.copyMakeBorder(image, half, half, half, half, cv2.BORDER_CONSTANT)
    return cv2.resize(padded[y : y + 2 * half, x : x + 2 * half], (size, size))


def project_ct(path: Path) -> np.ndarray:
    """A lateral projection of a NIfTI volume (axes R-A-S, 3 mm), log attenuation as grey."""
    data = gzip.decompress(path.read_bytes())
    shape = struct.unpack("<3h", data[42:48])
    kind = {2: "<u1", 4: "<i2", 8: "<i4", 16: "<f4"}[struct.unpack("<h", data[70:72])[0]]
    spacing = struct.unpack("<f", data[80:84])[0]
    offset = int(struct.unpack("<f", data[108:112])[0])
    volume = np.frombuffer(data, kind, offset=offset, count=int(np.prod(shape)))
    hounsfield = volume.reshape(shape[::-1]).astype(np.float32)
    attenuation = 0.0195 * np.clip(1 + hounsfield / 1000, 0, None)
    lateral = attenuation.sum(axis=2)[::-1, ::-1] * spacing
    low, high = np.percentile(lateral, [15, 99.7])
    scaled = (np.clip((lateral - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    return cv2.cvtColor(scaled, cv2.COLOR_GRAY2BGR)


if __name__ == "__main__":
    main()
