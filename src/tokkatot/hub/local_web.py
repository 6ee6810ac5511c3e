"""The hub's own web on its own machine: whether it is well, and what it sees."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from typing_extensions import override

from tokkatot.hub.config import WebSettings
from tokkatot.hub.loop import ControlLoop

JSON: Final = "application/json"
SILENT_FOR_S: Final = 5.0
"""A control loop turns each second; one that did not for so long is stuck."""

Figures = Callable[[], Mapping[str, object]]


class LocalWeb:
    """GET /health and GET /v1/state; `figures` adds what other parts of the hub count."""

    def __init__(self, *, settings: WebSettings, control: ControlLoop, figures: Figures) -> None:
        self._settings = settings
        self._control = control
        self._figures = figures

    def app(self) -> Starlette:
        """Return the routes."""
        return Starlette(
            routes=[
                Route("/health", self._health, methods=["GET"]),
                Route("/v1/state", self._state, methods=["GET"]),
            ]
        )

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            OSError: when the port can't be had.
        """
        server = _Server(
            uvicorn.Config(
                self.app(),
                http="h11",
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                limit_concurrency=64,
                timeout_keep_alive=10,
                timeout_graceful_shutdown=2,
            )
        )
        # The server is handed its socket: to get one itself it would end the whole program.
        host = self._settings.host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, self._settings.port), family=family) as listening:
            try:
                await server.serve(sockets=[listening])
            finally:
                if server.started:
                    await server.shutdown()

    async def _health(self, _: Request) -> Response:
        silent_s = self._control.silent_s()
        well = silent_s < SILENT_FOR_S
        body = {"status": "ok" if well else "stuck", "control_silent_s": round(silent_s, 3)}
        return Response(msgspec.json.encode(body), 200 if well else 503, media_type=JSON)

    async def _state(self, _: Request) -> Response:
        view = self._control.view
        document = view.document
        readings, _devices = view.live()
        body = {
            "configured": None if document is None else document.version,
            **self._figures(),
            "houses": [
                {"id": house.id, "number": house.number, "name": house.name, "kind": house.kind}
                for house in (document.houses if document is not None else ())
            ],
            "readings": [
                {
                    "device_id": reading.device,
                    "quantity": reading.quantity,
                    "t": reading.t,
                    "value": reading.value,
                    "quality": reading.quality,
                }
                for reading in readings
            ],
            "devices": [
                {
                    "id": device.id,
                    "hardware_id": device.hardware_id,
                    "name": device.name,
                    "role": device.role,
                    "house_id": device.house_id,
                    "online": shown.online,
                    "actual": shown.actual,
                    "target": shown.target,
                    "error": shown.error,
                    "why": shown.why,
                }
                for device in (document.devices if document is not None else ())
                for shown in (view.device(device.id),)
            ],
        }
        return Response(msgspec.json.encode(body), media_type=JSON)


class _Server(uvicorn.Server):
    """A server that leaves the signals to the program around it."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
