"""The key for web push is made once and is nobody else's."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.browser import decoded
from tokkatot.cloud.channels.push_key import PushKey
from tokkatot.cloud.platform.keys import KeyRefused


def test_the_same_key_comes_back_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first, second = PushKey.load(tmp_path), PushKey.load(tmp_path)
    assert first == second
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o600]
    assert "PRIVATE" not in repr(first)
    assert decoded(first.public)[0] == 4, "an uncompressed point, as browsers take it"


def test_a_key_of_another_curve_and_what_is_none_are_refused(tmp_path: Path) -> None:
    PushKey.load(tmp_path)
    other = ec.generate_private_key(ec.SECP384R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    for content in (other, b"short", b""):
        (tmp_path / "push.key").write_bytes(content)
        with pytest.raises(KeyRefused):
            PushKey.load(tmp_path)
