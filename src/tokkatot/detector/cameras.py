"""Takes photographs: from a file, over HTTP, from a camera of Video4Linux."""

import subprocess
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Final, Protocol, assert_never

from tokkatot.vision.preprocess.decoding import MAX_BYTES
from tokkatot.wire.pictures import Camera

WITHIN_S: Final = 15.0
SETTLES_AFTER: Final = 10
"""Frames that a USB camera needs to find its exposure."""
PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})


class CameraFailed(Exception):
    """No photograph can be had; the text is one line for a person."""


def take(camera: Camera) -> bytes:
    """Return the bytes of a photograph that is taken now.

    Raises:
        CameraFailed: where there is none.
    """
    match camera.kind:
        case "file":
            return _from_file(Path(camera.where))
        case "http":
            return _from_http(camera)
        case "v4l2":
            return _from_v4l2(camera.where)
        case _:
            assert_never(camera.kind)


def _from_file(path: Path) -> bytes:
    """Read a file, or the newest picture of a folder that a camera writes to."""
    try:
        if path.is_dir():
            found = [one for one in path.iterdir() if one.suffix.lower() in PICTURES]
            if not found:
                raise CameraFailed(f"{path} holds no picture")
            path = max(found, key=lambda one: (one.stat().st_mtime_ns, one.name))
        with path.open("rb") as file:
            return _within(file)
    except OSError as error:
        raise CameraFailed(f"{path} can't be read: {error.strerror}") from None


def _from_http(camera: Camera) -> bytes:
    logins = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    if camera.login is not None:
        logins.add_password(None, camera.where, camera.login, camera.password or "")
    # Cameras of one maker ask for a digest, those of the next for the password itself.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPDigestAuthHandler(logins),
        urllib.request.HTTPBasicAuthHandler(logins),
    )
    try:
        with opener.open(camera.where, timeout=WITHIN_S) as answer:
            return _within(answer)
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise CameraFailed(f"{camera.where} gives no picture: {reason}") from None


def _from_v4l2(device: str) -> bytes:
    command = (
        "v4l2-ctl",
        f"--device={device}",
        "--set-fmt-video=width=1920,height=1080,pixelformat=MJPG",
        f"--stream-skip={SETTLES_AFTER}",
        "--stream-mmap",
        "--stream-count=1",
        "--stream-to=-",
    )
    try:
        done = subprocess.run(command, capture_output=True, timeout=WITHIN_S, check=True)
    except FileNotFoundError:
        raise CameraFailed("v4l2-ctl is not installed: install v4l-utils") from None
    except subprocess.CalledProcessError as error:
        words = error.stderr.decode(errors="replace").strip().splitlines()
        raise CameraFailed(f"{device}: {words[-1] if words else 'no picture'}") from None
    except (OSError, subprocess.TimeoutExpired):
        raise CameraFailed(f"{device} does not answer") from None
    return done.stdout


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _within(file: _Readable) -> bytes:
    """Read no more than may be judged, and so much more that it is seen to be too much."""
    return file.read(MAX_BYTES + 1)
