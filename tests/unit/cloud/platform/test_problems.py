"""Errors have one table and one shape."""

from pathlib import Path

import pytest

from tests.support.http_errors import page
from tokkatot.cloud.platform.problems import Conflict, Problem, RateLimited
from tokkatot.wire.problems import CODES

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "http-errors.md"


def test_the_page_is_drawn_from_the_table() -> None:
    assert PAGE.read_text() == page(), "draw it anew: python -m tests.support.http_errors"


@pytest.mark.parametrize("code", CODES)
def test_every_code_tells_a_person_what_to_do(code: str) -> None:
    body = Problem(code).body("r1")
    assert body.status == CODES[code].status >= 400
    assert body.detail.endswith(".")
    assert body.request_id == "r1"


def test_a_problem_names_its_code_as_a_type() -> None:
    assert Conflict("key_used").body("r").type == "urn:tokkatot:problem:key_used"


def test_a_limit_says_when_to_come_back() -> None:
    assert RateLimited(0).headers == {"Retry-After": "1"}
