"""The cloud at work in this process: web server, sync and listener over real servers."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import aiomqtt
import msgspec
import websockets

from tests.support.cloud import PLENTY, Cloud, Person, cloud_over
from tests.support.yard import Row, Yard, batch_bytes
from tokkatot.cloud.app import create_app
from tokkatot.cloud.main import web_server
from tokkatot.cloud.platform.broker import EmbeddedBroker
from tokkatot.cloud.platform.database import Database
from tokkatot.cloud.platform.keys import SigningKeys, public_bytes
from tokkatot.cloud.platform.listen import Listener
from tokkatot.cloud.platform.logins import cloud_login
from tokkatot.cloud.platform.metrics import Metrics
from tokkatot.cloud.platform.readiness import Readiness
from tokkatot.cloud.sync.worker import BrokerAccess, SyncWorker
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource
from tokkatot.webapp.listening import listen_on
from tokkatot.wire.envelope import unseal
from tokkatot.wire.messages import Command, Execute, Photograph, Welcome, decode, encode
from tokkatot.wire.topics import TO_HUB, HubLeaf

T = TypeVar("T")
WITHIN_S = 60.0
LOGIN = "tokkatot-cloud"
Owner = tuple[Person, Yard]
"""Somebody who owns a farm, and the farm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The cloud with its addresses; `cloud` asks it over HTTP in process."""

    cloud: Cloud
    database: Database
    port: int
    broker: EmbeddedBroker
    metrics: Metrics

    @property
    def keys(self) -> SigningKeys:
        """The cloud's keys."""
        return self.cloud.context.keys


class Phone:
    """A person's socket."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self._connection = connection
        self.frames: list[dict[str, Any]] = []

    async def say(self, **frame: object) -> None:
        """Send a frame."""
        await self._connection.send(json.dumps(frame))

    async def hear(self, kind: str, **data: object) -> dict[str, Any]:
        """Return the next frame of a kind whose data holds these values; others are kept."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                frame: dict[str, Any] = json.loads(await self._connection.recv())
                self.frames.append(frame)
                held = frame.get("data", frame)
                if frame["type"] == kind and all(held.get(k) == v for k, v in data.items()):
                    return frame

    async def closed(self) -> int:
        """Return the code with which the server closes."""
        async with asyncio.timeout(WITHIN_S):
            try:
                while True:
                    self.frames.append(json.loads(await self._connection.recv()))
            except websockets.ConnectionClosed as end:
                return end.rcvd.code if end.rcvd else 1006


@asynccontextmanager
async def phone(running: Running) -> AsyncIterator[Phone]:
    """Open a socket."""
    async with websockets.connect(f"ws://127.0.0.1:{running.port}/v1/ws") as connection:
        yield Phone(connection)


