"""A PIN that is sealed for the hubs of a farm."""

import pytest

from tokkatot.wire.pins import SALT_BYTES, opens, seal_pin

SALT = bytes(range(SALT_BYTES))


def test_a_seal_opens_to_its_pin_alone() -> None:
    sealed = seal_pin("802461", SALT)
    assert opens("802461", sealed)
    assert not opens("802462", sealed)
    assert not opens("", sealed)


def test_a_seal_does_not_show_its_pin_and_differs_with_its_salt() -> None:
    sealed = seal_pin("802461", SALT)
    assert "802461" not in sealed
    assert sealed != seal_pin("802461", SALT[::-1])


def test_what_was_sealed_once_opens_for_ever() -> None:
    sealed = "scrypt-13-8-1$AAECAwQFBgcICQoLDA0ODxIjStDoAA1JufxscCSISHdvDc2przKnMqZGuC5/+ulk"
    assert opens("802461", sealed)


@pytest.mark.parametrize(
    "sealed", ["", "802461", "scrypt-13-8-1$", "scrypt-13-8-1$é", "scrypt-13-8-1$AA", "plain$AAAA"]
)
def test_what_is_no_seal_opens_to_nobody(sealed: str) -> None:
    assert not opens("802461", sealed)
