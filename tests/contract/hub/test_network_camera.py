"""Photographs of a camera on the farm's network."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar
from uuid import UUID

import pytest
from typing_extensions import override

from tokkatot.detector.cameras import CameraFailed, take
from tokkatot.kit.clock import Clock, ManualClock, SystemClock
from tokkatot.vision.preprocess.limits import MAX_BYTES
from tokkatot.wire.pictures import Camera


class HastyClock(ManualClock):
    """A minute goes by at each look at it."""

    @override
    def monotonic(self) -> float:
        self.advance(60)
        return super().monotonic()


def taken(camera: Camera, clock: Clock | None = None) -> bytes:
    return take(camera, clock or SystemClock(), stale_after_s=3600).data


def camera(where: str, *, login: str | None = None) -> Camera:
    return Camera(
        name="c",
        house=UUID(int=3),
        kind="http",
        where=where,
        login=login,
        password=None if login is None else "secret",
    )


class Snapshot(BaseHTTPRequestHandler):
    """A camera of the network that wants a password, and has a few odd pages."""

    over: ClassVar[threading.Event]

    def do_GET(self) -> None:
        wanted = "Basic " + base64.b64encode(b"eye:secret").decode()
        if self.path == "/locked" and self.headers["Authorization"] != wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
            return
        if self.path == "/drips-its-head":
            self.wfile.write(b"HTTP/1.0 200 OK\r\nServer: ")
            self._drip()
            return
        self.send_response(404 if self.path.startswith("/gone") else 200)
        if self.path == "/film":
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        if self.path in ("/drips", "/film"):
            self._drip()
        self.wfile.write(bytes(MAX_BYTES + 1000) if self.path == "/endless" else b"a picture")

    def _drip(self) -> None:
        with suppress(ConnectionError):
            while not self.over.wait(0.02):
                self.wfile.write(b"a bit")

    @override
    def log_message(self, *_: object) -> None: ...


@contextmanager
def network_camera() -> Iterator[str]:
    Snapshot.over = threading.Event()
    server = HTTPServer(("127.0.0.1", 0), Snapshot)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        Snapshot.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_camera_of_the_network_is_asked_with_its_password() -> None:
    with network_camera() as url:
        assert taken(camera(f"{url}/free")) == b"a picture"
        assert taken(camera(f"{url}/locked", login="eye")) == b"a picture"


def test_a_camera_that_does_not_know_us_or_is_not_there_is_told_of() -> None:
    with network_camera() as url:
        with pytest.raises(CameraFailed, match="gives no picture: Unauthorized"):
            taken(camera(f"{url}/locked"))
        with pytest.raises(CameraFailed, match="gives no picture: Not Found"):
            taken(camera(f"{url}/gone"))
    with pytest.raises(CameraFailed, match="gives no picture"):
        taken(camera(url))


def test_no_more_is_read_than_may_be_judged() -> None:
    with network_camera() as url:
        assert len(taken(camera(f"{url}/endless"))) == MAX_BYTES + 1


@pytest.mark.parametrize(
    ("page", "told", "within_s"),
    [
        # The first two are known by what they send, so that they need no short time.
        ("drips", "address of a single picture", 100),
        ("film", "address of a single picture", 100),
        ("drips-its-head", "gives no picture: it does not answer in time", 0.5),
    ],
)
def test_a_camera_that_never_ends_or_begins_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch, page: str, told: str, within_s: float
) -> None:
    monkeypatch.setattr("tokkatot.detector.cameras.WITHIN_S", within_s)
    clock = HastyClock(datetime(2026, 1, 1, tzinfo=UTC))
    with network_camera() as url, pytest.raises(CameraFailed, match=told):
        taken(camera(f"{url}/{page}"), clock)


@pytest.mark.parametrize(
    "address",
    [
        "http://eye:secret@127.0.0.1:9/now.jpg?key=secret#secret",
        "http://eye:secret@127.0.0.1:nine/now.jpg",
        "http://127.0.0.1:9/a b?key=secret",
        "http://[::1/now.jpg?key=secret",
        "http://eye:secret@/now.jpg",
    ],
)
def test_no_secret_of_an_address_is_told(address: str) -> None:
    with pytest.raises(CameraFailed, match="gives no picture") as failed:
        taken(camera(address))
    assert "secret" not in str(failed.value)


def test_an_address_is_told_as_far_as_it_helps_a_person() -> None:
    with network_camera() as url, pytest.raises(CameraFailed) as failed:
        taken(camera(f"{url}/gone/now.jpg?key=secret"))
    assert str(failed.value) == f"{url}/gone/now.jpg gives no picture: Not Found"


def test_the_login_may_stand_in_the_address() -> None:
    with network_camera() as url:
        there = url.replace("://", "://eye:secret@")
        assert taken(camera(f"{there}/locked")) == b"a picture"
