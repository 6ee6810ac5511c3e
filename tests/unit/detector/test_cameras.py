"""Where photographs come from."""

import os
from pathlib import Path
from uuid import UUID

import pytest

from tokkatot.detector.cameras import CameraFailed, take
from tokkatot.wire.pictures import Camera, CameraKind


def camera(kind: CameraKind, where: object) -> Camera:
    return Camera(name="c", house=UUID(int=3), kind=kind, where=str(where))


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "now.jpg").write_bytes(b"a picture")
    assert take(camera("file", tmp_path / "now.jpg")) == b"a picture"


def test_of_a_folder_the_newest_picture_is_read(tmp_path: Path) -> None:
    for number, name in enumerate(("new.jpg", "old.JPG", "newest.txt")):
        (tmp_path / name).write_bytes(name.encode())
        os.utime(tmp_path / name, (100 * (number == 0) + number, 100 * (number == 0) + number))
    assert take(camera("file", tmp_path)) == b"new.jpg"


def test_a_folder_without_pictures_and_a_missing_file_are_told_of(tmp_path: Path) -> None:
    with pytest.raises(CameraFailed, match="holds no picture"):
        take(camera("file", tmp_path))
    with pytest.raises(CameraFailed, match="can't be read"):
        take(camera("file", tmp_path / "missing.jpg"))


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where a stand-in for v4l2-ctl is to lie."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "v4l2-ctl"


def test_a_usb_camera_gives_one_frame_after_it_has_settled(program: Path) -> None:
    program.write_text('#!/bin/sh\nprintf "%s" "$*"\n')
    program.chmod(0o755)
    assert take(camera("v4l2", "/dev/video2")).decode().split() == [
        "--device=/dev/video2",
        "--set-fmt-video=width=1920,height=1080,pixelformat=MJPG",
        "--stream-skip=10",
        "--stream-mmap",
        "--stream-count=1",
        "--stream-to=-",
    ]


def test_a_usb_camera_that_is_not_there_says_so(program: Path) -> None:
    program.write_text('#!/bin/sh\necho "Cannot open device /dev/video2" >&2\nexit 255\n')
    program.chmod(0o755)
    with pytest.raises(CameraFailed, match="Cannot open device"):
        take(camera("v4l2", "/dev/video2"))


def test_without_its_program_a_person_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CameraFailed, match="install v4l-utils"):
        take(camera("v4l2", "/dev/video0"))
