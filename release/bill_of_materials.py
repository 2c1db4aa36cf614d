"""Write the bill of materials of a release (CycloneDX 1.6, JSON).

    pip install -e ".[release]"
    python release/bill_of_materials.py --python RUNTIME/bin/python --out kyphometer.cdx.json

RUNTIME is an environment in which the release is installed (`nox -s sbom` makes one); without
`--python` it is this one. cyclonedx-py lists what is installed there; of that stay what Kyphometer
needs (scope `required`) and what its extras bring (`optional`), tools and tests go. The two
networks are added as models, with hash, licence and card. Addresses are left out: a package is
known by its purl. The result is held to CycloneDX's own schema before it is written.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
MODELS = ROOT / "kyphometer" / "endplates" / "models"
EXTRAS = ("dask", "interop", "parquet", "postgresql")
"""Extras that users install; the others are for those who work on the program."""
KEPT = ("bom-ref", "description", "licenses", "name", "purl", "type", "version")
Document = dict[str, Any]


def main() -> int:
    """Do it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", default=sys.executable, help="of the environment (this one)")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    args = parser.parse_args()
    document = bill_of_materials(installed(args.python), requirements(args.python), pyproject())
    problem = invalid(document)
    if problem:
        print(f"not written: {problem}", file=sys.stderr)
        return 1
    args.out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"{args.out}: {len(document['components'])} components")
    return 0


def installed(python: str) -> Document:
    """Everything in an environment, by cyclonedx-py."""
    words = ["--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible", "--short-PURLs"]
    done = subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "environment", *words, "--no-validate", python],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout))


def requirements(python: str) -> dict[str, list[str]]:
    """What each package of an environment says that it needs."""
    code = (
        "import json; from importlib.metadata import distributions as d;"
        "print(json.dumps({x.metadata['Name']: x.requires or [] for x in d()}))"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return {plain(name): lines for name, lines in json.loads(done.stdout).items()}


def pyproject() -> Document:
    """What the project states."""
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"])


def bill_of_materials(raw: Document, stated: dict[str, list[str]], project: Document) -> Document:
    """The bill: what is needed and what is optional of `raw`, and the networks.

    Raises
    ------
    SystemExit
        If something that is needed is not installed.
    """
    by_name = {plain(item["name"]): item for item in raw["components"]}
    required = closure(project["dependencies"], stated)
    missing = sorted(set(required) - set(by_name))
    if missing:
        raise SystemExit(f"not installed there: {', '.join(missing)}")
    groups = project["optional-dependencies"]
    found = closure([line for extra in EXTRAS for line in groups[extra]], stated)
    optional = {name: to for name, to in found.items() if name in by_name and name not in required}
    graph = required | optional
    models = [network(path) for path in sorted(MODELS.glob("*.onnx"))]
    root = raw["metadata"]["component"]
    main = {**{key: root[key] for key in KEPT if key in root}, "version": version()}
    refs = {name: by_name[name]["bom-ref"] for name in graph}
    direct = {plain(Requirement(line).name) for line in project["dependencies"]} & set(refs)
    own = [*(refs[name] for name in direct), *(model["bom-ref"] for model in models)]
    depends = [{"ref": root["bom-ref"], "dependsOn": sorted(own)}]
    depends += [
        {"ref": refs[name], "dependsOn": sorted(refs[one] for one in graph[name] if one in refs)}
        for name in sorted(graph)
    ]
    tools = [
        {key: tool[key] for key in ("name", "type", "version") if key in tool}
        for tool in raw["metadata"]["tools"]["components"]
    ]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": main, "tools": {"components": tools}},
        "components": [
            *(component(by_name[name], "required") for name in sorted(required)),
            *(component(by_name[name], "optional") for name in sorted(optional)),
            *models,
        ],
        "dependencies": depends,
    }


def plain(name: str) -> str:
    """A package's name as it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(lines: list[str], stated: dict[str, list[str]]) -> dict[str, set[str]]:
    """Packages that requirements lead to on this system, each with those that it needs itself."""
    found: dict[str, set[str]] = {}
    waiting = [one for line in lines if (one := Requirement(line)) and applies(one, set())]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        name = plain(wanted.name)
        if (name, frozenset(wanted.extras)) in seen:
            continue
        seen.add((name, frozenset(wanted.extras)))
        own = [Requirement(line) for line in stated.get(name, [])]
        needed = [one for one in own if applies(one, wanted.extras)]
        found.setdefault(name, set()).update(plain(one.name) for one in needed)
        waiting += needed
    return found


def applies(wanted: Requirement, extras: set[str]) -> bool:
    """Whether a requirement counts on this system, with these extras of the package that has it."""
    marker = wanted.marker
    return marker is None or any(marker.evaluate({"extra": one}) for one in ("", *extras))


def component(item: Document, scope: str) -> Document:
    """A package without addresses; licences without their texts."""
    return {**{key: item[key] for key in KEPT if key in item}, "scope": scope}


def network(path: Path) -> Document:
    """A network as a model, with what its card says."""
    card = json.loads(path.with_suffix(".json").read_text("utf-8"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != card["sha256"]:
        raise SystemExit(f"{path.name} is not the file that its card describes")
    about = card["about"]
    limits = [about[key] for key in ("known_limits", "real_films") if key in about]
    use = {"useCases": [about["intended_use"]]} if "intended_use" in about else {}
    trained_on = about.get("data_source", about.get("trained_on"))
    facts = {"truth": about["truth"], "trained on": trained_on}
    return {
        "bom-ref": f"network-{card['name']}",
        "type": "machine-learning-model",
        "name": card["name"],
        "version": card["version"],
        "description": about["task"],
        "scope": "required",
        "licenses": [{"license": {"id": about["licence"]}}],
        "hashes": [{"alg": "SHA-256", "content": digest}],
        "modelCard": {
            "modelParameters": {"task": about["task"]},
            "considerations": {"technicalLimitations": limits, **use},
            "properties": [{"name": f"kyphometer:{k}", "value": v} for k, v in facts.items() if v],
        },
    }


def version() -> str:
    """The release's version."""
    text = (ROOT / "kyphometer" / "__init__.py").read_text("utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    assert found is not None
    return found[1]


def invalid(document: Document) -> str:
    """Why it is no bill by CycloneDX's schema; empty if it is one."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document))
    return "" if found is None else str(found)[:500]


if __name__ == "__main__":
    sys.exit(main())
