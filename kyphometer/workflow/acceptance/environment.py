"""What an installation is made of: versions, the networks, and the files of the package."""

from __future__ import annotations

import base64
import hashlib
import json
import platform
from importlib import metadata
from pathlib import Path
from re import split

import kyphometer
from kyphometer import __version__

PACKAGE = Path(kyphometer.__file__).parent
DECIDING = (
    "anatomy.py", "dicom", "endplates", "film.py", "followup", "geometry.py", "measure", "phantom",
    "reading", "reliability", "stats", "store",
)  # fmt: skip
"""Parts of the package that decide numbers."""
USUAL = (
    "imagecodecs", "matplotlib", "msgspec", "numpy", "opencv-python-headless", "pandas", "pillow",
    "pydicom", "reportlab", "scikit-image", "scipy", "sqlalchemy", "statsmodels",
)  # fmt: skip
"""What is asked for where the package was not installed and does not know what it needs."""


def versions() -> dict[str, str]:
    """Kyphometer, Python, system, and the version of every package that it needs."""
    found = {
        "kyphometer": __version__,
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }
    for name in _needed():
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _needed() -> list[str]:
    try:
        stated = metadata.requires("kyphometer") or []
    except metadata.PackageNotFoundError:
        return list(USUAL)
    needed = [item for item in stated if "extra ==" not in item]
    return sorted({split(r"[^A-Za-z0-9._-]", item, maxsplit=1)[0].lower() for item in needed})


def parts() -> dict[str, str]:
    """SHA-256 of every part that decides numbers, over the names and bytes of its files."""
    return {f"part {name.removesuffix('.py')}": _digest(PACKAGE / name) for name in DECIDING}


def _digest(place: Path) -> str:
    files = [place] if place.is_file() else sorted(place.rglob("*"))
    kept = [f for f in files if f.is_file() and f.suffix in {".py", ".json", ".onnx", ".npz"}]
    digest = hashlib.sha256()
    for file in kept:
        digest.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def networks() -> dict[str, str]:
    """SHA-256 and version of every network's file, and whether the card beside it says the same."""
    found = {}
    for path in sorted((PACKAGE / "endplates" / "models").glob("*.onnx")):
        card = json.loads(path.with_suffix(".json").read_text("utf-8"))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found[path.stem] = digest
        found[f"{path.stem}, version"] = card["version"]
        found[f"{path.stem}, card"] = card["sha256"]
    return found


def installed() -> str | None:
    """Whether the package's files are those that were installed, or None if nobody can say.

    A wheel's RECORD names every file with its SHA-256. A development tree has none.
    """
    try:
        files = metadata.distribution("kyphometer").files or []
    except metadata.PackageNotFoundError:
        return None
    own = [f for f in files if f.parts[0] == "kyphometer" and f.hash is not None]
    here = {Path(str(f.locate())).resolve() for f in own}
    if (PACKAGE / "__init__.py").resolve() not in here:
        return None
    changed = [str(f) for f in own if not _as_recorded(f)]
    added = [f for f in PACKAGE.rglob("*.py") if f.resolve() not in here]
    changed += [str(f.relative_to(PACKAGE.parent)) for f in sorted(added)]
    more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
    return f"changed: {', '.join(changed[:5])}{more}" if changed else "as released"


def _as_recorded(file: metadata.PackagePath) -> bool:
    path = Path(str(file.locate()))
    if file.hash is None or not path.is_file():
        return False
    digest = hashlib.new(file.hash.mode, path.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value
