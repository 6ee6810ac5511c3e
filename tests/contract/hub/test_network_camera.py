"""Photographs of a camera on the farm's network."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from uuid import UUID

import pytest
from typing_extensions import override

from tokkatot.detector.cameras import CameraFailed, take
from tokkatot.vision.preprocess.decoding import MAX_BYTES
from tokkatot.wire.pictures import Camera


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

    def do_GET(self) -> None:
        wanted = "Basic " + base64.b64encode(b"eye:secret").decode()
        if self.path == "/locked" and self.headers["Authorization"] != wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
            return
        self.send_response(404 if self.path == "/gone" else 200)
        self.end_headers()
        self.wfile.write(bytes(MAX_BYTES + 1000) if self.path == "/endless" else b"a picture")

    @override
    def log_message(self, *_: object) -> None: ...


@contextmanager
def network_camera() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Snapshot)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_camera_of_the_network_is_asked_with_its_password() -> None:
    with network_camera() as url:
        assert take(camera(f"{url}/free")) == b"a picture"
        assert take(camera(f"{url}/locked", login="eye")) == b"a picture"


def test_a_camera_that_does_not_know_us_or_is_not_there_is_told_of() -> None:
    with network_camera() as url:
        with pytest.raises(CameraFailed, match="gives no picture: Unauthorized"):
            take(camera(f"{url}/locked"))
        with pytest.raises(CameraFailed, match="gives no picture: Not Found"):
            take(camera(f"{url}/gone"))
    with pytest.raises(CameraFailed, match="gives no picture"):
        take(camera(url))


def test_no_more_is_read_than_may_be_judged() -> None:
    with network_camera() as url:
        assert len(take(camera(f"{url}/endless"))) == MAX_BYTES + 1
