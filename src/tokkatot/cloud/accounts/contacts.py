"""How people are addressed: phone numbers and e-mail addresses in one spelling."""

import re

import phonenumbers

DEFAULT_REGION = "KH"
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f.]+(\.[^@\s\x00-\x1f.]+)+")
_MAX_EMAIL_CHARS = 254


class ContactRefused(ValueError):
    """A contact that can't be one; the text says why."""


def normal_phone(given: str) -> str:
    """Return a phone number in E.164; without a country code it is taken as Cambodian.

    Raises:
        ContactRefused: when it is no phone number.
    """
    try:
        number = phonenumbers.parse(given, DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        raise ContactRefused("This is not a phone number.") from None
    if not phonenumbers.is_possible_number(number):
        raise ContactRefused("This phone number has too few or too many digits.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normal_email(given: str) -> str:
    """Return an e-mail address in lower case.

    Raises:
        ContactRefused: when it is no address.
    """
    email = given.strip().lower()
    if len(email) > _MAX_EMAIL_CHARS or not _EMAIL.fullmatch(email):
        raise ContactRefused("This is not an e-mail address.")
    return email


def normal_login(given: str) -> str:
    """Return what a person typed as their login in the spelling that is stored.

    Raises:
        ContactRefused: when it is neither a phone number nor an e-mail address.
    """
    return normal_email(given) if "@" in given else normal_phone(given)
