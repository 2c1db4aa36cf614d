"""Objects of results for films with headers that chance made: what checking programs find in them.

    python benchmarks/object_headers.py --count 500

Needs dciodvfy (dicom3tools) and dsrdump (dcmtk), with --templates PixelMed (pixelmed-apps). Every
fault is printed, and at the end how many objects of how many headers had any.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from interop_headers import faults_of

from kyphometer.interop.objects.source import Kind


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--as", dest="kinds", nargs="+", default=[kind.value for kind in Kind])
    parser.add_argument("--templates", action="store_true", help="reports by PixelMed too")
    args = parser.parse_args()
    warnings.simplefilter("error")
    faulty = 0
    seeds = range(args.first, args.first + args.count)
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            try:
                kinds = [Kind(kind) for kind in args.kinds]
                found = faults_of(seed, Path(folder), kinds, templates=args.templates)
            except Exception as error:
                found = [f"{seed}: {type(error).__name__}: {error}"]
        faulty += bool(found)
        for line in found:
            print(line, flush=True)
        if (seed + 1) % 50 == 0:
            print(f"{seed + 1 - args.first} of {args.count} headers", file=sys.stderr, flush=True)
    print(f"{len(seeds)} headers, {len(args.kinds)} objects each: {faulty} headers with a fault")
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
