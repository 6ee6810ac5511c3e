"""A channel leads where the settings allow, and nowhere else."""

import pytest

from tests.support.browser import Browser
from tokkatot.cloud.channels.addresses import AddressRefused, browser_address, typed_address
from tokkatot.cloud.channels.model import ChannelKind
from tokkatot.cloud.platform.settings import CloudSettings

SERVICES = str(CloudSettings.model_fields["push_services"].default)
TOKEN = "123456789:" + "A" * 35
KEYS = Browser("").body()


def subscribed(endpoint: str, **more: str) -> str:
    keys = {"p256dh": str(KEYS["p256dh"]), "auth": str(KEYS["auth"])} | more
    return browser_address(endpoint, services=SERVICES, **keys).text


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://web.push.apple.com/abc",
        "https://wns2-par02p.notify.windows.com/w/?token=abc",
    ],
)
def test_the_services_of_the_usual_browsers_are_known(endpoint: str) -> None:
    assert subscribed(endpoint) == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/abc",
        "https://127.0.0.1/abc",
        "https://[::1]/abc",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1:8080/",
        "https://localhost/abc",
        "https://fcm.googleapis.com:8443/abc",
        "https://fcm.googleapis.com@10.0.0.1/abc",
        "https://me:word@fcm.googleapis.com/abc",
        "https://fcm.googleapis.com.example.com/abc",
        "https://push.apple.com/abc",
        "https://evilpush.apple.com.example/abc",
        "https://10.0.0.1#.push.apple.com",
        "https://10.0.0.1\\.push.apple.com/abc",
        "https://fcm.googleapis.com/a\r\nHost: 10.0.0.1",
        "https://fcm.googleapis.com/" + "a" * 1000,
        "https://fcm.googleapis.com:port/",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_browser_leads_to_no_other_host(endpoint: str) -> None:
    with pytest.raises(AddressRefused):
        subscribed(endpoint)


@pytest.mark.parametrize("keys", [{"auth": "AAAA"}, {"p256dh": "AAAA"}, {"p256dh": "B" * 87}])
def test_keys_that_are_none_are_refused(keys: dict[str, str]) -> None:
    with pytest.raises(AddressRefused, match="keys"):
        subscribed("https://web.push.apple.com/abc", **keys)


def test_a_bot_of_ones_own_is_taken_apart_and_its_token_is_a_secret() -> None:
    address = typed_address(ChannelKind.TELEGRAM, f"tgram://{TOKEN}/-100123/", has_bot=False)
    assert (address.text, address.secrets) == ("-100123", {"token": TOKEN})
    assert TOKEN not in repr(address)


def test_a_chat_alone_is_enough_where_the_cloud_has_a_bot() -> None:
    assert typed_address(ChannelKind.TELEGRAM, " 4711 ", has_bot=True).text == "4711"
    with pytest.raises(AddressRefused):
        typed_address(ChannelKind.TELEGRAM, "4711", has_bot=False)


@pytest.mark.parametrize(
    "given",
    [
        f"tgram://{TOKEN}/4711?verify=no",
        f"tgram://{TOKEN}/4711/4712",
        f"tgram://{TOKEN}/../4711",
        f"tgram://{TOKEN}",
        "json://127.0.0.1/4711",
        "file:///etc/passwd",
        "exec://reboot",
        "syslog://",
        "4711; tgram://",
    ],
)
def test_no_other_address_of_apprise_and_none_of_its_options_are_taken(given: str) -> None:
    with pytest.raises(AddressRefused):
        typed_address(ChannelKind.TELEGRAM, given, has_bot=True)


def test_numbers_and_addresses_are_kept_in_one_spelling() -> None:
    assert typed_address(ChannelKind.SMS, "012 345 678", has_bot=False).text == "+85512345678"
    mail = typed_address(ChannelKind.EMAIL, " Sokha@Example.COM ", has_bot=False)
    assert mail.text == "sokha@example.com"
    for kind in (ChannelKind.SMS, ChannelKind.EMAIL):
        with pytest.raises(AddressRefused):
            typed_address(kind, "nobody", has_bot=False)
