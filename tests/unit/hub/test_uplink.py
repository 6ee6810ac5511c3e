"""The line to the cloud, with all that befalls it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from typing_extensions import override

from tests.contract.journal_suite import event, reading
from tests.support.droppings import detection
from tests.support.fake_cloud import FakeCloud
from tests.support.fake_journal import FakeJournal
from tests.support.fake_link import FakeLines
from tests.support.fast_clock import FastClock
from tests.unit.hub.test_orders import COMMAND, DOCUMENT, EXECUTE, HUB, KEY, KEYS, STRANGE_KEY
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.ids import FarmId
from tokkatot.hub.camera.originals import Originals
from tokkatot.hub.camera.process import Judging
from tokkatot.hub.camera.watch import Watch
from tokkatot.hub.clock_sync import SyncedClock
from tokkatot.hub.config import PictureSettings
from tokkatot.hub.desired import DesiredRefused
from tokkatot.hub.inbound import Inbound
from tokkatot.hub.journal.port import JournalFull, JournalTimeout
from tokkatot.hub.uplink import ORIGINALS_EVERY_S, Own, Uplink
from tokkatot.kit.ids import IdSource
from tokkatot.kit.waiting import Bell
from tokkatot.wire.envelope import seal
from tokkatot.wire.messages import (
    Command,
    CommandRow,
    EventRow,
    Execute,
    LiveDevice,
    LiveReading,
    Photograph,
    ScheduleRunRow,
    encode,
)
from tokkatot.wire.pictures import PART_BYTES, SUSPICIOUS, Camera, Looked, Looks
from tokkatot.wire.session_hub import HubSession
from tokkatot.wire.topics import HubLeaf

FARM = DOCUMENT.farm_id
TIMES = 40
HOUSE, WISH = UUID(int=3), UUID(int=33)
PHOTOGRAPH = Photograph(
    hub=HUB, id=WISH, session="now", house=HOUSE, issued=0, ttl_ms=30_000, by=COMMAND.by
)


class FakeLoop:
    """The control loop as the uplink sees it."""

    def __init__(self) -> None:
        self.live_changed = Bell()
        self.orders: list[Command] = []
        self.requests: list[Execute] = []
        self.documents: list[DesiredDocument] = []
        self.refuses: str | None = None
        self.kept: Callable[[], bool] = lambda: False
        self.kept_before: list[bool] = []

    def live(self) -> tuple[list[LiveReading], list[LiveDevice]]:
        return [LiveReading("device", "temperature", 1, 20.5, 0)], []

    async def order(self, command: Command) -> None:
        self.orders.append(command)

    async def execute(self, request: Execute) -> None:
        self.requests.append(request)

    async def configure(self, document: DesiredDocument, envelope_version: int) -> None:
        assert envelope_version == document.version
        if self.refuses is not None:
            raise DesiredRefused(self.refuses)
        self.documents.append(document)

    async def settle(self) -> None:
        self.kept_before.append(self.kept())


class FakeCameras:
    """Who has cameras, as the uplink sees them."""

    def __init__(self) -> None:
        self.asked: list[Photograph] = []

    def photograph(self, asked: Photograph) -> None:
        self.asked.append(asked)


class World:
    """A hub's uplink on a fake journal, a fake line and a fake cloud."""

    def __init__(
        self,
        document: DesiredDocument | None = DOCUMENT,
        *,
        originals: Originals | None = None,
        has_cameras: bool = True,
    ) -> None:
        self.clock = SyncedClock(FastClock(TIMES), is_machine_synchronised=lambda: False)
        self.cloud = FakeCloud()
        self.journal = FakeJournal()
        self.lines = FakeLines(self.cloud)
        self.loop = FakeLoop()
        self.cameras = FakeCameras()
        inbound = Inbound(
            farm_id=FARM,
            hub_id=HUB,
            keys=KEYS,
            journal=self.journal,
            doer=self.loop,
            clock=self.clock,
            document=document,
            photographer=self.cameras if has_cameras else None,
        )
        session = HubSession(
            hub_id=HUB,
            boot="boot",
            software="1",
            heads=self.journal.heads(),
            random=lambda: 0.5,
        )
        self.uplink = Uplink(
            session,
            connect=self.lines.connect,
            journal=self.journal,
            inbound=inbound,
            screen=self.loop,
            clock=self.clock,
            random=lambda: 0.5,
            own=Own(originals=originals),
        )

    def counts(self, what: str) -> int:
        return self.uplink.status().counts.get(what, 0)

    def stored(self) -> list[int]:
        return [row.t for row in self.cloud.readings()]

    def push(self, leaf: HubLeaf, payload: bytes) -> None:
        self.lines.made[-1].push(leaf, payload)

    def order(self, **changes: object) -> bytes:
        peer = self.cloud.stored.peer
        assert peer is not None
        given = {"session": peer.session, "issued": self.clock.now_ms(), **changes}
        return seal(encode(msgspec.structs.replace(COMMAND, **given)), kid="key-1", key=KEY)

    def request(self, **changes: object) -> bytes:
        peer = self.cloud.stored.peer
        assert peer is not None
        given = {"session": peer.session, "issued": self.clock.now_ms(), **changes}
        return seal(encode(msgspec.structs.replace(EXECUTE, **given)), kid="key-1", key=KEY)

    def wish(self, **changes: object) -> bytes:
        peer = self.cloud.stored.peer
        assert peer is not None
        given = {"session": peer.session, "issued": self.clock.now_ms(), **changes}
        return seal(encode(msgspec.structs.replace(PHOTOGRAPH, **given)), kid="key-1", key=KEY)


