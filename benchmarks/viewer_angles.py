"""The Cobb angle tool of cornerstone3D, in Node, on random pairs of endplates of our reports.

    npm --prefix tests/viewer install && python benchmarks/viewer_angles.py --count 250

`--count` layouts for each of four film sizes go through a structured report, the adapters and the
tool. Printed are the largest differences between what was measured, stored and shown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from test_interop_viewer import SHOWN_DEG, SIZES, report_of, viewer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=250)
    parser.add_argument("--seed", type=int, default=20261129)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for rows, columns in SIZES:
            path, wanted = report_of(Path(folder), rows, columns, rng, args.count)
            angles = viewer(path)[0]["angles"]
            shown = np.array([angle["shown"] for angle in angles]) - wanted
            missing = args.count - len(angles)
            bad = int(np.sum(np.abs(shown) > SHOWN_DEG)) + missing
            wrong += bad
            print(
                f"{columns} x {rows}: {args.count} layouts, {bad} wrong, largest difference "
                f"{np.abs(shown).max():.4f} degrees"
            )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
