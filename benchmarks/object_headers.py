"""Objects of results for films with headers that chance made: what checking programs find in them.

    python benchmarks/object_headers.py --count 500

Needs dciodvfy (dicom3tools) and dsrdump (dcmtk), with --templates PixelMed's validator of reports
(libpixelmed-java, libsaxonhe-java, default-jdk-headless). Every fault is printed, and at the end
how many objects of how many headers had any.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from interop_headers import faults_of
from interop_validator import missing, validator

from kyphometer.interop.objects.source import Kind


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--as", dest="kinds", nargs="+", default=[kind.value for kind in Kind])
    parser.add_argument("--templates", action="store_true", help="reports by PixelMed too")
    args = parser.parse_args()
    if args.templates and missing():
        sys.exit(missing())
    warnings.simplefilter("error")
    kinds = [Kind(kind) for kind in args.kinds]
    seeds = range(args.first, args.first + args.count)
    with ExitStack() as stack:
        templates = stack.enter_context(validator()) if args.templates else None
        faulty = sum(faults(seed, kinds, templates) for seed in seeds)
    print(f"{len(seeds)} headers, {len(kinds)} objects each: {faulty} headers with a fault")
    return 1 if faulty else 0


def faults(seed: int, kinds: list[Kind], templates: object) -> bool:
    """Print every fault of one header's objects; true if there was any."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = faults_of(seed, Path(folder), kinds, templates=templates)
        except Exception as error:
            found = [f"{seed}: {type(error).__name__}: {error}"]
    for line in found:
        print(line, flush=True)
    if (seed + 1) % 50 == 0:
        print(f"to header {seed + 1}", file=sys.stderr, flush=True)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
