"""Requests made up from the API's own description, valid and not: each gets a described answer."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from web_films import write_films
from web_process import running

from kyphometer.web.routes.every import description

schemathesis = pytest.importorskip("schemathesis")

CHECKS = schemathesis.checks.CHECKS
API = schemathesis.openapi.from_dict(description())
SOME = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    write_films(folder, 1)
    with running("annotate", folder, "--no-browser", "--observer", "KN") as started:
        with started.client() as client:
            started.film_id = client.get("/api/worklist").json()["items"][0]["film_id"]
        yield started


# Not asked: that every document of the described shape is accepted (marks outside the film are
# not), and that a right token is refused, which is how this check sees the header sent below.
NOT_ASKED = [CHECKS.get_one("positive_data_acceptance"), CHECKS.get_one("ignored_auth")]


# What was made wrong in the address and the token is put right.
PUT_RIGHT = [CHECKS.get_one("negative_data_rejection")]


def call(case, server, put_right=()):
    case.call_and_validate(
        base_url=server.base,
        headers={"Authorization": f"Bearer {server.token}"},
        excluded_checks=[*NOT_ASKED, *put_right],
    )


@API.parametrize()
@SOME
def test_made_up_requests_get_described_answers(case, server):
    call(case, server)


@API.include(path_regex="film_id").parametrize()
@SOME
def test_made_up_requests_about_a_film_that_is_there(case, server):
    case.path_parameters["film_id"] = server.film_id
    call(case, server, PUT_RIGHT)
