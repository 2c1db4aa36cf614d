"""Shared set-up: fixtures that several modules share, and what kind of test each is.

`browser` and `server` mark what drives Chromium or starts a real server; both follow from the
fixtures that a test asks for. `slow` is said by the test itself. `pytest -m "not slow and not
browser and not server"` is the fast suite.

Properties are tried on the same examples every time, so that a run says something about the
change and not about luck. `pytest --hypothesis-profile=default` looks for new counterexamples.

What waits for another process (a browser, a server, an archive) is tried again if it fails, twice
at most, since a stalled machine can end a wait; the summary names what needed it.
"""

import sys
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

from store_postgres import postgres_server, study_target
from web_page_kit import annotator, chromium, film_folder, tab

__all__ = ["annotator", "chromium", "film_folder", "postgres_server", "study_target", "tab"]

settings.load_profile("ci")


@pytest.fixture(autouse=True, scope="session")
def settings_of_ones_own(tmp_path_factory):
    """What the program remembers of its user (what was opened last) is left as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


BROWSER = {"chromium", "tab"}
SERVERS = {"annotator", "postgres_server", "study_target"}
WAITING = ("test_web_", "test_pacs_", "test_workflow_batch")


def pytest_collection_modifyitems(items):
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        if asked & BROWSER:
            item.add_marker(pytest.mark.browser)
        if asked & SERVERS:
            item.add_marker(pytest.mark.server)
        if asked & (BROWSER | SERVERS) or item.path.name.startswith(WAITING):
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=2))
