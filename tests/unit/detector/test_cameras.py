"""Where photographs come from."""

import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from tokkatot.detector.cameras import CameraFailed, Taken, take
from tokkatot.kit.clock import ManualClock
from tokkatot.wire.pictures import Camera, CameraKind

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def camera(kind: CameraKind, where: object) -> Camera:
    return Camera(name="c", house=UUID(int=3), kind=kind, where=str(where))


def taken(camera: Camera) -> Taken:
    return take(camera, ManualClock(NOW), stale_after_s=3600)


def write(path: Path, *, age_s: float) -> None:
    path.write_bytes(path.name.encode())
    written_s = NOW.timestamp() - age_s
    os.utime(path, (written_s, written_s))


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "now.jpg").write_bytes(b"a picture")
    assert taken(camera("file", tmp_path / "now.jpg")) == Taken(data=b"a picture")


def test_of_a_folder_the_newest_picture_is_read_and_it_was_taken_when_it_was_written(
    tmp_path: Path,
) -> None:
    write(tmp_path / "new.jpg", age_s=100)
    write(tmp_path / "old.JPG", age_s=101)
    write(tmp_path / "newest.txt", age_s=1)
    assert taken(camera("file", tmp_path)) == Taken(data=b"new.jpg", age_ms=100_000)


def test_a_folder_that_gets_no_new_picture_is_told_of_in_the_same_words(tmp_path: Path) -> None:
    write(tmp_path / "last.jpg", age_s=3600)
    assert taken(camera("file", tmp_path)).age_ms == 3_600_000
    write(tmp_path / "last.jpg", age_s=3601)
    with pytest.raises(CameraFailed, match="no new picture since 2026-03-01 10:59 UTC"):
        taken(camera("file", tmp_path))


def test_a_clock_that_was_set_back_makes_no_picture_of_tomorrow(tmp_path: Path) -> None:
    write(tmp_path / "now.jpg", age_s=-500)
    assert taken(camera("file", tmp_path)).age_ms == 0


def test_a_folder_without_pictures_and_a_missing_file_are_told_of(tmp_path: Path) -> None:
    with pytest.raises(CameraFailed, match="holds no picture"):
        taken(camera("file", tmp_path))
    with pytest.raises(CameraFailed, match="can't be read"):
        taken(camera("file", tmp_path / "missing.jpg"))


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where a stand-in for v4l2-ctl is to lie."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "v4l2-ctl"


def test_a_usb_camera_gives_one_frame_after_it_has_settled(program: Path) -> None:
    program.write_text('#!/bin/sh\nprintf "%s" "$*"\n')
    program.chmod(0o755)
    assert taken(camera("v4l2", "/dev/video2")).data.decode().split() == [
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
        taken(camera("v4l2", "/dev/video2"))


def test_without_its_program_a_person_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CameraFailed, match="install v4l-utils"):
        taken(camera("v4l2", "/dev/video0"))
