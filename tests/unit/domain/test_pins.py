"""Which PINs an owner may choose."""

import pytest

from tokkatot.domain.pins import is_easy


@pytest.mark.parametrize(
    "pin", ["000000", "111111", "121212", "770077", "123456", "654321", "890123", "012345678901"]
)
def test_what_everybody_tries_first_is_easy(pin: str) -> None:
    assert is_easy(pin)


@pytest.mark.parametrize("pin", ["135790", "802461", "112233", "123457", "010203"])
def test_anything_else_will_do(pin: str) -> None:
    assert not is_easy(pin)
