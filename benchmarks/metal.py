"""How much metal the refiner's guard finds on simulated films, and what else it takes for metal.

    python benchmarks/metal.py --films 40

Truth is the simulator's own mask of screws, rods and cement. Every second film is of a person whose
bodies are shaped as no training film's are.

false      endplates per thousand with a true rim corner called metal that lies further than 0.04
           body depths (1.2 mm) from any
refused    endplates per thousand that `refine` refused as lying on metal, clicks of 1.5 mm SD
screws     part of the pixels of screws and rods that are found
cement     part of the pixels of cement beside them that are found, and of dense cement
           (attenuation above 0.4: about as much as 10 mm of bone)
right      part of what is called metal that is, or lies within 0.04 body depths of it
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "training"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from trials import CONDITIONS, clicked, other_anatomy, whole_bodies

from kyphometer.endplates import RefusalReason, refine
from kyphometer.endplates.corners import vertebra_corners
from kyphometer.endplates.crop import Window, cut_window
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.metal import PIXELS, lies_on, metal_mask
from kyphometer.phantom import SimulatedFilm, simulate_film
from kyphometer.phantom.conditions import find_condition
from kyphometer.phantom.scene import metal_integrals
from kyphometer.phantom.staging import draw_patient

FIRST_SEED = 970_000_000
CLICKS_MM = 1.5
CROP_PIXELS, DEPTHS = 160, 2.0
NEAR = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
METAL, DENSE = 0.1, 0.4


def made(condition: str, seed: int) -> SimulatedFilm:
    """A film; every second one of a person unlike those of the training."""
    chosen = find_condition(condition)
    person = draw_patient(chosen, seed, fractured=None)
    if seed % 2:
        person = other_anatomy(person, np.random.default_rng([seed, 5]))
    return simulate_film(chosen, seed, patient=person)


def implants(film: SimulatedFilm) -> tuple[np.ndarray, np.ndarray]:
    """Attenuation of all implants and of screws and rods alone, as they lie on the film."""
    construct = film.scene.construct
    if construct is None:
        return np.zeros(film.pixels.shape, np.float32), np.zeros(film.pixels.shape, np.float32)
    bare = replace(film.scene, construct=replace(construct, cement=(), leaks=()))
    both = [np.float32(metal_integrals(scene, film.window)) for scene in (film.scene, bare)]
    if film.facing.sign < 0:
        both = [np.ascontiguousarray(image[:, ::-1]) for image in both]
    if not np.array_equal(both[0] > METAL, film.metal):
        raise SystemExit("the implants' attenuation does not match the simulator's mask of metal")
    return both[0], both[1]


def cut(image: np.ndarray, frame: VertebraFrame) -> Window:
    """The window of a body that lies on the film."""
    window = cut_window(image, frame, sign=1)
    if window is None:
        raise SystemExit("a body with both endplates on the film lies outside of it")
    return window


def look(film: SimulatedFilm, tally: Counter) -> None:
    """Count over all bodies of a film."""
    factors, sign = np.array(film.geometry.scale), film.facing.sign
    everything, screws = implants(film)
    rng = np.random.default_rng(film.patient.seed)
    for body in whole_bodies(film.truth).values():
        corners = vertebra_corners(body, factors, sign)
        frame = VertebraFrame.of_corners(corners, factors, sign)
        mask = metal_mask(cut(film.pixels, frame).crop(frame, CROP_PIXELS, DEPTHS))
        true, hard = (cut(i, frame).crop(frame, PIXELS, DEPTHS) for i in (everything, screws))
        cement = (true > METAL) & (hard < 0.01)
        near = cv2.dilate((true > METAL).astype(np.uint8), NEAR) > 0
        at = frame.from_square(corners)
        wrong = lies_on(mask, DEPTHS, at) & ~lies_on(near, DEPTHS, at)
        marked = clicked(body, CLICKS_MM / film.geometry.column_mm, rng)
        refusals = refine(film.film, marked, facing=film.facing).refusals
        tally.update(
            endplates=2,
            false=int(wrong.reshape(2, 2).any(axis=1).sum()),
            refused=sum(refusal.reason is RefusalReason.METAL for refusal in refusals),
            called=int(mask.sum()),
            right=int((mask & near).sum()),
        )
        for name, pixels in (
            ("screws", hard > METAL),
            ("cement", cement),
            ("dense", cement & (true > DENSE)),
        ):
            tally.update({name: int(pixels.sum()), f"{name} found": int((pixels & mask).sum())})


def part(tally: Counter, found: str, of: str, times: float = 1.0) -> str:
    return f"{times * tally[found] / tally[of]:9.3f}" if tally[of] else f"{'-':>9s}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=20, help="of each condition")
    parser.add_argument("--conditions", nargs="+", default=CONDITIONS, choices=CONDITIONS)
    parser.add_argument("--seed", type=int, default=FIRST_SEED, help="of the first film")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    heads = ("endplates", "false", "refused", "screws", "cement", "dense", "right")
    print(f"{'condition':13s}" + "".join(f"{head:>10s}" for head in heads))
    for condition in given.conditions:
        tally: Counter = Counter()
        for number in range(given.films):
            look(made(condition, given.seed + number), tally)
            print(f"\r{number + 1} of {given.films}", end="\r", file=sys.stderr, flush=True)
        cells = (
            f"{tally['endplates']:9d}",
            part(tally, "false", "endplates", 1000.0),
            part(tally, "refused", "endplates", 1000.0),
            *(part(tally, f"{name} found", name) for name in ("screws", "cement", "dense")),
            part(tally, "right", "called"),
        )
        print(f"{condition:13s} " + " ".join(cells), flush=True)


if __name__ == "__main__":
    main()
