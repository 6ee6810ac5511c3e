"""Readings and orders come through kills of every process and breaks of every line."""

import asyncio
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random  # noqa: TID251 - seeded, to break the same things again

import psycopg
import pytest

from tests.support.chaos import Break, Chaos, Victim, plan
from tests.support.history import iso, ms, pages
from tests.support.ledger import Given, differences, miscounted, misdone, named
from tests.support.people import eventually
from tests.support.plant import Plant, Sources, plant
from tests.support.produced import QUANTITIES, Listed, Produced
from tests.support.readings import count_stored, put_back, stored_of, take_one
from tests.support.relay_node import moves
from tests.support.taps import Taps, final
from tokkatot.domain.devices import ON

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.xdist_group("proof")]

SEED = int(os.environ.get("TOKKATOT_TEST_SEED", "20261121"))  # noqa: TID251 - of the test run
RESULTS = Path("test-results")
LINES_PER_S = 110.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much goes through how many faults."""

    lines: int
    faults: dict[Victim | Break, int]
    orders: int
    offs: int
    settled_within_s: float


WHOLE = Size(
    lines=102_000,
    faults={
        Victim.HUB: 38,
        Victim.BROKER: 34,
        Victim.CLOUD: 34,
        Victim.POSTGRES: 4,
        Break.CUT: 28,
        Break.HALF_OPEN: 3,
        Break.DELAY: 4,
        Break.THROTTLE: 4,
    },
    orders=2_100,
    offs=1_000,
    settled_within_s=420,
)
TENTH = Size(
    lines=10_200,
    faults={
        Victim.HUB: 4,
        Victim.BROKER: 3,
        Victim.CLOUD: 3,
        Break.CUT: 3,
        Break.HALF_OPEN: 1,
        Break.DELAY: 1,
        Break.THROTTLE: 1,
    },
    orders=210,
    offs=0,
    settled_within_s=400,
)


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(TENTH, id="tenth", marks=pytest.mark.timeout(1500)),
        pytest.param(WHOLE, id="whole", marks=[pytest.mark.proof, pytest.mark.timeout(3500)]),
    ],
)
async def test_every_reading_arrives_once_and_no_order_is_done_twice(
    size: Size, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = Random(SEED)
    sources = Sources.of(size.lines, seed=SEED, lines_per_s=LINES_PER_S)
    kept = sum(1 for file in sources.both for quantity in QUANTITIES for _ in file.kept(quantity))
    began_s = asyncio.get_running_loop().time()
    with logs_kept(tmp_path):
        async with plant(tmp_path, sources) as running:
            chaos = Chaos(running, plan(random, size.faults))
            taps = Taps(running, Random(SEED), size.orders, size.offs)
            async with asyncio.TaskGroup() as group:
                group.create_task(chaos.run(kept))
                group.create_task(taps.run())
            running.check_running()
            given = await settled(running, sources, kept, size.settled_within_s)
            took_s = asyncio.get_running_loop().time() - began_s
            await check_readings(running, sources)
            await check_history(running, sources)
            check_orders(running, taps, given)
            check_the_checks(running, sources, given)
    figures = told(chaos, taps, given, sources, kept, took_s)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"proof-{size.lines}.json").write_text(figures + "\n")
    with capsys.disabled():
        print(figures)  # noqa: T201 - who runs the proof waits for it


@contextmanager
def logs_kept(folder: Path) -> Iterator[None]:
    """Lay what the processes wrote aside where a proof fails, and say where and of which seed."""
    try:
        yield
    except BaseException as error:
        kept = RESULTS / f"proof-{SEED}"
        shutil.rmtree(kept, ignore_errors=True)
        for path in (*folder.rglob("*.log"), *folder.glob("*.jsonl")):
            place = kept / path.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
        error.add_note(f"TOKKATOT_TEST_SEED={SEED}; the logs are in {kept.absolute()}")
        raise


async def settled(running: Plant, sources: Sources, kept: int, within_s: float) -> list[Given]:
    """Return all orders once everything has arrived and every order has its end."""

    async def all_stored() -> bool:
        return await running.stored() >= kept

    await eventually("all readings are stored", all_stored, within_s=within_s)
    house = running.site.house(running.house_id)
    refused = sum(file.refused().total() for file in sources.both)

    async def all_listed() -> bool:
        page = await house.person.get(f"{house.path}/readings/refused", limit=1)
        return int(page["total"]) >= refused

    await eventually("all refusals are listed", all_listed, within_s=within_s)
    return await final(running, within_s)


async def check_readings(running: Plant, sources: Sources) -> None:
    """Compare every row of the table, and every refusal, with what the files hold."""
    assert named(row_faults(running, sources)) == []
    produced: Counter[tuple[str, Listed]] = Counter()
    for file in sources.both:
        produced.update({(file.hardware_id, one): n for one, n in file.refused().items()})
    house = running.site.house(running.house_id)
    listed = Counter(
        [
            (running.devices[item["device_id"]], (item["quantity"], ms(item["t"]), item["raw"]))
            async for item in pages(house, "readings/refused")
        ]
    )
    assert named(miscounted(produced, listed)) == []
    assert stored_rows(running) + listed.total() == sum(file.cells for file in sources.both)


def row_faults(running: Plant, sources: Sources) -> Iterator[str]:
    """Yield every difference between the files and the table."""
    with psycopg.connect(running.servers.postgres.url()) as connection:
        for device_id, file in by_device(running, sources):
            for quantity in QUANTITIES:
                rows = stored_of(connection, [device_id], quantity)
                for fault in differences(file.kept(quantity), rows):
                    yield f"{file.hardware_id} {quantity} {fault}"


def stored_rows(running: Plant) -> int:
    with psycopg.connect(running.servers.postgres.url()) as connection:
        return count_stored(connection)


async def check_history(running: Plant, sources: Sources) -> None:
    """Ask the history route for every reading, page by page."""
    house = running.site.house(running.house_id)
    for device_id, file in by_device(running, sources):
        for quantity in QUANTITIES:
            one: dict[str, str] = {
                "raw": "true",
                "device": device_id,
                "quantity": quantity,
                "from": iso(file.first_ms),
            }
            found = [(ms(i["t"]) or 0, i["value"]) async for i in pages(house, "history", **one)]
            faults = differences(file.kept(quantity), found)
            assert named(faults) == [], f"{file.hardware_id} {quantity}"


def by_device(running: Plant, sources: Sources) -> Iterator[tuple[str, Produced]]:
    files = {file.hardware_id: file for file in sources.both}
    for device_id, name in running.devices.items():
        if name in files:
            yield device_id, files[name]


def check_orders(running: Plant, taps: Taps, given: list[Given]) -> None:
    """Hold the orders as the cloud has them against the moves that the relays wrote down."""
    assert {order.id for order in given} == taps.promised
    moved = list(moves(running.moves))
    assert named(misdone(given, moved, ON)) == []
    states = Counter(order.state for order in given)
    # Where all is slow, many come too late to be carried out.
    assert states["completed"] > len(given) / 10, states


def check_the_checks(running: Plant, sources: Sources, given: list[Given]) -> None:
    """Lose a row, double a row and do an order twice: none of it may pass."""
    with psycopg.connect(running.servers.postgres.url(), autocommit=True) as connection:
        taken = take_one(connection)
        (lost,) = row_faults(running, sources)
        for _ in range(2):
            put_back(connection, taken)
        (doubled,) = row_faults(running, sources)
    assert "lost" in lost
    assert "twice" in doubled
    moved = list(moves(running.moves))
    done = next(order for order in given if order.state == "completed")
    again = [move for move in moved if (move.device, move.level) == (done.device, done.level)]
    (twice,) = misdone(given, [*moved, *again], ON)
    assert "executed 2 times" in twice


def told(
    chaos: Chaos, taps: Taps, given: list[Given], sources: Sources, kept: int, took_s: float
) -> str:
    """Return the figures of a proof that held, as a line of JSON."""
    done = chaos.done
    return json.dumps(
        {
            "seed": SEED,
            "readings": kept,
            "refused": sum(file.refused().total() for file in sources.both),
            "kills": sum(done[victim] for victim in Victim),
            "breaks": sum(done[kind] for kind in Break),
            "each": dict(sorted(done.items())),
            "half_open_noticed_s": [round(each, 1) for each in chaos.noticed_s],
            "orders": len(given),
            "turned_away": taps.turned_away,
            "ends": dict(sorted(Counter(order.state for order in given).items())),
            "took_s": round(took_s),
        }
    )
