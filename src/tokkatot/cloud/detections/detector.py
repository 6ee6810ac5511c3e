"""Asks the detector: the service that the settings name, or a process of our own."""

import asyncio
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.problems import Invalid, Problem, Unavailable
from tokkatot.cloud.platform.process import Child, ChildFailed, ChildSpec, own_command
from tokkatot.kit.clock import Clock

ASK_WITHIN_S: Final = 20.0
STARTS_WITHIN_S: Final = 25.0
AT_ONCE: Final = 16
"""Photographs that one process hands on at a time; who comes then is told to come again."""
RESTS_AFTER_S: Final = 900.0
"""Our own process, which costs 130 MB, ends when nobody has asked for so long."""

_HOST = "127.0.0.1"
_LOOKS_EVERY_S = 0.05
_PATH = "/v1/ai/predict/pictured"
_HEALTH = "/v1/ai/health"
_BUSY = "Too many photographs wait to be judged."
_AWAY = "The detector does not answer."

Json = dict[str, Any]


class Detector:
    """One for a process of the cloud; `run` ends what it has started."""

    def __init__(
        self,
        *,
        url: str | None,
        folder: Path,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = url
        self._folder = folder
        self._clock = clock
        self._transport = transport
        self._starting = asyncio.Lock()
        self._child: Child | None = None
        self._port = 0
        self._asking = 0
        self._asked_s = clock.monotonic()

    @classmethod
    def of(cls, context: Context) -> "Detector":
        """Return the one that the settings of this process name."""
        settings = context.settings
        return cls(
            url=settings.detector_url, folder=settings.data_dir.absolute(), clock=context.clock
        )

    async def judge(self, data: bytes) -> Json:
        """Return all that there is to say of a photograph, with a small picture of it.

        Raises:
            Problem: where it is none that can be judged, or the detector is away or too busy.
        """
        if self._asking >= AT_ONCE:
            raise Unavailable(_BUSY)
        self._asking += 1
        try:
            return await self._ask("POST", _PATH, files={"image": ("image", data)})
        finally:
            self._asking -= 1

    async def health(self) -> Json:
        """Return what the detector says of itself.

        Raises:
            Unavailable: while it is away.
        """
        return await self._ask("GET", _HEALTH)

    async def run(self) -> None:
        """Let our own process rest when nobody asks, and end it with us."""
        try:
            while True:
                await self._clock.sleep(RESTS_AFTER_S / 10)
                # Who asks while it ends waits, and gets another one.
                async with self._starting:
                    if self._clock.monotonic() - self._asked_s > RESTS_AFTER_S and not self._asking:
                        await self._stop()
        finally:
            await self._stop()

    async def _ask(
        self, method: str, path: str, *, files: Mapping[str, tuple[str, bytes]] | None = None
    ) -> Json:
        self._asked_s = self._clock.monotonic()
        base = self._url or await self._own()
        try:
            async with (
                asyncio.timeout(ASK_WITHIN_S),
                httpx.AsyncClient(
                    transport=self._transport, base_url=base, timeout=ASK_WITHIN_S, trust_env=False
                ) as http,
            ):
                answer = await http.request(method, path, files=files)
                body = answer.json()
        except (httpx.HTTPError, TimeoutError, ValueError):
            raise Unavailable(_AWAY) from None
        if answer.is_success and isinstance(body, dict):
            return body
        raise _problem(answer.status_code, body)

    async def _own(self) -> str:
        """Return where our own process answers, which is started when it is wanted."""
        async with self._starting:
            if self._child is None or self._child.returncode is not None:
                await self._stop()
                await self._start()
        return f"http://{_HOST}:{self._port}"

    async def _start(self) -> None:
        with socket.socket() as probe:
            probe.bind((_HOST, 0))
            self._port = int(probe.getsockname()[1])
        name = f"detector-{os.getpid()}"
        try:
            self._child = child = await Child.start(
                ChildSpec(
                    name=name,
                    argv=own_command("vision", "serve", "--port", str(self._port)),
                    run_dir=self._folder / "run",
                    log_path=self._folder / "logs" / "detector.log",
                )
            )
            async with asyncio.timeout(STARTS_WITHIN_S):
                while child.returncode is None:
                    if await _listens(self._port):
                        return
                    await asyncio.sleep(_LOOKS_EVERY_S)
        except (ChildFailed, TimeoutError):
            pass
        await self._stop()
        raise Unavailable(_AWAY)

    async def _stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.stop()


def _problem(status: int, body: object) -> Problem:
    said = body if isinstance(body, dict) else {}
    detail = said.get("detail")
    if said.get("code") == "picture_refused":
        return Invalid("picture_refused", detail if isinstance(detail, str) else None)
    if status == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        return Problem("body_too_large")
    return Unavailable(_BUSY if status == httpx.codes.SERVICE_UNAVAILABLE else _AWAY)


async def _listens(port: int) -> bool:
    try:
        async with asyncio.timeout(1):
            _, writer = await asyncio.open_connection(_HOST, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
