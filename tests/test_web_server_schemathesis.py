"""Requests made up from the API's own description: none is answered with a fault of the server."""

from __future__ import annotations

import pytest
from web_films import write_films
from web_local import document
from web_process import running

schemathesis = pytest.importorskip("schemathesis")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    write_films(folder, 2)
    with running("annotate", folder, "--no-browser", "--observer", "KN") as started:
        yield started


@pytest.fixture(scope="module")
def schema(server):
    loaded = schemathesis.openapi.from_url(
        f"{server.base}/api/openapi.json", headers={"Authorization": f"Bearer {server.token}"}
    )
    print(loaded)
    return loaded
