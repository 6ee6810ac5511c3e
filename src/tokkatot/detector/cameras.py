"""Takes photographs: from a file, over HTTP, from a camera of Video4Linux."""

import subprocess
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException, HTTPResponse, InvalidURL, responses
from pathlib import Path
from queue import Empty, Queue
from typing import Final, Protocol, assert_never
from urllib.parse import unquote, urlsplit

from tokkatot.kit.clock import Clock
from tokkatot.vision.preprocess.limits import MAX_BYTES
from tokkatot.wire.pictures import Camera

WITHIN_S: Final = 15.0
SETTLES_AFTER: Final = 10
"""Frames that a USB camera needs to find its exposure."""
PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})

_CHUNK: Final = 64 * 1024


class CameraFailed(Exception):
    """No photograph can be had; the text is one line for a person, without any secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A photograph, and how long ago it was taken."""

    data: bytes
    age_ms: int = 0


def take(camera: Camera, clock: Clock, *, stale_after_s: float) -> Taken:
    """Return the photograph that is taken now, or of a folder the newest that lies there.

    Raises:
        CameraFailed: where there is none, or none that is younger than `stale_after_s`.
    """
    match camera.kind:
        case "file":
            return _from_file(Path(camera.where), clock, stale_after_s)
        case "http":
            return Taken(data=_from_http(camera, clock))
        case "v4l2":
            return Taken(data=_from_v4l2(camera.where))
        case _:
            assert_never(camera.kind)


def _from_file(path: Path, clock: Clock, stale_after_s: float) -> Taken:
    """Read a file, or the newest picture of a folder that a camera writes to."""
    try:
        if path.is_dir():
            return _newest(path, clock, stale_after_s)
        with path.open("rb") as file:
            return Taken(data=_within(file))
    except OSError as error:
        raise CameraFailed(f"{path} can't be read: {error.strerror}") from None


def _newest(folder: Path, clock: Clock, stale_after_s: float) -> Taken:
    found = [
        (one.stat().st_mtime_ns, one) for one in folder.iterdir() if one.suffix.lower() in PICTURES
    ]
    if not found:
        raise CameraFailed(f"{folder} holds no picture")
    written_ns, path = max(found)
    # A clock that was set back meanwhile makes no picture of tomorrow.
    age_ms = max(clock.now_ms() - written_ns // 1_000_000, 0)
    if age_ms > stale_after_s * 1000:
        since = datetime.fromtimestamp(written_ns // 1_000_000_000, UTC)
        raise CameraFailed(f"{folder} has no new picture since {since:%Y-%m-%d %H:%M} UTC")
    with path.open("rb") as file:
        return Taken(data=_within(file), age_ms=age_ms)


def _from_http(camera: Camera, clock: Clock) -> bytes:
    """Ask a camera of the network, and leave it where it is late with whatever it may be."""
    fetch = _Fetch(camera, clock)
    outcome: Queue[bytes | CameraFailed] = Queue()

    def run() -> None:
        said: bytes | CameraFailed = fetch.too_late()
        try:
            said = fetch.outcome()
        finally:  # a mistake of ours costs one camera its turn, at once
            outcome.put(said)

    # A socket's time-out is for each of its reads, and asking for a name has none: who drips or
    # hangs is left behind, for as long as this process lives.
    threading.Thread(target=run, daemon=True).start()
    try:
        found = outcome.get(timeout=WITHIN_S)
    except Empty:
        raise fetch.too_late() from None
    if isinstance(found, CameraFailed):
        raise found
    return found


class _Fetch:
    """One picture of a camera of the network."""

    def __init__(self, camera: Camera, clock: Clock) -> None:
        self._camera = camera
        self._clock = clock
        self._ends_s = clock.monotonic() + WITHIN_S
        self._shown = "the camera's address"
        self._answers = False

    def outcome(self) -> bytes | CameraFailed:
        """Return the picture, or why there is none."""
        try:
            data = self._picture()
        except (OSError, HTTPException, ValueError) as error:
            return CameraFailed(f"{self._shown} gives no picture: {_reason(error)}")
        return self.too_late() if data is None else data

    def too_late(self) -> CameraFailed:
        """Return what is told of an answer that has no end in time, or no beginning."""
        if self._answers:
            return CameraFailed(
                f"{self._shown} does not end: is it the address of a single picture?"
            )
        return CameraFailed(f"{self._shown} gives no picture: {_reason(TimeoutError())}")

    def _picture(self) -> bytes | None:
        parts = urlsplit(self._camera.where)
        host = parts.netloc.rpartition("@")[2]
        # What people are told holds no login, and no key that stands behind the path.
        self._shown = f"{parts.scheme}://{host}{parts.path}"
        where = parts._replace(netloc=host).geturl()
        login = self._camera.login or unquote(parts.username or "")
        password = self._camera.password or unquote(parts.password or "")
        with _opener(where, login, password).open(where, timeout=WITHIN_S) as answer:
            self._answers = True
            return _until(answer, self._clock, self._ends_s)


def _opener(where: str, login: str, password: str) -> urllib.request.OpenerDirector:
    logins = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    if login:
        logins.add_password(None, where, login, password)
    # Cameras of one maker ask for a digest, those of the next for the password itself.
    return urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPDigestAuthHandler(logins),
        urllib.request.HTTPBasicAuthHandler(logins),
    )


def _until(answer: HTTPResponse, clock: Clock, ends_s: float) -> bytes | None:
    """Read a picture; None where it is a film, which never ends while other cameras wait."""
    if answer.headers.get_content_maintype() == "multipart":
        return None
    received = bytearray()
    while len(received) <= MAX_BYTES:
        chunk = answer.read1(min(_CHUNK, MAX_BYTES + 1 - len(received)))
        if not chunk:
            break
        received += chunk
        if clock.monotonic() > ends_s:
            return None
    return bytes(received)


def _reason(error: Exception) -> str:
    """Return why in words of our own: those of the library repeat the address."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return responses.get(error.code, f"status {error.code}")
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return "it does not answer in time"
    if isinstance(cause, OSError):
        return cause.strerror or "the connection broke"
    if isinstance(cause, ValueError | InvalidURL):
        return "it is no address"
    return "it answers no HTTP"


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
