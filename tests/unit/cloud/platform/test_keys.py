"""The cloud's keys are made once and are nobody else's."""

from pathlib import Path

import pytest

from tokkatot.cloud.platform.folder import FolderRefused
from tokkatot.cloud.platform.keys import KeyRefused, SigningKeys, public_bytes


def test_the_same_keys_come_back(tmp_path: Path) -> None:
    first, second = SigningKeys.load(tmp_path / "keys"), SigningKeys.load(tmp_path / "keys")
    assert first.order_public == second.order_public
    assert first.order_kid == second.order_kid
    assert public_bytes(first.token_key.public_key()) == public_bytes(second.token_key.public_key())


def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    SigningKeys.load(tmp_path / "keys")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()}
    assert modes == {"token.key": 0o600, "order.key": 0o600}


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    SigningKeys.load(tmp_path)
    (tmp_path / "order.key").chmod(0o644)
    with pytest.raises(KeyRefused):
        SigningKeys.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 60])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    SigningKeys.load(tmp_path)
    (tmp_path / "token.key").write_bytes(content)
    with pytest.raises(KeyRefused):
        SigningKeys.load(tmp_path)


def test_a_folder_that_can_not_be_used_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("no folder")
    with pytest.raises(FolderRefused, match="keys"):
        SigningKeys.load(tmp_path / "keys")