@asynccontextmanager
async def running(world: World) -> AsyncIterator[World]:
    task = asyncio.create_task(world.uplink.run())
    try:
        yield world
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running(World()) as world:
        await until(lambda: world.uplink.status().synced)
        yield world


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.002)


async def test_rows_go_up_and_are_noted_as_acknowledged(world: World) -> None:
    await world.journal.record(
        readings=[reading(t) for t in range(1_200)], events=[event(1)], urgent=True
    )
    await until(lambda: world.uplink.status().waiting == {"events": 0, "readings": 0})

    assert world.stored() == list(range(1_200))
    assert world.counts("batches") == 4


async def test_the_hub_learns_the_time_from_the_cloud(world: World) -> None:
    assert abs(world.clock.now_ms() - world.cloud.now_ms) < 60_000


async def test_what_is_live_is_sent_at_once_and_beside_the_streams(world: World) -> None:
    before = len(world.cloud.live)
    world.loop.live_changed.set()
    await until(lambda: len(world.cloud.live) > before)

    assert world.cloud.live[-1].readings == [LiveReading("device", "temperature", 1, 20.5, 0)]


async def test_a_line_that_is_cut_or_refused_is_made_again(world: World) -> None:
    world.lines.refuses = 3
    world.lines.made[-1].cut()
    await until(lambda: not world.uplink.status().synced)
    await world.journal.record(readings=[reading(1)], urgent=True)
    await until(lambda: world.stored() == [1])

    assert world.counts("troubles") == 4
    assert world.uplink.status().trouble is None


async def test_a_half_open_line_is_noticed_and_nothing_is_lost(world: World) -> None:
    world.lines.made[-1].is_mute = True
    await world.journal.record(readings=[reading(1)], urgent=True)
    await until(lambda: world.stored() == [1])

    assert (len(world.lines.made), world.counts("troubles")) == (2, 1)


async def test_a_good_order_reaches_the_loop(world: World) -> None:
    world.push(HubLeaf.COMMAND, world.order())
    await until(lambda: len(world.loop.orders) == 1)

    assert world.loop.orders[0].id == COMMAND.id


async def test_a_stale_order_is_refused_with_its_reason_and_reaches_nothing(world: World) -> None:
    world.push(HubLeaf.COMMAND, world.order(session="before"))
    await until(lambda: world.counts("orders refused") == 1)
    await until(lambda: len(world.cloud.stored.rows["events"]) == 1)

    (row,) = world.cloud.stored.rows["events"]
    assert isinstance(row, CommandRow)
    assert (row.state, row.reason) == ("refused", "wrong_session")
    assert world.loop.orders == []


async def test_a_good_request_to_run_a_schedule_reaches_the_loop_and_a_stale_one_is_answered(
    world: World,
) -> None:
    world.push(HubLeaf.EXECUTE, world.request(session="before"))
    world.push(HubLeaf.EXECUTE, world.request())
    await until(lambda: len(world.loop.requests) == 1)
    await until(lambda: len(world.cloud.stored.rows["events"]) == 1)

    assert world.loop.requests[0].id == EXECUTE.id
    (row,) = world.cloud.stored.rows["events"]
    assert isinstance(row, ScheduleRunRow)
    assert (row.outcome, row.reason, row.request) == ("skipped", "wrong_session", str(EXECUTE.id))


async def test_a_wish_to_see_a_house_reaches_its_cameras_and_a_stale_one_is_answered(
    world: World,
) -> None:
    world.push(HubLeaf.PHOTOGRAPH, world.wish(session="before"))
    world.push(HubLeaf.PHOTOGRAPH, world.wish())
    await until(lambda: len(world.cameras.asked) == 1)
    await until(lambda: len(world.cloud.stored.rows["events"]) == 1)

    assert (world.cameras.asked[0].id, world.cameras.asked[0].house) == (WISH, HOUSE)
    (row,) = world.cloud.stored.rows["events"]
    assert isinstance(row, EventRow)
    told = {"house": str(HOUSE), "request": str(WISH), "reason": "wrong_session"}
    assert (row.type, row.data) == ("photograph.failed", told)


