"""The words that people carry on paper: registration keys and reset codes."""

import hashlib
import secrets
import string

_GROUPS = 5
_GROUP_CHARS = 5
READ_OUT_DIGITS = 8
MAILED_DIGITS = 12


def new_registration_key() -> str:
    """Return a key such as `ABCDE-FGHIJ-KLMNO-PQRST-UVWXY`: 117 random bits."""
    return "-".join(
        "".join(secrets.choice(string.ascii_uppercase) for _ in range(_GROUP_CHARS))
        for _ in range(_GROUPS)
    )


def hash_registration_key(given: str) -> str:
    """Return the hash of a key however it was typed: case, spaces and dashes don't count.

    The key is long and random, so a plain hash keeps it.
    """
    letters = "".join(char for char in given.upper() if char in string.ascii_uppercase)
    return hashlib.sha256(letters.encode()).hexdigest()


def hint_of(key: str) -> str:
    """Return what may be shown of a key afterwards."""
    return key[:_GROUP_CHARS]


def new_reset_code(digits: int) -> str:
    """Return a code of so many digits.

    Eight can be read out over a phone, and a person decides when there is one. A mail anybody can
    have sent, again and again: twelve leave so many tries without a chance.
    """
    return "".join(secrets.choice(string.digits) for _ in range(digits))


def normal_reset_code(given: str) -> str:
    """Return a code without the spaces and dashes that people write."""
    return "".join(char for char in given if char.isdigit())
