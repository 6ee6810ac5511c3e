"""Serves the hub's page beside control, which owes it nothing."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from tokkatot.hub.config import WebSettings
from tokkatot.hub.supervisor import ServiceUnable
from tokkatot.hub.web.app import HubApp
from tokkatot.hub.web.connection import PatientConnection
from tokkatot.hub.web.parts import Parts
from tokkatot.webapp.files import find_web_app
from tokkatot.webapp.listening import listen_on

NEWS_EVERY_S: Final = 0.5
UNWATCHED_EVERY_S: Final = 2.0
"""Where no page is open, nobody waits for news but those who poll every 3 seconds."""

MAX_HEADER_BYTES: Final = 16 * 1024
MAX_FRAME_BYTES: Final = 4 * 1024


Serve = Callable[[ASGIApp, WebSettings], Awaitable[None]]
"""Brings requests to the page until it is cancelled."""


class HubWeb:
    """Runs the page; where it fails, the hub goes on without."""

    def __init__(self, parts: Parts, settings: WebSettings, serve: Serve | None = None) -> None:
        self._parts = parts
        self._settings = settings
        self._serve = serve or serve_on_port

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            ServiceUnable: when the port or the certificate can't be had.
        """
        await self._parts.recall()
        app = HubApp(self._parts, web_folder=find_web_app())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell_news(), name="web-news")
            tasks.create_task(self._parts.past.run(), name="web-past")
            await self._serve(app.asgi, self._settings)

    async def _tell_news(self) -> None:
        """Tell readings together, and pages to look afresh when the document is another one."""
        version = 0
        while True:
            is_watched = self._parts.feed.watched
            await self._parts.clock.sleep(NEWS_EVERY_S if is_watched else UNWATCHED_EVERY_S)
            self._parts.notes.flush()
            document = self._parts.control.view.document
            if document is None:
                continue
            await self._parts.notes.stops.follow(document)
            if document.version == version:
                continue
            if version:
                changed: dict[str, object] = {"what": "hub", "id": str(self._parts.hub_id)}
                self._parts.feed.tell("farm.changed", changed)
            version = document.version


async def serve_on_port(app: ASGIApp, settings: WebSettings) -> None:
    """Serve until cancelled.

    Raises:
        ServiceUnable: when the port or the certificate can't be had.
    """
    secured = settings.secured
    config = uvicorn.Config(
        app,
        http=PatientConnection,
        ws="websockets-sansio",
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=2,
        ssl_certfile=None if secured is None else secured.certificate,
        ssl_keyfile=None if secured is None else secured.key,
    )
    try:
        config.load()
    except OSError as error:
        raise ServiceUnable(f"[web] the certificate and its key can't be used: {error}") from error
    server = _Server(config)
    # The server is handed its socket: to get one itself it would end the whole program.
    with _listening(settings) as listening:
        try:
            await server.serve(sockets=[listening])
        finally:
            if server.started:
                await server.shutdown()


def _listening(settings: WebSettings) -> socket.socket:
    host, port = settings.host, settings.port
    try:
        return listen_on(host, port)
    except OSError as error:
        raise ServiceUnable(
            f"the page can't listen on port {port} of {host} ({error.strerror}): end what listens"
            " there, or set another [web] port"
        ) from error


class _Server(uvicorn.Server):
    """A server that leaves the signals to the program around it."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
