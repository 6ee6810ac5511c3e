"""Where a hub says that phones find its page."""

import pytest

from tests.support.engine import HUB
from tokkatot.hub.config import WebSettings
from tokkatot.hub.lan import page_addresses

NAME = f"tokkatot-{HUB.hex[-8:]}.local"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.1.1", "localhost", "::1"])
def test_a_page_for_this_machine_alone_has_no_address_on_the_farm(host: str) -> None:
    assert page_addresses(WebSettings(host=host, port=8470), HUB) == ()


def test_a_hub_without_a_page_has_no_address() -> None:
    assert page_addresses(None, HUB) == ()


def test_a_page_on_one_address_is_there_and_under_the_hubs_name() -> None:
    assert page_addresses(WebSettings(host="10.0.0.5", port=8470), HUB) == (
        "http://10.0.0.5:8470",
        f"http://{NAME}:8470",
    )


def test_addresses_that_are_set_stand_for_those_that_are_found() -> None:
    settings = WebSettings(host="127.0.0.1", port=1, addresses=("http://farm.lan",))
    assert page_addresses(settings, HUB) == ("http://farm.lan",)
