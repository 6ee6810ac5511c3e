"""The process end of the sync: a broker's connection, lanes of work, and what goes out."""

import asyncio
import math
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

import aiomqtt
import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from tokkatot.cloud.detections import originals
from tokkatot.cloud.farms.hubs import CHANNEL as HUBS_CHANNEL
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.problems import Unavailable
from tokkatot.cloud.sync.dispatch import PUBLISH_TIMEOUT_S, Dispatcher, Waiting
from tokkatot.cloud.sync.lane import Lane
from tokkatot.cloud.sync.postgres import PostgresStore
from tokkatot.cloud.sync.service import Incoming, Outgoing, SyncService, Tally
from tokkatot.cloud.sync.store import RowRefused
from tokkatot.cloud.telemetry.listening import SAID_EVERY_S, keep_listening
from tokkatot.cloud.telemetry.store import ReadingStore
from tokkatot.domain.ids import HubId
from tokkatot.kit.backoff import Backoff
from tokkatot.kit.clock import Clock
from tokkatot.wire.messages import Hello, Live, MessageError, decode, decode_up, encode
from tokkatot.wire.pictures import Original
from tokkatot.wire.topics import FROM_HUB, HubLeaf, HubTopic, parse_hub_topic

_log = structlog.get_logger(__name__)

R = TypeVar("R")

TOPICS = tuple(f"farm/+/hubs/+/{leaf}" for leaf in sorted(FROM_HUB))
SHARED = "$share/tokkatot/"
"""Before a topic, it has the broker give each message to one of the processes that ask so."""
KEEPALIVE_S = 20
CONNECT_TIMEOUT_S = 10.0
WORK_TIMEOUT_S = 30.0
MAX_INFLIGHT = 200
MAX_UNREAD = 20_000
"""Messages that the client holds for us; the lanes behind it are bounded too."""