async def test_a_hub_without_cameras_says_so() -> None:
    async with running(World(has_cameras=False)) as world:
        await until(lambda: world.uplink.status().synced)
        world.push(HubLeaf.PHOTOGRAPH, world.wish())
        await until(lambda: len(world.cloud.stored.rows["events"]) == 1)

    (row,) = world.cloud.stored.rows["events"]
    assert isinstance(row, EventRow)
    assert (row.type, row.data["reason"]) == ("photograph.failed", "no_camera")


async def test_forged_orders_are_answered_a_few_times_only(world: World) -> None:
    body = encode(COMMAND)
    for _ in range(20):
        world.push(HubLeaf.COMMAND, seal(body, kid="key-1", key=STRANGE_KEY))
    await until(lambda: world.counts("orders under a strange key") == 20)

    assert len(world.journal.recorded("events")) == 6
    assert await world.journal.begin_order(COMMAND.id, world.journal.recorded("events")[0])  # type: ignore[arg-type]  # a command's row
    assert world.loop.orders == []


async def test_garbage_on_every_topic_is_counted_and_harms_nothing(world: World) -> None:
    garbage = [b"", b"\x00\xff", b"{}", b"[1,2", b'{"v":1}', b"9" * 600_000, b'{"v":2}']
    for leaf in HubLeaf:
        for payload in garbage:
            world.push(leaf, payload)
    last = "fw_update is not for this hub"
    await until(lambda: world.counts(last) == len(garbage))
    await world.journal.record(readings=[reading(1)], urgent=True)
    await until(lambda: world.stored() == [1])

    assert len(world.lines.made) == 1
    assert world.counts("welcome malformed") == world.counts("ack malformed") == len(garbage)


def sealed_document(document: DesiredDocument) -> bytes:
    return seal(msgspec.json.encode(document), kid="key-1", key=KEY)


def later(world: World, version: int) -> DesiredDocument:
    return replace(DOCUMENT, version=version, expires_ms=world.cloud.now_ms + 10**9)


async def test_a_newer_document_is_configured_and_settled_then_kept_then_told(
    world: World,
) -> None:
    envelope = sealed_document(later(world, 7))
    world.loop.kept = lambda: bool(world.journal.card.desired)
    world.push(HubLeaf.DESIRED, envelope)
    await until(lambda: world.uplink.status().desired_version == 7)

    assert [document.version for document in world.loop.documents] == [7]
    await until(lambda: bool(world.journal.card.desired))
    assert world.loop.kept_before == [False]
    assert await world.journal.desired() == envelope
    world.lines.made[-1].cut()
    await until(lambda: len(world.lines.made) == 2)
    await until(lambda: world.uplink.status().synced)
    hello = msgspec.json.decode(world.lines.made[-1].sent[0][1])
    assert hello["desired_version"] == 7


@pytest.mark.parametrize(
    "changes",
    [{"version": 1}, {"version": 0}, {"farm_id": FarmId(HUB)}, {"expires_ms": 0}],
    ids=["held already", "older", "another farm's", "expired"],
)
async def test_a_document_that_is_old_or_not_ours_is_not_taken(
    world: World, changes: dict[str, object]
) -> None:
    document = msgspec.convert({**msgspec.to_builtins(later(world, 7)), **changes}, DesiredDocument)
    world.push(HubLeaf.DESIRED, sealed_document(document))
    await until(lambda: world.counts("desired refused") + world.counts("desired held already") == 1)

    assert world.loop.documents == []
    assert await world.journal.desired() is None


async def test_a_document_that_the_loop_refuses_is_not_kept_and_told_of(world: World) -> None:
    world.loop.refuses = "two fans on one relay"
    world.push(HubLeaf.DESIRED, sealed_document(later(world, 7)))
    await until(lambda: world.counts("desired refused") == 1)

    assert await world.journal.desired() is None
    assert world.uplink.status().desired_version == 1
    assert [row.kind for row in world.journal.recorded("events")] == ["e"]


async def test_a_document_that_the_disk_refuses_is_used_all_the_same(world: World) -> None:
    world.journal.trouble = JournalTimeout(5.0)
    world.push(HubLeaf.DESIRED, sealed_document(later(world, 7)))
    await until(lambda: world.counts("down not recorded") == 1)

    assert world.uplink.status().desired_version == 7
    assert await world.journal.desired() is None


