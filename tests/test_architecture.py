"""The import rules of ARCHITECTURE.md, read from the code itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "kyphometer"

# From the top down: a part may import parts of lower layers, never siblings or higher ones.
LAYERS = [
    {"__main__"},
    {"cli"},  # starts the web server, hence above it
    {"web"},
    {"interop"},
    {"workflow", "reports"},
    {"store", "plots"},
    {"dicom"},
    {"carry"},
    {"sessions", "detect"},
    {"followup", "reliability", "endplates", "phantom"},
    {"measure"},
    {"reading"},
    {"film"},
    {"geometry", "anatomy", "stats", "tables", "typed_json"},
    {"errors"},
    {"messages"},
]
RANK = {part: len(LAYERS) - i for i, layer in enumerate(LAYERS) for part in layer}

# Where each heavy third-party package may be imported.
HOMES = {
    "pydicom": {"dicom", "interop"},
    "highdicom": {"interop"},
    "pynetdicom": {"interop"},
    "dicomweb_client": {"interop"},
    "imagecodecs": {"dicom"},
    "PIL": {"dicom", "plots", "web", "reports", "interop"},
    "cv2": {"endplates", "phantom", "dicom", "detect", "carry"},
    "skimage": {"endplates", "phantom", "dicom", "carry"},
    "matplotlib": {"plots"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "starlette": {"web"},
    "uvicorn": {"web"},
    "reportlab": {"reports"},
    "pypdfium2": {"reports"},
    "docx": {"reports"},
    "openpyxl": {"reports", "followup", "tables"},
    "pyreadstat": {"tables"},
    "defusedxml": {"tables", "interop"},
    "pyarrow": {"workflow"},
    "distributed": {"workflow"},
    "argon2": {"web", "store"},
    "authlib": {"web"},
    "joserfc": {"web"},
}


def modules():
    return sorted(p for p in PACKAGE.rglob("*.py") if "migrations" not in p.parts)


def part_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def imports(path: Path, *, at_run_time_only: bool = False):
    """Absolute names of imported modules, without those for type checking only."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If)
        and isinstance(block.test, ast.Name)
        and block.test.id == "TYPE_CHECKING"
        for statement in block.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if at_run_time_only and id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down_the_layers(path):
    own = part_of(path)
    if own == "__init__":
        return
    assert own in RANK, f"{own} has no place in the layers"
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "kyphometer" or len(parts) == 1:
            continue
        other = parts[1]
        allowed = other == own or RANK[other] < RANK[own]
        assert allowed, f"{path.relative_to(PACKAGE)} imports {name}: not below {own}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_packages_stay_at_home(path):
    own = part_of(path)
    for name in imports(path, at_run_time_only=True):
        top = name.split(".")[0]
        if top in HOMES:
            assert own in HOMES[top], f"{path.relative_to(PACKAGE)} imports {top}"


def test_no_import_cycles_between_modules():
    graph = {}
    names = {}
    for path in modules():
        relative = path.relative_to(PACKAGE.parent).with_suffix("")
        name = ".".join(relative.parts).removesuffix(".__init__")
        names[name] = path
    for name, path in names.items():
        graph[name] = {
            other
            for other in imports(path, at_run_time_only=True)
            if other in names and other != name
        }
    done, active = set(), []

    def visit(name):
        if name in active:
            raise AssertionError(" -> ".join([*active[active.index(name) :], name]))
        if name in done:
            return
        active.append(name)
        for other in graph[name]:
            visit(other)
        active.pop()
        done.add(name)

    for name in graph:
        visit(name)
