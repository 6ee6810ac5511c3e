"""The hub as a whole in one process: it begins from its card alone and ends with all at rest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.bare_world import BareWorld
from tests.support.engine import FARM, HUB, document
from tests.support.engine import IDS as DEVICES
from tests.support.processes import free_port
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.devices import OFF, ON, DeviceRole, Level
from tokkatot.domain.quantities import Quality
from tokkatot.hub.config import BrokerAddress, CloudSettings, DriverSettings, HubConfig, WebSettings
from tokkatot.hub.folder import FolderRefused, own_folder
from tokkatot.hub.journal.journal import Journal
from tokkatot.hub.journal.settings import JournalSettings
from tokkatot.hub.main import Machine, run_hub
from tokkatot.kit.clock import Clock, SystemClock
from tokkatot.kit.ids import IdSource
from tokkatot.sim.disk import DiskVfs, SimDisk
from tokkatot.wire.envelope import seal
from tokkatot.wire.messages import EventRow, ReadingRow, Row, StreamName, decode_row

IDS = IdSource(SystemClock())
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PIN = "135790"
PATIENT = JournalSettings(timeout_s=60, start_timeout_s=60)


def wired() -> DesiredDocument:
    """Return a coop whose devices hang on channels named for their roles."""
    whole = document()
    return replace(
        whole,
        devices=tuple(
            replace(device, address={"driver": "house", "channel": str(device.role)})
            for device in whole.devices
        ),
    )


async def opened(folder: Path) -> Journal:
    clock = SystemClock()
    return await Journal.open(
        folder / "journal.sqlite", clock=clock, ids=IdSource(clock), settings=PATIENT
    )


async def keep(folder: Path, *envelopes: bytes) -> None:
    """Write documents onto a hub's card, the newest last."""
    journal = await opened(folder)
    for version, envelope in enumerate(envelopes, start=1):
        await journal.keep_desired(envelope, version)
    await journal.close()


async def recorded(folder: Path, stream: StreamName = "events") -> list[Row]:
    journal = await opened(folder)
    stretch = await journal.stretch(stream, 1, max_rows=500, max_bytes=10**6)
    await journal.close()
    return [] if stretch is None else [decode_row(raw) for raw in stretch.rows]


def config(folder: Path, port: int) -> HubConfig:
    return HubConfig(
        folder=folder,
        hub_id=HUB,
        farm_id=FARM,
        data_dir=folder,
        # Nobody listens there: the hub has to do without its cloud.
        cloud=CloudSettings(
            broker=BrokerAddress(
                host="127.0.0.1", port=free_port(), tls=False, login="x", password="x"
            ),
            keys={"k1": KEY.public_key()},
        ),
        web=WebSettings(host="127.0.0.1", port=port, pin=PIN),
        nodes=None,
        drivers=(
            DriverSettings(
                name="house", kind="simulated", options={"house": "coop", "tick_s": 0.05}
            ),
        ),
    )


def machine_of(world: BareWorld, *, is_clock_synchronised: bool = False) -> Machine:
    return Machine(
        clock=SystemClock(),
        is_clock_synchronised=lambda: is_clock_synchronised,
        random=lambda: 1.0,
        random_bytes=token_bytes,
        software="test",
        worlds={"house": world},
    )


@asynccontextmanager
async def running(
    folder: Path, world: BareWorld, port: int, machine: Machine | None = None
) -> AsyncIterator[None]:
    machine = machine or machine_of(world)
    task = asyncio.create_task(run_hub(config(folder, port), machine))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
    assert task.cancelled()


async def until_on(world: BareWorld, channel: str) -> None:
    await until_level(world, channel, ON)


async def until_level(world: BareWorld, channel: str, level: Level) -> None:
    async with asyncio.timeout(60):
        while world.level(channel) != level:
            await asyncio.sleep(0.01)


