"""What a light start may load."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "numpy", "scipy", "pydicom", "cv2", "skimage", "matplotlib", "pandas", "sqlalchemy",
    "starlette", "uvicorn", "statsmodels", "imagecodecs", "PIL", "reportlab", "docx", "openpyxl",
    "highdicom", "pynetdicom", "dicomweb_client", "pyarrow", "distributed", "authlib", "joserfc",
}  # fmt: skip


def loaded(code):
    script = (
        f"import sys; {code}; print(' '.join(sorted({{n.split('.')[0] for n in sys.modules}})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_importing_the_package_loads_nothing_heavy():
    assert loaded("import kyphometer") & HEAVY == set()


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_loads_nothing_heavy(words):
    code = f"""
import contextlib
from kyphometer.cli import main
with contextlib.suppress(SystemExit): main({words!r})
"""
    assert loaded(f"exec({code!r})") & HEAVY == set()


def test_measuring_loads_only_what_it_needs():
    """No picture, no study, no server, no statistics: the numbers of one film start fast."""
    sample = Path(__file__).parent.parent / "sample_dicoms" / "SIM-001" / "pre-op.dcm"
    code = f"""
from kyphometer.cli import main
main(["measure", {str(sample)!r}])
"""
    got = loaded(f"exec({code!r})")
    assert got & HEAVY <= {"numpy", "scipy", "imagecodecs"}


def test_opening_a_study_loads_neither_pictures_nor_migrations():
    got = loaded("from kyphometer.store.study.study import Study")
    assert got & (HEAVY | {"alembic"}) <= {"numpy", "sqlalchemy"}


def test_every_command_is_listed_and_explains_itself(capsys):
    from kyphometer.cli import COMMANDS, main

    for name in COMMANDS:
        with pytest.raises(SystemExit) as stopped:
            main([name, "--help"])
        assert stopped.value.code == 0
        assert f"kyphometer {name}" in capsys.readouterr().out
