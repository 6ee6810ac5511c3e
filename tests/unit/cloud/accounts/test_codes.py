"""Keys and codes survive being read out and written down."""

import re

import pytest

from tokkatot.cloud.accounts.codes import (
    MAILED_DIGITS,
    READ_OUT_DIGITS,
    hash_registration_key,
    new_registration_key,
    new_reset_code,
    normal_reset_code,
)


def test_a_key_has_five_groups_of_five_letters() -> None:
    assert re.fullmatch(r"[A-Z]{5}(-[A-Z]{5}){4}", new_registration_key())


def test_a_key_is_the_same_however_it_is_typed() -> None:
    key = new_registration_key()
    typed = {key, key.lower(), key.replace("-", ""), key.replace("-", " ")}
    assert len({hash_registration_key(word) for word in typed}) == 1


def test_keys_differ() -> None:
    assert new_registration_key() != new_registration_key()


@pytest.mark.parametrize("digits", [READ_OUT_DIGITS, MAILED_DIGITS])
def test_a_code_has_as_many_digits_as_wanted(digits: int) -> None:
    code = new_reset_code(digits)
    assert re.fullmatch(rf"\d{{{digits}}}", code)
    assert normal_reset_code(f" {code[:4]} {code[4:]}-") == code
