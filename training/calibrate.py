"""Size the network's stated spreads on films that were used for nothing else.

    python training/calibrate.py --films 16

Writes the pairs of said and honest SD into the card beside the exported network (see
`kyphometer/endplates/calibration.py`). Honest is what makes 95 % intervals of VKA and RKA, as
`kyphometer measure` propagates them from the corners, cover 95 % of the errors at that difficulty.
All of these films show another anatomy than the training films, as the patients to come will.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from trials import Array, clicked, trials, whole_bodies

from kyphometer.anatomy import are_adjacent
from kyphometer.endplates.corners import square_factors, vertebra_corners
from kyphometer.endplates.crop import cut_window
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.model import FOLDER, NAME, corner_model
from kyphometer.endplates.passes import refine_by_network
from kyphometer.endplates.tone import bone_sign
from kyphometer.reading import Vertebra

FIRST_SEED = 800_000_000
CLICKS_MM = (1.5, 2.5)
BINS = 7
"""Difficulties that are told apart; each has as many trials."""


def seen(film: object, body: Vertebra, true: Vertebra, sign: int) -> tuple[Array, ...] | None:
    """Line errors, said line SD, corner errors along the plate, said corner SD."""
    factors = square_factors(film.geometry)
    corners = vertebra_corners(body, factors, sign)
    frame = VertebraFrame.of_corners(corners, factors, sign)
    window = cut_window(film.pixels, frame, sign=bone_sign(film))
    if window is None:
        return None
    found = refine_by_network(window, frame, corner_model())
    truth = vertebra_corners(true, factors, sign)
    wanted, had = found.frame.from_square(truth), found.frame.from_square(found.corners)
    directions = np.array(
        [np.degrees(np.arctan2(*(c[1::2] - c[::2])[:, ::-1].T)) for c in (had, wanted)]
    )
    return (
        directions[0] - directions[1],
        found.line_sd_deg,
        (had - wanted)[:, 0],
        found.corner_sd[:, 0],
    )


def scale(said: Array, error: Array, bins: int = BINS) -> dict[str, list[float]]:
    """Pairs of said and honest SD over equally filled bins; honest never falls."""
    order = np.argsort(said)
    groups = np.array_split(order, bins)
    middles = np.array([float(np.median(said[group])) for group in groups])
    honest = np.array([float(np.quantile(np.abs(error[group]), 0.95)) / 1.96 for group in groups])
    new = np.diff(middles, prepend=-1.0) > 1e-6
    middles, honest = middles[new], np.maximum.accumulate(honest)[new]
    return {
        "said": [round(float(v), 6) for v in middles],
        "honest": [round(float(v), 6) for v in honest],
    }


def gather(folder: Path, films: int) -> dict[str, Array]:
    """Said SD and errors of angles (VKA and RKA) and of corners."""
    rng = np.random.default_rng(11)
    angles, corners = [], []
    for count, trial in enumerate(trials(folder, FIRST_SEED, films, other=1.0), 1):
        sign = trial.truth.facing.sign
        bodies = whole_bodies(trial.truth)
        for sd_mm in CLICKS_MM:
            lines = {}
            for level, true in bodies.items():
                body = clicked(true, sd_mm / trial.film.geometry.column_mm, rng)
                facts = seen(trial.film, body, true, sign)
                if facts is None or facts[1].max() > 4.0:
                    continue
                error, said, miss, corner_said = facts
                lines[level] = (error, said)
                corners += list(zip(corner_said, miss, strict=True))
                angles.append((np.hypot(said[0], said[1]), error[1] - error[0]))
            for upper in lines:
                for lower in lines:
                    if any(
                        are_adjacent(upper, middle) and are_adjacent(middle, lower)
                        for middle in bodies
                    ):
                        (e, s), (f, t) = lines[upper], lines[lower]
                        angles.append((np.hypot(s[0], t[1]), f[1] - e[0]))
        if count % 10 == 0:
            print(f"{count} films", flush=True)
    return {
        "angle": np.array(angles),
        "corner": np.array(corners),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=16, help="of each condition")
    parser.add_argument("--data", type=Path, default=Path("training/data/calibration"))
    given = parser.parse_args()
    cv2.setNumThreads(1)
    found = gather(given.data, given.films)
    path = FOLDER / f"{NAME}.json"
    card = json.loads(path.read_text())
    root = np.sqrt(2.0)
    card["calibration"] = {
        "films": given.films * 5,
        "angles": len(found["angle"]),
        "line_deg": scale(found["angle"][:, 0] / root, found["angle"][:, 1] / root),
        "corner_depths": scale(*found["corner"].T),
    }
    path.write_text(json.dumps(card, indent=1) + "\n")
    print(json.dumps(card["calibration"], indent=1))


if __name__ == "__main__":
    main()
