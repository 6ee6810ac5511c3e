"""People type their contacts in many ways; one spelling is stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokkatot.cloud.accounts.contacts import (
    ContactRefused,
    normal_email,
    normal_login,
    normal_phone,
)


@pytest.mark.parametrize(
    "typed", ["012345678", "012 345 678", "+855 12 345 678", "+85512345678", "012-345-678"]
)
def test_a_phone_number_has_one_spelling(typed: str) -> None:
    assert normal_phone(typed) == "+85512345678"


@pytest.mark.parametrize("typed", ["", "x", "12", "0" * 40, "+0", "abc@def"])
def test_what_is_no_phone_number_is_refused(typed: str) -> None:
    with pytest.raises(ContactRefused):
        normal_phone(typed)


@pytest.mark.parametrize(
    "typed", ["", "a", "@", "a@b", "a b@c.de", "a@b..c", "a@b.c\x00", "é" * 300]
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(ContactRefused):
        normal_email(typed)


def test_an_address_is_in_lower_case() -> None:
    assert normal_login(" Sokha@Example.COM ") == "sokha@example.com"


@given(st.text(max_size=300))
def test_any_text_is_a_login_or_refused(typed: str) -> None:
    try:
        login = normal_login(typed)
    except ContactRefused:
        return
    assert normal_login(login) == login