async def test_a_document_that_the_disk_refused_is_sent_again_until_it_is_kept(
    world: World,
) -> None:
    envelope = sealed_document(later(world, 7))
    world.journal.trouble = JournalTimeout(5.0)
    world.push(HubLeaf.DESIRED, envelope)
    await until(lambda: world.counts("down not recorded") == 1)
    world.journal.trouble = None
    world.lines.made[-1].cut()
    await until(lambda: len(world.lines.made) == 2)
    await until(lambda: world.uplink.status().synced)
    hello = msgspec.json.decode(world.lines.made[-1].sent[0][1])
    world.push(HubLeaf.DESIRED, envelope)
    await until(lambda: bool(world.journal.card.desired))

    assert hello["desired_version"] == 1
    assert [document.version for document in world.loop.documents] == [7]
    await until(lambda: any(row.kind == "e" for row in world.journal.recorded("events")))
    world.push(HubLeaf.DESIRED, envelope)
    await until(lambda: world.counts("desired held already") == 1)


async def test_a_full_disk_keeps_rows_back_until_contact_is_noted_and_lets_the_rest_through() -> (
    None
):
    world = World()
    await world.journal.record(readings=[reading(1)], urgent=True)
    world.journal.trouble = JournalFull("no room")
    async with running(world):
        await until(lambda: world.uplink.status().synced)
        world.push(HubLeaf.DESIRED, sealed_document(later(world, 7)))
        await until(lambda: world.uplink.status().counts.get("rows not read", 0) > 0)
        await until(lambda: world.uplink.status().desired_version == 7)
        assert world.stored() == []
        world.journal.trouble = None
        await until(lambda: world.stored() == [1])
        assert world.journal.card.contacted


async def test_a_restored_card_begins_new_epochs_and_nothing_is_lost_or_doubled() -> None:
    world = World()
    async with running(world):
        await world.journal.record(readings=[reading(t) for t in range(10)], urgent=True)
        await until(lambda: world.stored() == list(range(10)))
    other = World()
    other.cloud.stored = world.cloud.stored
    await other.journal.record(readings=[reading(t) for t in range(5)], urgent=True)
    for name, stream in other.journal.card.streams.items():
        stream.epoch = world.journal.card.streams[name].epoch
    other.journal.card.streams["readings"].unsent_from = 6
    async with running(other):
        await other.journal.record(readings=[reading(99)], urgent=True)
        await until(lambda: 99 in other.stored())

    assert other.stored() == [*range(10), 99]


async def test_a_suspicious_photograph_follows_once_every_event_is_up(tmp_path: Path) -> None:
    photo = b"p" * (PART_BYTES + 5)
    (tmp_path / SUSPICIOUS).mkdir()
    (tmp_path / SUSPICIOUS / f"{UUID(int=7)}.jpg").write_bytes(photo)
    world = World(originals=Originals(tmp_path))
    await world.journal.record(events=[event(1)], urgent=True)

    async with running(world):
        await until(lambda: world.cloud.originals.get(UUID(int=7)) == photo)

    sent = [leaf for leaf, _ in world.lines.made[-1].sent]
    assert sent.index(HubLeaf.UP) < sent.index(HubLeaf.ORIGINAL)
    assert sent.count(HubLeaf.ORIGINAL) == 2


class SlowJudging(Judging):
    """Keeps the photograph at once, and says long after what is on it."""

    def __init__(self, folder: Path, *, waits_s: float) -> None:
        self._folder = folder
        self._waits_s = waits_s

    @override
    async def round(self, looks: Looks) -> Sequence[Looked]:
        [look] = looks.looks
        self._folder.mkdir()
        (self._folder / f"{look.id}.jpg").write_bytes(b"photo")
        await asyncio.sleep(self._waits_s)
        seen = msgspec.structs.replace(detection(1, house=HOUSE), id=look.id)
        return [Looked(id=look.id, detection=seen)]


async def test_a_photograph_waits_until_the_cloud_has_what_was_seen_on_it(tmp_path: Path) -> None:
    world = World(originals=Originals(tmp_path, untold=lambda: watch.untold))
    watch = Watch(
        PictureSettings(
            cameras=(Camera(name="front", house=HOUSE, kind="file", where="/front.jpg"),),
            every_s=1800,
            limit_bytes=10**8,
        ),
        folder=tmp_path,
        judging=SlowJudging(tmp_path / SUSPICIOUS, waits_s=5 * ORIGINALS_EVERY_S / TIMES),
        journal=world.journal,
        clock=world.clock,
        is_time_good=lambda: True,
        new_id=IdSource(world.clock).new,
    )

    async with running(world):
        await until(lambda: world.uplink.status().synced)
        watch.ask(HOUSE, WISH)
        looking = asyncio.create_task(watch.run())
        await until(lambda: len(world.cloud.originals) == 1)
        looking.cancel()

    sent = world.lines.made[-1].sent
    told = [b"detection.made" in payload for leaf, payload in sent if leaf is HubLeaf.UP]
    order = [leaf for leaf, _ in sent if leaf in {HubLeaf.UP, HubLeaf.ORIGINAL}]
    assert told == [True]
    assert order == [HubLeaf.UP, HubLeaf.ORIGINAL]