READINGS_LANES = 2
"""One packs while the other waits for its commit; more would only make smaller groups."""
EVENTS_LANES = 4
SAID_LANES = 2
LANE_LIMIT = 4096
BATCHES_AT_ONCE = 32
"""So many batches of 500 readings share a transaction when there is a rush."""
EVENTS_AT_ONCE = 8
SAID_AT_ONCE = 64
ORIGINALS_LIMIT = 64
"""Parts of photographs that wait: 3 MB. What finds no room is sent again."""
DISPATCH_RETRY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAccess:
    """How the cloud reaches its broker."""

    host: str
    port: int
    login: str
    password: str | None
    tls: bool
    shares: bool
    """It shares messages out among several processes."""

    @classmethod
    def parse(
        cls, url: str, *, login: str, password: str | None, shares: bool = True
    ) -> "BrokerAccess":
        """Read `mqtt://host:port` or `mqtts://host:port`.

        Raises:
            ValueError: when it is neither.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
            raise ValueError(f"{url}: a broker's address is mqtt://HOST:PORT or mqtts://HOST:PORT")
        tls = parts.scheme == "mqtts"
        return cls(
            host=parts.hostname,
            port=parts.port or (8883 if tls else 1883),
            login=login,
            password=password,
            tls=tls,
            shares=shares,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """A hello, or what is so now."""

    topic: HubTopic
    body: Hello | Live


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """A part of a photograph."""

    topic: HubTopic
    part: Original


class SyncWorker:
    """Speaks with every hub; made before the listener runs, since it subscribes to it."""

    def __init__(
        self,
        context: Context,
        readings: ReadingStore,
        *,
        broker: BrokerAccess,
        random: Callable[[], float],
    ) -> None:
        self._context = context
        self._clock: Clock = context.clock
        self._broker = broker
        self._backoff = Backoff(first_s=0.2, cap_s=5.0, random=random)
        self._service = SyncService(
            PostgresStore(context.database, readings, clock=context.clock),
            clock=context.clock,
            new_session=lambda: str(context.ids.new()),
        )
        self._process_id = context.ids.new()
        self._waiting = Waiting()
        context.listener.subscribe(HUBS_CHANNEL, self._waiting)
        self._client: aiomqtt.Client | None = None
        self._messages = context.metrics.counter(
            "tokkatot_sync_messages_total", "Messages of hubs.", labels=("leaf",)
        )
        self._dropped = context.metrics.counter(
            "tokkatot_sync_dropped_total", "Messages that were not taken.", labels=("reason",)
        )
        self._rows = context.metrics.counter(
            "tokkatot_sync_rows_total", "Rows of hubs by what became of them.", labels=("became",)
        )

    @property
    def connected(self) -> bool:
        """Tell whether hubs can be heard at the moment."""
        return self._client is not None

    async def run(self) -> None:
        """Serve until cancelled, through every loss of the broker or the database."""
        while True:
            try:
                await self._serve()
            except* aiomqtt.MqttError as group:
                _log.warning("sync.broker_lost", error=str(group.exceptions[0]))
            finally:
                self._client = None
            await self._clock.sleep(self._backoff.next_s())

    async def _serve(self) -> None:
        client = aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            username=self._broker.login,
            password=self._broker.password,
            identifier=f"tokkatot-sync-{self._context.ids.new().hex[-12:]}",
            clean_session=True,
            keepalive=KEEPALIVE_S,
            timeout=CONNECT_TIMEOUT_S,
            max_queued_incoming_messages=MAX_UNREAD,
            max_inflight_messages=MAX_INFLIGHT,
            # Without it, an answer waits 40 ms for the other side's delayed ACK.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            tls_params=aiomqtt.TLSParameters() if self._broker.tls else None,
        )
        client.pending_calls_threshold = MAX_INFLIGHT
        async with client, asyncio.TaskGroup() as tasks:
            self._client = client
            lanes = _Lanes(self._batches, self._said, self._originals)
            for run in lanes.runs():
                tasks.create_task(run)
            for topic in TOPICS:
                asked = SHARED + topic if self._broker.shares else topic
                await _answered(client.subscribe(asked, qos=1, timeout=math.inf), CONNECT_TIMEOUT_S)
            _log.info("sync.connected", host=self._broker.host, port=self._broker.port)
            self._backoff.reset()
            dispatcher = Dispatcher(
                self._context.database,
                keys=self._context.keys,
                clock=self._clock,
                waiting=self._waiting,
                publish=self._publish,
            )
            tasks.create_task(self._dispatch(dispatcher))
            tasks.create_task(self._say_that_it_listens())
            async for message in client.messages:
                self._take(lanes, str(message.topic), message.payload)

    def _take(self, lanes: "_Lanes", name: str, payload: object) -> None:
        """Read a message and queue it; garbage is counted and forgotten."""
        topic = parse_hub_topic(name)
        if topic is None or not isinstance(payload, bytes):
            self._dropped.labels("bad_topic").inc()
            return
        self._messages.labels(topic.leaf.value).inc()
        try:
            queued = lanes.offer(topic, payload)
        except MessageError as error:
            self._dropped.labels("bad_body").inc()
            _log.debug("sync.bad_body", topic=name, reason=error.reason)
            return
        if not queued:
            self._dropped.labels("no_room").inc()

    async def _batches(self, incoming: Sequence[Incoming]) -> None:
        """Store batches together; where that fails each alone, so that one can't hold up others."""
        answers = await self._try(lambda: self._service.batches(incoming))
        if answers is not None:
            await self._answer(answers)
        elif len(incoming) > 1:
            for item in incoming:
                await self._batches([item])

    async def _said(self, said: Sequence[_Said]) -> None:
        """Welcome hubs, and keep the newest of what each says is so now."""
        newest: dict[HubId, tuple[HubTopic, Live]] = {}
        for item in said:
            match item.body:
                case Hello() as hello:
                    await self._hello(item.topic, hello)
                case Live() as live:
                    newest[item.topic.hub_id] = (item.topic, live)
        for topic, live in newest.values():
            await self._live(topic, live)

    async def _hello(self, topic: HubTopic, hello: Hello) -> None:
        answers = await self._try(lambda: self._service.hello(topic, hello))
        if answers:
            await self._answer(answers)
            # Orders and a newer document may be waiting for this hub.
            self._waiting.add(topic.hub_id)

    async def _live(self, topic: HubTopic, live: Live) -> None:
        answers = await self._try(lambda: self._service.live(topic, live))
        if answers:
            await self._answer(answers)

    async def _originals(self, sent: Sequence[_Sent]) -> None:
        """Keep parts of photographs."""
        for item in sent:
            kept = await self._try(partial(originals.take, self._context, item.topic, item.part))
            if kept is not None:
                topic = replace(item.topic, leaf=HubLeaf.KEPT)
                await self._publish(Outgoing(topic=topic, payload=encode(kept)))

    async def _try(self, work: Callable[[], Awaitable[R]]) -> R | None:
        """Return what the service answers, None where it could not: the hub will say it again."""
        try:
            async with asyncio.timeout(WORK_TIMEOUT_S):
                return await work()
        except (
            SQLAlchemyError,
            psycopg.Error,
            OSError,
            TimeoutError,
            RowRefused,
            Unavailable,
        ) as error:
            self._dropped.labels("not_stored").inc()
            _log.warning("sync.not_stored", error=str(error)[:500])
        except Exception:  # noqa: BLE001 - logged and counted
            # The last net: what one hub sends must not end the talk with all the others.
            self._dropped.labels("failed").inc()
            _log.exception("sync.failed")
        finally:
            self._count()
        return None

    def _count(self) -> None:
        tally, self._service.tally = self._service.tally, Tally()
        for name, count in (
            ("readings", tally.readings),
            ("rows", tally.rows),
            ("refused", tally.refused),
            ("quarantined", tally.quarantined),
        ):
            self._rows.labels(name).inc(count)
        self._dropped.labels("stale").inc(tally.stale)

    async def _dispatch(self, dispatcher: Dispatcher) -> None:
        """Keep sending; a database that is away for a while is waited for."""
        while True:
            try:
                await dispatcher.run()
            except (SQLAlchemyError, psycopg.Error, OSError, TimeoutError) as error:
                _log.warning("sync.not_sent", error=str(error)[:500])
            except aiomqtt.MqttError:
                raise
            except Exception:  # noqa: BLE001 - logged; one hub must not end the talk with all
                _log.exception("sync.dispatch_failed")
            await self._clock.sleep(DISPATCH_RETRY_S)

    async def _say_that_it_listens(self) -> None:
        while True:
            try:
                async with self._context.database.transaction() as tx:
                    await keep_listening(tx.session, self._process_id, now=tx.now)
            except (SQLAlchemyError, psycopg.Error, OSError, TimeoutError) as error:
                _log.warning("sync.not_said", error=str(error)[:500])
            await self._clock.sleep(SAID_EVERY_S)

    async def _answer(self, answers: Sequence[Outgoing]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for answer in answers:
                tasks.create_task(self._publish(answer))

    async def _publish(self, message: Outgoing) -> None:
        client = self._client
        assert client is not None, "whoever publishes lives within the connection"
        sending = client.publish(str(message.topic), message.payload, qos=1, timeout=math.inf)
        await _answered(sending, PUBLISH_TIMEOUT_S)


async def _answered(call: Awaitable[object], timeout_s: float) -> None:
    """Wait for an answer; the client's own time-out may swallow that we are cancelled."""
    try:
        async with asyncio.timeout(timeout_s):
            await call
    except TimeoutError:
        raise aiomqtt.MqttError("the broker did not answer in time") from None


class _Lanes:
    """The queues between the broker and the database; a hub keeps to its own."""

    def __init__(
        self,
        batches: Callable[[Sequence[Incoming]], Awaitable[None]],
        said: Callable[[Sequence[_Said]], Awaitable[None]],
        sent: Callable[[Sequence[_Sent]], Awaitable[None]],
    ) -> None:
        self._readings = [
            Lane(batches, limit=LANE_LIMIT, at_once=BATCHES_AT_ONCE) for _ in range(READINGS_LANES)
        ]
        self._events = [
            Lane(batches, limit=LANE_LIMIT, at_once=EVENTS_AT_ONCE) for _ in range(EVENTS_LANES)
        ]
        self._said = [Lane(said, limit=LANE_LIMIT, at_once=SAID_AT_ONCE) for _ in range(SAID_LANES)]
        self._originals = Lane(sent, limit=ORIGINALS_LIMIT, at_once=1)

    def runs(self) -> Iterator[Coroutine[None, None, None]]:
        """Return what is to run of every lane."""
        for lane in self._readings:
            yield lane.run()
        for lane in self._events:
            yield lane.run()
        for said in self._said:
            yield said.run()
        yield self._originals.run()

    def offer(self, topic: HubTopic, payload: bytes) -> bool:
        """Read a message and queue it; return False where there is no room.

        Raises:
            MessageError: when it is not what its topic promises.
        """
        spread = topic.hub_id.int
        said = self._said[spread % len(self._said)]
        match topic.leaf:
            case HubLeaf.HELLO:
                return said.offer(_Said(topic=topic, body=decode(payload, Hello)))
            case HubLeaf.LIVE:
                return said.offer(_Said(topic=topic, body=decode(payload, Live)))
            case HubLeaf.UP:
                up = decode_up(payload)
                lanes = self._readings if up.stream == "readings" else self._events
                return lanes[spread % len(lanes)].offer(Incoming(topic=topic, up=up))
            case HubLeaf.ORIGINAL:
                return self._originals.offer(_Sent(topic=topic, part=decode(payload, Original)))
            case _:
                raise MessageError(f"{topic.leaf} does not come from a hub")
