"""Schedules in the hub: what moves, what is written, and what a restart remembers."""

from dataclasses import replace
from uuid import UUID

from tests.support.engine import HUB, IDS, document
from tests.support.schedules import daily, schedule
from tests.unit.hub.conftest import BY, Hub
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.ids import ScheduleId
from tokkatot.domain.schedules import Schedule, TimeBased
from tokkatot.hub.clock_sync import ClockQuality
from tokkatot.hub.journal.port import JournalFull
from tokkatot.wire.messages import Execute, ScheduleRunRow

FEEDER = DeviceRole.FEEDER


def breakfast() -> Schedule:
    # The test's clock begins at 07:00 in Phnom Penh.
    return schedule(TimeBased(start=daily("07:05"), duration_s=30, devices=(IDS[FEEDER],)))


def runs(hub: Hub) -> list[tuple[str, str | None]]:
    return [(row.outcome, row.reason) for row in hub.events("x") if isinstance(row, ScheduleRunRow)]


def answers(hub: Hub) -> list[tuple[str | None, str, str | None]]:
    """Return what was told of requests, in its order."""
    return [
        (row.request, row.outcome, row.reason)
        for row in hub.events("x")
        if isinstance(row, ScheduleRunRow)
    ]


def request(schedule_id: ScheduleId, number: int) -> Execute:
    return Execute(
        hub=HUB,
        id=UUID(int=20_000 + number),
        session="s",
        schedule=schedule_id,
        issued=0,
        ttl_ms=30_000,
        by=BY,
    )


async def begin(hub: Hub) -> None:
    await hub.configure(replace(document(), schedules=(breakfast(),)))
    await hub.turn()


async def test_a_schedule_moves_its_device_and_its_run_is_written_once(hub: Hub) -> None:
    await begin(hub)
    for _ in range(4):
        await hub.turn(60)
    assert hub.driver.levels[IDS[FEEDER]] == OFF
    await hub.turn(59)
    assert hub.driver.levels[IDS[FEEDER]] == ON
    for _ in range(40):
        await hub.turn(1)
    assert hub.driver.levels[IDS[FEEDER]] == OFF
    assert runs(hub) == [("executed", None)]


async def test_a_hub_that_was_off_tells_what_it_missed(hub: Hub) -> None:
    await begin(hub)
    hub.restart()
    hub.clock.advance(3600)
    await hub.control.recall()
    await begin(hub)
    await hub.turn(60)
    assert runs(hub) == [("skipped", "missed")]


async def test_a_run_that_was_told_is_not_told_again_after_a_restart(hub: Hub) -> None:
    await begin(hub)
    await hub.turn(299)
    await hub.turn(1)
    hub.restart()
    hub.clock.advance(5)
    await hub.control.recall()
    await begin(hub)
    await hub.turn(60)
    assert runs(hub) == [("executed", None)]


async def test_without_a_clock_nothing_is_due(hub: Hub) -> None:
    hub.clock_quality = ClockQuality.UNSET
    await begin(hub)
    await hub.turn(600)
    assert runs(hub) == []
    assert hub.driver.levels[IDS[FEEDER]] == OFF


async def test_a_person_runs_a_schedule_now_and_an_unknown_one_is_not_run(hub: Hub) -> None:
    await begin(hub)
    asked, unknown = request(breakfast().id, 1), request(ScheduleId(IDS[FEEDER]), 2)
    await hub.control.execute(asked)
    await hub.control.execute(unknown)
    await hub.turn()
    assert hub.driver.levels[IDS[FEEDER]] == ON
    assert answers(hub) == [
        (str(unknown.id), "skipped", "unknown_schedule"),
        (str(asked.id), "executed", "asked"),
    ]


async def test_a_request_runs_a_schedule_once_also_over_a_restart(hub: Hub) -> None:
    await begin(hub)
    asked = request(breakfast().id, 1)
    await hub.control.execute(asked)
    await hub.control.execute(asked)
    for _ in range(40):
        await hub.turn()
    hub.restart()
    await hub.control.recall()
    await begin(hub)
    await hub.control.execute(asked)
    await hub.turn()
    assert answers(hub) == [(str(asked.id), "executed", "asked")]


async def test_a_request_that_a_power_cut_interrupts_is_answered_and_not_repeated(hub: Hub) -> None:
    await begin(hub)
    hub.driver.stuck.add(IDS[FEEDER])
    asked = request(breakfast().id, 1)
    await hub.control.execute(asked)
    await hub.turn()
    hub.driver.stuck.clear()
    hub.restart()
    await hub.control.recall()
    await begin(hub)
    await hub.control.execute(asked)
    await hub.turn(60)
    assert answers(hub) == [(str(asked.id), "failed", "restarted")]


async def test_a_request_that_can_not_be_recorded_is_not_run(hub: Hub) -> None:
    await begin(hub)
    hub.journal.trouble = JournalFull("no room")
    asked = request(breakfast().id, 1)
    await hub.control.execute(asked)
    await hub.turn()
    assert hub.driver.levels[IDS[FEEDER]] == OFF
    assert answers(hub) == [(str(asked.id), "skipped", "journal_full")]
