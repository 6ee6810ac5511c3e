"""Keeps the hub in touch with the cloud, for ever, whatever becomes of the line."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol, assert_never

import structlog

from tokkatot.hub.camera.originals import Originals
from tokkatot.hub.clock_sync import ClockQuality, SyncedClock
from tokkatot.hub.inbound import Inbound
from tokkatot.hub.journal.port import JournalError, JournalFull, JournalPort
from tokkatot.hub.link import Connect, Link, LinkLost
from tokkatot.kit.backoff import Backoff
from tokkatot.kit.queue import BoundedQueue
from tokkatot.kit.waiting import Bell
from tokkatot.wire.messages import (
    MAX_BATCH_ROWS,
    MAX_BODY_BYTES,
    LiveDevice,
    LiveReading,
    StreamName,
    encode,
)
from tokkatot.wire.session_actions import (
    Action,
    BeginEpochs,
    LearnClock,
    MarkContact,
    NoteAcked,
    Now,
    ReadRows,
    Reconnect,
    Send,
    TakeDesired,
    TakeExecute,
    TakeKept,
    TakeOrder,
    TakePhotograph,
)
from tokkatot.wire.session_hub import ROWS_BYTES, HubSession
from tokkatot.wire.session_tables import Phase
from tokkatot.wire.streams import STREAMS, Stretch
from tokkatot.wire.topics import HubLeaf

TICK_S = 1.0
LIVE_AT_LEAST_EVERY_S = 10.0
LIVE_AT_MOST_EVERY_S = 0.25
RETRY_FIRST_S = 1.0
RETRY_CAP_S = 15.0
"""Hub and cloud are to agree again within 30 s of a line that is whole again."""
ORIGINALS_EVERY_S = 10.0
"""How often it is looked whether a suspicious photograph is to be sent."""
ORIGINAL_WITHIN_S = 60.0
ORIGINALS_AGAIN_S = 600.0
"""When a part that got no answer is sent again: what a line carries may cost money."""
STEADY_AFTER_S = 60.0
"""A line that held for so long was a good one: the next attempt comes soon again."""

log = structlog.get_logger(__name__)


class Screen(Protocol):
    """What the control loop shows of itself."""

    live_changed: Bell
    """Set when something on the screen changed; the uplink clears it."""

    def live(self) -> tuple[list[LiveReading], list[LiveDevice]]:
        """Return what is so now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkStatus:
    """What the local web shows of the line to the cloud."""

    connected: bool
    synced: bool
    desired_version: int
    trouble: str | None
    counts: Mapping[str, int]
    waiting: Mapping[StreamName, int]
    """Rows that the cloud has not acknowledged yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What a hub has to say beside its streams: where its page is, and its photographs."""

    addresses: Callable[[], tuple[str, ...]] = tuple
    originals: Originals | None = None


