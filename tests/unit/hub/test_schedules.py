"""Schedules in the hub: what moves, what is written, and what a restart remembers."""

from dataclasses import replace

from tests.support.engine import IDS, document
from tests.support.schedules import daily, schedule
from tests.unit.hub.conftest import Hub
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.ids import ScheduleId
from tokkatot.domain.schedules import Schedule, TimeBased
from tokkatot.wire.messages import ScheduleRunRow

FEEDER = DeviceRole.FEEDER


def breakfast() -> Schedule:
    # The test's clock begins at 07:00 in Phnom Penh.
    return schedule(TimeBased(start=daily("07:05"), duration_s=30, devices=(IDS[FEEDER],)))


def runs(hub: Hub) -> list[tuple[str, str | None]]:
    return [(row.outcome, row.reason) for row in hub.events("x") if isinstance(row, ScheduleRunRow)]


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
    hub.time_known = False
    await begin(hub)
    await hub.turn(600)
    assert runs(hub) == []
    assert hub.driver.levels[IDS[FEEDER]] == OFF


async def test_a_person_runs_a_schedule_now_and_an_unknown_one_is_not_run(hub: Hub) -> None:
    await begin(hub)
    assert hub.control.execute(breakfast().id)
    assert not hub.control.execute(ScheduleId(IDS[FEEDER]))
    await hub.turn()
    assert hub.driver.levels[IDS[FEEDER]] == ON
    assert runs(hub) == [("executed", "asked")]