class HandHub:
    """A hub that a test speaks for."""

    def __init__(self, client: aiomqtt.Client, yard: Yard, keys: SigningKeys) -> None:
        self._client = client
        self.yard = yard
        self._trusted = {keys.order_kid: keys.order_key.public_key()}
        assert public_bytes(keys.order_key.public_key()), "a key has a public half"
        self.session = ""
        self._messages = client.messages.__aiter__()

    async def say(self, leaf: HubLeaf, payload: bytes) -> None:
        """Publish on one of the hub's topics."""
        await self._client.publish(str(self.yard.topic(leaf)), payload, qos=1, timeout=WITHIN_S)

    async def hear(self, leaf: HubLeaf) -> bytes:
        """Return the next message of a kind; others are skipped."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                message = await anext(self._messages)
                if str(message.topic).endswith(f"/{leaf}"):
                    assert isinstance(message.payload, bytes)
                    return message.payload

    async def greet(self, *, mono_ms: int = 1) -> Welcome:
        """Say hello and return the welcome."""
        await self.say(HubLeaf.HELLO, encode(self.yard.hello(mono_ms=mono_ms)))
        welcome = decode(await self.hear(HubLeaf.WELCOME), Welcome)
        self.session = welcome.session
        return welcome

    async def order(self) -> Command:
        """Return the next order."""
        return decode(unseal(await self.hear(HubLeaf.COMMAND), self._trusted), Command)

    async def request(self) -> Execute:
        """Return the next wish to run a schedule."""
        return decode(unseal(await self.hear(HubLeaf.EXECUTE), self._trusted), Execute)

    async def photograph(self) -> Photograph:
        """Return the next wish to see a house."""
        return decode(unseal(await self.hear(HubLeaf.PHOTOGRAPH), self._trusted), Photograph)

    async def report(self, first: int, rows: list[Row]) -> None:
        """Send rows of the events stream and wait until they are stored."""
        await self.say(HubLeaf.UP, batch_bytes(self.session, "events", first, rows))
        await self.hear(HubLeaf.ACK)

    async def live(self, t_ms: int, readings: list[Row], devices: list[Row]) -> None:
        """Say what is so now."""
        body = {"v": 1, "session": self.session, "t": t_ms, "readings": readings}
        await self.say(HubLeaf.LIVE, msgspec.json.encode({**body, "devices": devices}))


@asynccontextmanager
async def hand_hub(running: Running, yard: Yard) -> AsyncIterator[HandHub]:
    """Connect as a hub and say hello."""
    async with broker_client(running.broker) as client:
        for leaf in TO_HUB:
            await client.subscribe(str(yard.topic(leaf)), qos=1)
        hub = HandHub(client, yard, running.keys)
        await hub.greet()
        yield hub


def broker_client(broker: EmbeddedBroker) -> aiomqtt.Client:
    """Return a client that may do anything on the broker."""
    access = broker_access(broker)
    return aiomqtt.Client(
        access.host,
        access.port,
        username=access.login,
        password=access.password,
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    )


def broker_access(broker: EmbeddedBroker) -> BrokerAccess:
    """Return how the cloud reaches a broker of a test, where it has its login."""
    return BrokerAccess.parse(broker.url, login=LOGIN, password=broker.password())


@asynccontextmanager
async def running_cloud(url: str, folder: Path, broker: EmbeddedBroker) -> AsyncIterator[Running]:
    """Run everything on the real clock."""
    broker.logins.write([cloud_login(LOGIN, broker.password())])
    async with cloud_over(url, folder) as still:
        clock = SystemClock()
        ids = IdSource(clock)
        database = Database.open(url, clock=clock, ids=ids)
        context = replace(
            still.context,
            clock=clock,
            ids=ids,
            database=database,
            listener=Listener(url, clock=clock, random=lambda: 0.5),
            metrics=Metrics(),
        )
        app = create_app(
            context, still.readings, readiness=Readiness({}), web_folder=None, limits=PLENTY
        )
        worker = SyncWorker(
            context, still.readings, broker=broker_access(broker), random=lambda: 0.5
        )
        cloud = Cloud(app, context, still.clock)
        with listen_on("127.0.0.1", 0) as listening:
            server = web_server(app, context.settings)
            tasks = [
                asyncio.create_task(context.listener.run()),
                asyncio.create_task(worker.run()),
                asyncio.create_task(app.state.realtime.run()),
            ]
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            try:
                await until(lambda: _true(context.listener.connected and worker.connected))
                yield Running(
                    cloud=cloud,
                    database=database,
                    port=listening.getsockname()[1],
                    broker=broker,
                    metrics=context.metrics,
                )
            finally:
                server.should_exit = True
                for task in tasks:
                    task.cancel()
                _, still_running = await asyncio.wait([*tasks, serving], timeout=WITHIN_S)
                await cloud.http.aclose()
                await database.close()
                assert still_running == set(), "what is told to end ends"


async def until(probe: Callable[[], Awaitable[T | None]], *, within_s: float = WITHIN_S) -> T:
    """Return the first truthy answer."""
    async with asyncio.timeout(within_s):
        while True:
            found = await probe()
            if found:
                return found
            await asyncio.sleep(0.02)


async def _true(found: bool) -> bool:
    return found


def uuid_of(found: dict[str, Any]) -> UUID:
    """Return the id in an answer."""
    return UUID(found["id"])
