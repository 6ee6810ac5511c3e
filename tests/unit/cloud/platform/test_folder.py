import os
from pathlib import Path

import pytest

from tokkatot.cloud.platform.folder import FolderRefused, own_folder


def test_a_folder_is_made_and_held_by_one(tmp_path: Path) -> None:
    with own_folder(tmp_path / "data") as folder:
        with pytest.raises(FolderRefused, match=rf"already runs .*process {os.getpid()}"):
            own_folder(folder).__enter__()

        assert folder.is_dir()


def test_a_folder_is_free_again_after_its_holder(tmp_path: Path) -> None:
    with own_folder(tmp_path):
        pass

    with own_folder(tmp_path) as folder:
        assert folder == tmp_path


def test_a_lock_file_that_nobody_holds_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "tokkatot.lock").write_text("1\n")

    with own_folder(tmp_path) as folder:
        assert (folder / "tokkatot.lock").read_text() == f"{os.getpid()}\n"


def test_a_folder_that_can_t_be_made_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(FolderRefused, match="TOKKATOT_DATA_DIR") as refusal:
        own_folder(tmp_path / "file" / "data").__enter__()

    assert "\n" not in str(refusal.value)
