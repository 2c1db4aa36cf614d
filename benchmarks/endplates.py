"""What assisted marks are worth on simulated films of other people than the network was trained on.

    python benchmarks/endplates.py --films 12 --out output/endplates

Five conditions, all films of another anatomy than any training film; clicks of 1.0, 1.5 and 2.5 mm
SD per axis and corner; raw clicks beside the path refiner and the network. Prints one table for
each click noise; with `--out`, writes them as CSV together with a picture of the worst cases.

bias, SD, p95  of the error of one endplate line, VKA and RKA in degrees, over accepted endplates
click          SD between results of independent clicks on the same vertebra (VKA)
cover          part of the errors within the stated 95 % interval (VKA, RKA)
kept           part of the endplates where the click was kept, by reason
ms             processor time per vertebra, median
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "training"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from trials import CONDITIONS, SIDES, Trial, clicked, line_errors_deg, trials, whole_bodies

from kyphometer.anatomy import are_adjacent
from kyphometer.endplates import RefinedVertebra, Refiner, refine
from kyphometer.endplates.corners import vertebra_corners
from kyphometer.endplates.crop import cut_window, network_tone
from kyphometer.endplates.frame import VertebraFrame

ROOT = Path(__file__).resolve().parent.parent
FIRST_SEED = 900_000_000
CLICKS_MM = (1.0, 1.5, 2.5)
METHODS = ("raw", *map(str, Refiner))
REPEATS = 2
WORST = 16


@dataclass
class Errors:
    """Everything that was seen under one condition with one method."""

    line: list[float] = field(default_factory=list)
    vka: list[float] = field(default_factory=list)
    rka: list[float] = field(default_factory=list)
    vka_sd: list[float] = field(default_factory=list)
    rka_sd: list[float] = field(default_factory=list)
    fractured: list[bool] = field(default_factory=list)
    repeats: list[tuple[float, ...]] = field(default_factory=list)
    kept: Counter = field(default_factory=Counter)
    tried: int = 0
    seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Case:
    """One vertebra that may be shown among the worst."""

    error: float
    title: str
    trial: Trial
    true: object
    clicks: object
    found: object


def assisted(method: str, trial: Trial, body: object) -> tuple[RefinedVertebra | None, float]:
    """A vertebra after a method, and the processor seconds it took."""
    if method == "raw":
        return None, 0.0
    begun = time.process_time()
    facing = trial.truth.facing
    refined = refine(trial.film, body, facing=facing, refiner=Refiner(method))
    return refined, time.process_time() - begun


def line_sd_deg(vertebra: object, trial: Trial) -> np.ndarray:
    """SD of both lines as anyone propagates them from the stored covariances, shape (2,)."""
    sd = []
    for plate in vertebra.endplates.values():
        vector = np.array(plate.vector) * trial.film.geometry.scale
        normal = np.array([-vector[1], vector[0]]) / (vector @ vector)
        scale = np.diag(trial.film.geometry.scale)
        both = sum(
            scale @ np.array(mark.covariance) @ scale for mark in (plate.anterior, plate.posterior)
        )
        sd.append(np.degrees(np.sqrt(normal @ both @ normal)))
    return np.array(sd)


def run_film(
    trial: Trial, sd_mm: float, method: str, tally: Errors, cases: list[Case], seed: int
) -> None:
    """All vertebrae of a film, each clicked `REPEATS` times."""
    rng = np.random.default_rng([seed, trial.seed])
    bodies, sign = whole_bodies(trial.truth), trial.truth.facing.sign
    results: dict = defaultdict(list)
    for level, true in bodies.items():
        for _ in range(REPEATS):
            clicks = clicked(true, sd_mm / trial.film.geometry.column_mm, rng)
            refined, seconds = assisted(method, trial, clicks)
            found = clicks if refined is None else refined.vertebra
            accepted = SIDES if refined is None else refined.accepted
            error = line_errors_deg(found, true, trial.film, sign)
            tally.tried += 2
            tally.seconds.append(seconds)
            if refined is not None:
                for refusal in refined.refusals:
                    tally.kept[str(refusal.reason)] += 1 if refusal.endplate else 2
            tally.line += [error[i] for i, side in enumerate(SIDES) if side in accepted]
            whole = len(accepted) == 2
            sd = line_sd_deg(found, trial) if whole and refined is not None else None
            results[level].append((error, sd) if whole else None)
            if whole and method == Refiner.LEARNED and sd_mm == 1.5:
                vka = float(error[1] - error[0])
                title = f"{trial.condition} {level} {vka:+.1f}"
                cases.append(Case(abs(vka), title, trial, true, clicks, found))
    collect(trial, bodies, results, tally)


def collect(trial: Trial, bodies: dict, results: dict, tally: Errors) -> None:
    """VKA and RKA errors from the lines of a film."""
    for level, both in results.items():
        for one in both:
            if one is not None:
                error, sd = one
                tally.vka.append(error[1] - error[0])
                tally.fractured.append(level in trial.truth.fractured_levels)
                tally.vka_sd.append(np.nan if sd is None else float(np.hypot(*sd)))
        if all(one is not None for one in both):
            tally.repeats.append(tuple(float(e[1] - e[0]) for e, _ in both))
    levels = list(bodies)
    for (above, here), (_, below) in pairwise(pairwise(levels)):
        if not (are_adjacent(above, here, levels) and are_adjacent(here, below, levels)):
            continue
        for upper, lower in zip(results[above], results[below], strict=True):
            if upper is not None and lower is not None:
                tally.rka.append(lower[0][1] - upper[0][0])
                known = upper[1] is not None
                sd = float(np.hypot(upper[1][0], lower[1][1])) if known else np.nan
                tally.rka_sd.append(sd)


def spread(values: list[float]) -> tuple[float, float, float]:
    """Bias, SD and 95th percentile of the size."""
    v = np.array(values)
    return float(v.mean()), float(v.std(ddof=1)), float(np.percentile(np.abs(v), 95))


def row(condition: str, method: str, sd_mm: float, tally: Errors) -> dict[str, object]:
    """One line of the table."""
    out: dict[str, object] = {"clicks_mm": sd_mm, "condition": condition, "method": method}
    for name in ("line", "vka", "rka"):
        bias, sd, p95 = spread(getattr(tally, name))
        out |= {f"{name}_bias": bias, f"{name}_sd": sd, f"{name}_p95": p95}
    broken = np.array(tally.vka)[np.array(tally.fractured)]
    out |= {
        "fractured_vka_bias": float(broken.mean()) if broken.size else np.nan,
        "fractured_vka_sd": float(broken.std()) if broken.size else np.nan,
        "click_sd": float(np.sqrt(np.mean(np.var(tally.repeats, axis=1, ddof=1)))),
        "vka_cover": covered(tally.vka, tally.vka_sd),
        "rka_cover": covered(tally.rka, tally.rka_sd),
        "vertebrae": tally.tried // 2,
        "kept": sum(tally.kept.values()) / tally.tried,
        "kept_why": " ".join(f"{why}:{n}" for why, n in tally.kept.most_common()),
        "ms": 1e3 * float(np.median(tally.seconds)),
    }
    return out


def covered(errors: list[float], sd: list[float]) -> float:
    """Part of the errors within 1.96 stated SD."""
    return (
        float(np.mean(np.abs(errors) <= 1.96 * np.array(sd))) if np.isfinite(sd).all() else np.nan
    )


def picture(case: Case) -> np.ndarray:
    """A case with truth green, result red and clicks blue."""
    size, depths = 300, 2.4
    factors = np.array(case.trial.film.geometry.scale)
    sign = case.trial.truth.facing.sign
    frame = VertebraFrame.of_corners(vertebra_corners(case.true, factors, sign), factors, sign)
    tone = network_tone(cut_window(case.trial.film.pixels, frame, sign=1).crop(frame, 240, depths))
    grey = np.uint8(np.clip((tone[1] + 1.5) / 3 * 255, 0, 255))
    image = cv2.cvtColor(cv2.resize(grey, (size, size)), cv2.COLOR_GRAY2BGR)
    for vertebra, colour in ((case.true, (0, 255, 0)), (case.found, (0, 0, 255))):
        local = frame.from_square(vertebra_corners(vertebra, factors, sign))
        at = ((local / depths + 0.5) * size).astype(int).tolist()
        cv2.line(image, at[0], at[1], colour, 1)
        cv2.line(image, at[2], at[3], colour, 1)
    local = frame.from_square(vertebra_corners(case.clicks, factors, sign))
    for at in ((local / depths + 0.5) * size).astype(int).tolist():
        cv2.circle(image, at, 3, (255, 160, 0), 1)
    cv2.putText(image, case.title, (6, 16), 0, 0.5, (0, 255, 255), 1)
    return image


COLUMNS = (
    "line_sd", "vka_bias", "vka_sd", "vka_p95", "fractured_vka_bias", "fractured_vka_sd",
    "rka_bias", "rka_sd", "rka_p95", "click_sd", "vka_cover", "rka_cover", "kept", "ms",
)  # fmt: skip


def show(rows: list[dict[str, object]]) -> None:
    heads = [name.replace("fractured_vka", "broken").replace("_", " ") for name in COLUMNS]
    print(f"\n{'condition':13s}{'method':10s}" + "".join(f"{head:>12s}" for head in heads))
    for item in rows:
        cells = "".join(f"{item[name]:12.2f}" for name in COLUMNS)
        print(f"{item['condition']:13s}{item['method']:10s}{cells}  {item['kept_why']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=12, help="of each condition")
    parser.add_argument("--clicks", type=float, nargs="+", default=CLICKS_MM, metavar="MM")
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS)
    parser.add_argument("--data", type=Path, default=ROOT / "training/data/benchmark")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    tallies: dict = defaultdict(Errors)
    cases: list[Case] = []
    for count, trial in enumerate(trials(given.data, FIRST_SEED, given.films, other=1.0), 1):
        for number, sd_mm in enumerate(given.clicks):
            for method in given.methods:
                key = (sd_mm, trial.condition, method)
                run_film(trial, sd_mm, method, tallies[key], cases, number)
        print(f"\r{count} of {5 * given.films} films", end="", file=sys.stderr, flush=True)
    rows = [
        row(condition, method, sd_mm, tallies[sd_mm, condition, method])
        for sd_mm in given.clicks
        for condition in CONDITIONS
        for method in given.methods
    ]
    for sd_mm in given.clicks:
        print(f"\nclicks of {sd_mm} mm", end="")
        show([item for item in rows if item["clicks_mm"] == sd_mm])
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        with (given.out / "endplates.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        tiles = [picture(case) for case in sorted(cases, key=lambda c: -c.error)[:WORST]]
        lines = [np.hstack(tiles[i : i + 4]) for i in range(0, len(tiles) - 3, 4)]
        if lines:
            cv2.imwrite(str(given.out / "worst.png"), np.vstack(lines))


if __name__ == "__main__":
    main()
