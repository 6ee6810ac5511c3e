from pathlib import Path

import pytest

from tokkatot.cloud.platform.amqtt_broker import covers
from tokkatot.cloud.platform.logins import (
    BrokerLogin,
    LoginFiles,
    cloud_login,
    hash_password,
    password_fits,
)


def test_a_password_fits_its_own_hash_alone() -> None:
    hashed = hash_password("right")

    assert password_fits("right", hashed)
    assert not password_fits("wrong", hashed)


def test_equal_passwords_have_different_hashes() -> None:
    assert hash_password("same") != hash_password("same")


@pytest.mark.parametrize("broken", ["", "$7$", "$6$101$YWJj$YWJj", "$7$x$YWJj$YWJj", "$7$1$%$%"])
def test_nothing_fits_a_broken_hash(broken: str) -> None:
    assert not password_fits("", broken)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    files = LoginFiles(tmp_path / "broker")
    hub = BrokerLogin(
        name="hub-1", password_hash=hash_password("x"), acl_lines=("read a/b", "write a b/c")
    )

    files.write([hub, cloud_login("cloud", "y")])

    assert files.read_access() == {"cloud": ("readwrite farm/#",), "hub-1": hub.acl_lines}
    assert files.read_passwords()["hub-1"] == hub.password_hash


@pytest.mark.parametrize("name", ["", "a:b", "a\nuser b"])
def test_a_name_can_t_smuggle_in_another_login(name: str) -> None:
    with pytest.raises(AssertionError):
        BrokerLogin(name=name, password_hash=hash_password("x"), acl_lines=())


@pytest.mark.parametrize(
    ("allowed", "asked", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/c", False),
        ("a/b", "a", False),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a/+", True),
        ("a/b", "a/+", False),
        ("a/b", "a/#", False),
        ("a/+", "a/#", False),
        ("a/#", "a/#", True),
        ("a/#", "a/b/c", True),
        ("a/#", "a/+/c", True),
        ("a/#", "#", False),
        ("a/#", "b", False),
    ],
)
def test_a_filter_covers_only_what_lies_within_it(allowed: str, asked: str, expected: bool) -> None:
    assert covers(allowed, asked) is expected