async def ordered(port: int, role: DeviceRole, action: str) -> tuple[str, str | None]:
    """Give an order on the hub's own page; return its state there, and the reason."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as web:
        entered = await web.post("/v1/auth/hub-pass", json={"pin": PIN})
        web.headers["Authorization"] = f"Bearer {entered.json()['access_token']}"
        path = f"/v1/farms/{FARM}/devices/{DEVICES[role]}/commands"
        given = (await web.post(path, json={"action": action})).json()
    return given["state"], given["reason"]


async def until_journal_is(condition: str, port: int) -> None:
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as web,
        asyncio.timeout(60),
    ):
        while True:
            with suppress(httpx.TransportError):
                if (await web.get("/health")).json()["journal"] == condition:
                    return
            await asyncio.sleep(0.05)


def sealed(body: bytes) -> bytes:
    return seal(body, kid="k1", key=KEY)


@pytest.fixture
def world() -> BareWorld:
    world = BareWorld()
    world.shows = {"climate_sensor.temperature": 20.0, "water_level_sensor.water_level": 10.0}
    return world


async def test_a_hub_without_a_cloud_controls_by_what_its_card_holds_and_rests_when_it_ends(
    tmp_path: Path, world: BareWorld
) -> None:
    await keep(tmp_path, sealed(msgspec.json.encode(wired())))
    port = free_port()
    async with running(tmp_path, world, port):
        await until_on(world, "water_pump")
        await until_on(world, "heater")
        assert world.level("fan") == OFF
        await until_journal_is("ok", port)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as web:
            assert (await web.get("/health")).json()["status"] == "ok"
            state = (await web.get("/v1/state")).json()
        assert (state["configured"], state["sync"]["connected"]) == (1, False)
    assert {role: world.level(role) for role in ("water_pump", "heater", "fan", "vent")} == {
        "water_pump": OFF,
        "heater": OFF,
        "fan": ON,
        "vent": ON,
    }
    kinds = [row.type for row in await recorded(tmp_path) if isinstance(row, EventRow)]
    assert (kinds[0], kinds[-1]) == ("hub.started", "hub.stopped")


@pytest.mark.parametrize("is_new", [False, True])
async def test_a_hub_that_starts_on_a_full_disk_controls_and_writes_when_there_is_room(
    tmp_path: Path, world: BareWorld, *, is_new: bool
) -> None:
    disk = SimDisk()
    vfs = DiskVfs("full-hub", disk)

    async def open_there(path: Path, clock: Clock, ids: IdSource) -> Journal:
        return await Journal.open(path, clock=clock, ids=ids, vfs=vfs.name, settings=PATIENT)

    await keep(tmp_path, sealed(msgspec.json.encode(wired())))
    if not is_new:
        await (await open_there(tmp_path / "journal.sqlite", SystemClock(), IDS)).close()
    disk.is_full = True
    port = free_port()
    machine = replace(machine_of(world), open_journal=open_there)
    async with running(tmp_path, world, port, machine):
        await until_on(world, "water_pump")
        await until_journal_is("full", port)
        assert await ordered(port, DeviceRole.WATER_PUMP, "off") == ("executing", None)
        await until_level(world, "water_pump", OFF)
        assert await ordered(port, DeviceRole.LIGHT, "on") == ("refused", "journal_full")
        assert world.level("light") == OFF
        disk.is_full = False
        await until_journal_is("ok", port)
    journal = await open_there(tmp_path / "journal.sqlite", SystemClock(), IDS)
    stretch = await journal.stretch("events", 1, max_rows=500, max_bytes=10**6)
    assert stretch is not None
    first = decode_row(stretch.rows[0])
    assert isinstance(first, EventRow)
    assert first.type == "hub.started"
    await journal.close()
    vfs.die()
    vfs.unregister()


async def test_a_hub_ends_in_good_order_on_a_full_disk(tmp_path: Path, world: BareWorld) -> None:
    disk = SimDisk()
    vfs = DiskVfs("full-end", disk)

    async def open_there(path: Path, clock: Clock, ids: IdSource) -> Journal:
        return await Journal.open(path, clock=clock, ids=ids, vfs=vfs.name, settings=PATIENT)

    await keep(tmp_path, sealed(msgspec.json.encode(wired())))
    machine = replace(machine_of(world), open_journal=open_there)
    async with running(tmp_path, world, free_port(), machine):
        await until_on(world, "water_pump")
        disk.is_full = True
    assert world.level("water_pump") == OFF
    vfs.die()
    vfs.unregister()


@pytest.mark.parametrize(
    ("is_clock_synchronised", "quality"), [(False, Quality.ESTIMATED), (True, Quality.GOOD)]
)
async def test_without_a_cloud_readings_are_good_where_the_machine_is_synchronised(
    tmp_path: Path, world: BareWorld, *, is_clock_synchronised: bool, quality: Quality
) -> None:
    await keep(tmp_path, sealed(msgspec.json.encode(wired())))
    machine = machine_of(world, is_clock_synchronised=is_clock_synchronised)
    async with running(tmp_path, world, free_port(), machine):
        await until_on(world, "water_pump")
    rows = await recorded(tmp_path, "readings")
    assert {row.quality for row in rows if isinstance(row, ReadingRow)} == {quality}


async def test_a_newest_document_that_is_not_understood_gives_way_to_the_one_before_it(
    tmp_path: Path, world: BareWorld
) -> None:
    await keep(tmp_path, sealed(msgspec.json.encode(wired())), sealed(b"{}"))
    async with running(tmp_path, world, free_port()):
        await until_on(world, "water_pump")
    assert world.level("water_pump") == OFF


async def test_a_port_that_is_taken_costs_the_web_and_not_the_flock(
    tmp_path: Path, world: BareWorld
) -> None:
    await keep(tmp_path, sealed(msgspec.json.encode(wired())))
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = int(taken.sockets[0].getsockname()[1])
    async with running(tmp_path, world, port):
        await until_on(world, "water_pump")
    taken.close()
    assert world.level("water_pump") == OFF


def test_a_folder_takes_one_hub_at_a_time(tmp_path: Path) -> None:
    with (
        own_folder(tmp_path / "data"),
        pytest.raises(FolderRefused, match="Another hub"),
        own_folder(tmp_path / "data"),
    ):
        raise AssertionError("it was not to be had")
    with own_folder(tmp_path / "data"):
        assert list((tmp_path / "data").iterdir()) == [], "a full disk has no room for a file"


def test_a_folder_that_can_not_be_made_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderRefused, match="can't be used"), own_folder(tmp_path / "file/x"):
        raise AssertionError("it was not to be had")