class Uplink:
    """Runs the session over one link after the other; see `docs/explanation/sync.md`."""

    def __init__(
        self,
        session: HubSession,
        *,
        connect: Connect,
        journal: JournalPort,
        inbound: Inbound,
        screen: Screen,
        clock: SyncedClock,
        random: Callable[[], float],
        own: Own | None = None,
    ) -> None:
        self._session = session
        self._own = own or Own()
        self._connect = connect
        self._journal = journal
        self._inbound = inbound
        self._screen = screen
        self._clock = clock
        self._backoff = Backoff(first_s=RETRY_FIRST_S, cap_s=RETRY_CAP_S, random=random)
        # One input and its actions at a time, so that what must precede sending is done before.
        self._turn = asyncio.Lock()
        self._to_read: dict[StreamName, BoundedQueue[ReadRows]] = {}
        self._counts: Counter[str] = Counter()
        self._connected = False
        self._contact_is_kept = False
        self._trouble: str | None = None

    def status(self) -> UplinkStatus:
        """Return how things stand."""
        heads = self._journal.heads()
        return UplinkStatus(
            connected=self._connected,
            synced=self._session.phase is Phase.SYNCED,
            desired_version=self._inbound.version_in_force,
            trouble=self._trouble,
            counts={**self._counts, **self._session.dropped, **self._inbound.counts},
            waiting={name: head.next - 1 - head.acked for name, head in heads.items()},
        )

    async def run(self) -> None:
        """Stay in touch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._inbound.run(), name="uplink-inbound")
            tasks.create_task(self._connect_forever(), name="uplink-link")

    # ----------------------------------------------------------------------------------- the link

    async def _connect_forever(self) -> None:
        while True:
            began_s = self._clock.monotonic()
            try:
                async with self._connect() as link:
                    await self._use(link)
            except (LinkLost, JournalError) as error:
                self._note_trouble(error.reason)
            except Exception as error:  # supervisor: a mistake here must not cost the flock its hub
                log.exception("uplink.failed")
                self._note_trouble(repr(error))
            finally:
                self._connected = False
                self._session.link_down(self._now())
            if self._clock.monotonic() - began_s > STEADY_AFTER_S:
                self._backoff.reset()
            await self._clock.sleep(self._backoff.next_s())

    async def _use(self, link: Link) -> None:
        """Run the session over a link until it is lost."""
        self._counts["links"] += 1
        self._connected = True
        if self._trouble is not None:
            log.info("uplink.connected", after=self._trouble)
        self._trouble = None
        self._session.addresses = self._own.addresses()
        self._to_read = {name: BoundedQueue(1) for name in STREAMS}
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive(link))
                tasks.create_task(self._input(link, self._session.link_up))
                tasks.create_task(self._tick(link))
                tasks.create_task(self._watch_journal(link))
                tasks.create_task(self._send_live(link))
                if self._own.originals is not None:
                    tasks.create_task(self._send_originals(link, self._own.originals))
                for name in STREAMS:
                    tasks.create_task(self._send_rows(link, name))
        except* (LinkLost, JournalError) as group:
            raise _first(group) from None

    async def _receive(self, link: Link) -> None:
        async for leaf, payload in link.messages():
            self._counts["messages"] += 1
            await self._input(link, partial(self._session.receive, leaf, payload))
        raise LinkLost("the broker has ended the connection")

    async def _tick(self, link: Link) -> None:
        while True:
            await self._clock.sleep(TICK_S)
            await self._input(link, self._session.tick)

    async def _watch_journal(self, link: Link) -> None:
        while True:
            await self._journal.grown.set_within(LIVE_AT_LEAST_EVERY_S)
            self._journal.grown.clear()
            await self._input(link, lambda _: [])

    async def _send_live(self, link: Link) -> None:
        """Send what is on the screen at once when it changes, beside the streams."""
        while True:
            await self._screen.live_changed.set_within(LIVE_AT_LEAST_EVERY_S)
            self._screen.live_changed.clear()
            message = self._session.live(self._clock.now_ms(), *self._screen.live())
            if message is not None and len(message.payload) <= MAX_BODY_BYTES:
                await link.send(message.leaf, message.payload, qos=message.qos)
            await self._clock.sleep(LIVE_AT_MOST_EVERY_S)

    async def _send_originals(self, link: Link, originals: Originals) -> None:
        """Send photographs while the line has nothing better to do."""
        while True:
            part = None
            if self._is_idle():
                part = await asyncio.to_thread(originals.next_part, originals.untold())
            if part is None:
                await self._clock.sleep(ORIGINALS_EVERY_S)
                continue
            originals.answered.clear()
            await link.send(HubLeaf.ORIGINAL, encode(part), qos=1)
            if not await originals.answered.set_within(ORIGINAL_WITHIN_S):
                await self._clock.sleep(ORIGINALS_AGAIN_S)

    def _is_idle(self) -> bool:
        """Tell whether the cloud has every event, so also what it is to know of a photograph."""
        head = self._journal.heads()["events"]
        return self._session.phase is Phase.SYNCED and head.acked >= head.next - 1

    async def _send_rows(self, link: Link, stream: StreamName) -> None:
        """Carry one stream; the other one and everything else go on meanwhile."""
        while True:
            wanted = await self._to_read[stream].get()
            stretch = await self._read(wanted)
            async with self._turn:
                actions = self._session.rows(stream, stretch, self._now())
                for action in actions:
                    if not isinstance(action, Send):
                        await self._act(link, action)
            for action in actions:
                if isinstance(action, Send):
                    self._counts["batches"] += 1
                    await link.send(action.leaf, action.payload, qos=action.qos)

    async def _read(self, wanted: ReadRows) -> Stretch | None:
        try:
            if not self._contact_is_kept:
                await self._keep_contact()
            return await self._journal.stretch(
                wanted.stream, wanted.first, max_rows=MAX_BATCH_ROWS, max_bytes=ROWS_BYTES
            )
        except JournalError:
            self._counts["rows not read"] += 1
            return None

    # -------------------------------------------------------------------------------- the session

    async def _input(self, link: Link, step: Callable[[Now], list[Action]]) -> None:
        async with self._turn:
            now = self._now()
            self._session.desired_version = self._inbound.kept_version
            actions = self._session.grew(self._journal.heads(), now)
            was_synced = self._session.phase is Phase.SYNCED
            actions += step(now)
            for action in actions:
                await self._act(link, action)
            if self._session.phase is Phase.SYNCED and not was_synced:
                self._counts["sessions"] += 1
                self._screen.live_changed.set()

    async def _act(self, link: Link, action: Action) -> None:
        match action:
            case Send():
                await link.send(action.leaf, action.payload, qos=action.qos)
            case ReadRows():
                # What is still there was asked for in a session that has ended.
                self._to_read[action.stream].drain()
                self._to_read[action.stream].offer(action)
            case NoteAcked():
                await self._note_acked(action)
            case MarkContact():
                await self._mark_contact()
            case BeginEpochs():
                await self._begin_epochs(link, action)
            case LearnClock():
                self._clock.learn(
                    cloud_ms=action.cloud_ms, sent_s=action.sent_s, heard_s=action.heard_s
                )
            case TakeDesired() | TakeOrder() | TakeExecute() | TakePhotograph() | TakeKept():
                self._take(action)
            case Reconnect():
                raise LinkLost("nothing was heard for 45 s")
            case _:
                assert_never(action)

    def _take(
        self, action: TakeDesired | TakeOrder | TakeExecute | TakePhotograph | TakeKept
    ) -> None:
        if not isinstance(action, TakeKept):
            self._inbound.offer(action)
        elif self._own.originals is not None:
            self._own.originals.kept(action.kept)

    async def _mark_contact(self) -> None:
        self._contact_is_kept = False
        # A disk without room keeps rows back, and nothing else: documents and orders get through.
        with suppress(JournalFull):
            await self._keep_contact()

    async def _keep_contact(self) -> None:
        await self._journal.contacted()
        self._contact_is_kept = True

    async def _note_acked(self, action: NoteAcked) -> None:
        try:
            await self._journal.acked(action.stream, action.epoch, action.through)
        except JournalError:
            # No harm: what is not noted is sent again one day, and the cloud skips it.
            self._counts["acks not noted"] += 1

    async def _begin_epochs(self, link: Link, action: BeginEpochs) -> None:
        for stream in action.streams:
            log.warning("uplink.new_epoch", stream=stream)
            await self._journal.new_epoch(stream)
        for step in self._session.renumbered(self._journal.heads(), self._now()):
            await self._act(link, step)

    def _now(self) -> Now:
        known = self._clock.quality is not ClockQuality.UNSET
        return Now(mono_s=self._clock.monotonic(), wall_ms=self._clock.now_ms() if known else None)

    def _note_trouble(self, reason: str) -> None:
        if reason != self._trouble:
            log.warning("uplink.lost", reason=reason)
        self._trouble = reason
        self._counts["troubles"] += 1


def _first(group: BaseExceptionGroup[LinkLost | JournalError]) -> LinkLost | JournalError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, (LinkLost, JournalError)), "the group holds nothing else"
    return error
