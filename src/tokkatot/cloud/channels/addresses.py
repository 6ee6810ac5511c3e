"""Where a channel leads, read from what a person typed or a browser says."""

import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from tokkatot.cloud.accounts.contacts import ContactRefused, normal_email, normal_phone
from tokkatot.cloud.channels.model import ChannelKind

MAX_ENDPOINT_CHARS = 1000
_AUTH_BYTES = 16
# Strict, so that whoever posts to it can't take another part of it for its host.
_ENDPOINT = re.compile(
    r"https://(?P<host>[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:\d{1,5})?)/[\w!$%&'()*+,./:;=?@~-]*",
    re.ASCII,
)
_CHAT = r"(?P<chat>-?\d{1,20}|@[A-Za-z]\w{4,31})"
_OWN_BOT = re.compile(rf"tgram://(?P<token>\d{{6,12}}:[A-Za-z0-9_-]{{30,60}})/{_CHAT}/?", re.ASCII)
_CHAT_ALONE = re.compile(_CHAT, re.ASCII)


class AddressRefused(ValueError):
    """An address that can't be one, or that is not allowed; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a channel leads, in one spelling."""

    text: str
    secrets: dict[str, str] = field(default_factory=dict, repr=False)


def typed_address(kind: ChannelKind, given: str, *, has_bot: bool) -> Address:
    """Read what a person typed.

    Raises:
        AddressRefused: when it can't be an address of this kind.
    """
    try:
        if kind is ChannelKind.EMAIL:
            return Address(text=normal_email(given))
        if kind is ChannelKind.SMS:
            return Address(text=normal_phone(given))
    except ContactRefused as error:
        raise AddressRefused(str(error)) from None
    return _telegram(given.strip(), has_bot=has_bot)


def _telegram(given: str, *, has_bot: bool) -> Address:
    """Read a chat, or Apprise's address of a bot with one; none of Apprise's options are taken."""
    own = _OWN_BOT.fullmatch(given)
    if own is not None:
        return Address(text=own["chat"], secrets={"token": own["token"]})
    if has_bot and _CHAT_ALONE.fullmatch(given):
        return Address(text=given)
    raise AddressRefused(
        "It is a chat's number, or tgram://BOT_TOKEN/CHAT."
        if has_bot
        else "It is tgram://BOT_TOKEN/CHAT."
    )


def browser_address(endpoint: str, *, p256dh: str, auth: str, services: str) -> Address:
    """Read a browser's subscription.

    The cloud posts to its address, so that it may lead to nothing but a known push service.

    Raises:
        AddressRefused: when it leads elsewhere, or its keys are none.
    """
    found = _ENDPOINT.fullmatch(endpoint)
    if found is None or len(endpoint) > MAX_ENDPOINT_CHARS:
        raise AddressRefused("Its address can't be read.")
    if not is_service(found["host"].lower(), services):
        raise AddressRefused("It is not of a push service that this cloud knows.")
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), _decoded(p256dh))
        fits = len(_decoded(auth)) == _AUTH_BYTES
    except ValueError:
        fits = False
    if not fits:
        raise AddressRefused("Its keys can't be read.")
    return Address(text=endpoint, secrets={"p256dh": p256dh, "auth": auth})


def is_service(host: str, services: str) -> bool:
    """Tell whether a host is one of those named; `*.example.com` names all under a domain."""
    return any(
        host.endswith(name[1:]) if name.startswith("*.") else host == name
        for name in services.lower().split()
    )


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
