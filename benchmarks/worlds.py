"""What assisted marks are worth on worlds that the network was, or was not, trained on.

    python benchmarks/worlds.py --world mesh --data PATH --films 8 --seed 700
    python benchmarks/worlds.py --world drawn --films 20 --model training/runs/a/exported

Worlds: `voxel`, and the lumbar part of `ct` (never trained on), `mesh` and the thoracic part of
`ct` (the card of a network says whether it was trained on them), `outlines` (people kept out of
training), `drawn`, `phantom`. `--data` is the folder of measured shapes (see `training/worlds`);
voxel, drawn and phantom need none. `--model` compares folders with a corner network and its card,
on the same films and clicks; `package` means the one that ships. `--out` writes every row as JSON.

refused   part of the endplates where the click was kept; flagged: moved, and said to be uncertain
bias, sd  of the error of VKA in degrees; slope of that error on VKA: negative straightens
broken    fractured bodies apart; steep: those of 20 degrees and more
covers    part of the errors within the stated 95 % interval; stated: median stated SD of VKA
click     SD between clicks on the same body
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "training"))

from worlds.ct import CT_CONDITIONS, ct_scene
from worlds.drawn import drawn_scene
from worlds.kept import kept
from worlds.marks import Outcome, clicks_on, summary, using
from worlds.mesh import CONDITIONS, mesh_scene
from worlds.outlines import Outlines, outline_scene
from worlds.phantom import package_scene
from worlds.scene import Scene
from worlds.voxel import VOXEL_CONDITIONS, voxel_scene

from kyphometer.endplates import Limits

WORLDS = ("voxel", "mesh", "ct", "outlines", "drawn", "phantom")
VISIBLE = (3.0, 6.0)
"""Borders between endplates that are hardly, fairly and well seen, in standard errors."""
COLUMNS = (
    "clicks", "refused", "flagged", "bias", "sd", "slope", "broken_bias", "broken_sd",
    "steep_bias", "covers", "stated_sd", "click_sd",
)  # fmt: skip
OPEN = Limits(move_depths=9.0, sure_move_depths=9.0, line_sd_deg=90.0, strength=0.0, wrong_step=1e9)
"""No guards: what the network says of every body."""


def scenes(given: argparse.Namespace) -> Iterator[tuple[int, Scene]]:
    """Films of a world, condition by condition."""
    makers: dict[str, tuple[tuple[str, ...], Callable[[str, int], Scene]]] = {
        "mesh": (CONDITIONS, lambda c, s: mesh_scene(given.data, c, s)),
        "ct": (CT_CONDITIONS, lambda c, s: ct_scene(given.data, c, s)),
        "voxel": (VOXEL_CONDITIONS, voxel_scene),
        "drawn": (("",), lambda _, s: drawn_scene(s)),
        "phantom": (CONDITIONS, package_scene),
    }
    if given.world == "outlines":
        source = Outlines.read(given.data / "lateral_outlines" / "outlines.npz", kept_out=True)
        makers["outlines"] = (("",), lambda _, s: outline_scene(source, s))
    conditions, make = makers[given.world]
    for first, number in product(given.seed, range(given.films)):
        for index, condition in enumerate(conditions):
            if not given.conditions or condition in given.conditions:
                seed = first * 1000 + number * len(conditions) + index
                name = f"{given.world}-{condition}-{seed}"
                yield seed, kept(given.keep, name, partial(make, condition, seed))


def groups(outcome: Outcome) -> tuple[tuple[str, str], ...]:
    """The rows that a click counts in."""
    seen = float(outcome.visibility.min())
    sight = "hardly" if seen < VISIBLE[0] else "fairly" if seen < VISIBLE[1] else "well"
    return (
        ("all", ""),
        ("condition", outcome.condition),
        ("region", str(outcome.region)),
        ("seen", sight),
    )


def gathered(given: argparse.Namespace) -> dict[tuple[str, str, str], list[Outcome]]:
    found = defaultdict(list)
    limits = OPEN if given.open else None
    for count, (seed, scene) in enumerate(scenes(given), 1):
        for name in given.model:
            with using(None if name == "package" else Path(name)):
                for outcome in clicks_on(scene, seed, repeats=given.repeats, limits=limits):
                    for kind, value in groups(outcome):
                        found[kind, value, name].append(outcome)
        print(f"\r{count} films", end="", file=sys.stderr, flush=True)
    return found


def show(rows: list[dict]) -> None:
    print("\n" + " " * 44 + "".join(f"{name.replace('_', ' '):>12s}" for name in COLUMNS))
    for row in rows:
        cells = "".join(f"{row[name]:12.3g}" for name in COLUMNS)
        label = f"{row['kind']} {row['value']}"[:22]
        print(f"{label:23s}{row['model'][-20:]:21s}{cells}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--world", choices=WORLDS, required=True)
    parser.add_argument("--data", type=Path, default=Path("shared"))
    parser.add_argument("--films", type=int, default=4, help="of each condition and seed")
    parser.add_argument("--conditions", nargs="*", default=[])
    parser.add_argument("--seed", type=int, nargs="+", default=[700])
    parser.add_argument("--repeats", type=int, default=2, help="clicks on each body")
    parser.add_argument("--model", nargs="+", default=["package"])
    parser.add_argument("--keep", type=Path, help="folder to keep films in for the next run")
    parser.add_argument("--open", action="store_true", help="without guards")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    found = gathered(given)
    order = ("all", "condition", "region", "seen")
    rows = [
        {"world": given.world, "kind": kind, "value": value, "model": model, **summary(outcomes)}
        for (kind, value, model), outcomes in sorted(
            found.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
        )
    ]
    show(rows)
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
