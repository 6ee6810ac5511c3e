"""What people order while the disk is full: what makes a house safe is done all the same."""

from uuid import UUID

import pytest

from tests.support.engine import IDS
from tests.unit.hub.conftest import Hub
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.hub.journal.port import JournalFull
from tokkatot.wire.messages import CommandRow

FAN, HEATER, LIGHT = DeviceRole.FAN, DeviceRole.HEATER, DeviceRole.LIGHT


async def test_nothing_moves_where_the_start_could_not_be_committed(hub: Hub) -> None:
    hub.journal.trouble = JournalFull("no room")
    command = hub.command(LIGHT, ON)
    await hub.control.order(command)
    hub.journal.trouble = None
    await hub.turn()
    assert hub.driver.levels[IDS[LIGHT]] == OFF
    assert hub.told(command)[-1:] in ([("refused", "journal_full")], [])


@pytest.mark.parametrize("role", [FAN, HEATER, LIGHT])
async def test_off_is_obeyed_though_the_disk_is_full(hub: Hub, role: DeviceRole) -> None:
    await hub.order(role, ON)
    hub.journal.trouble = JournalFull("no room")
    command = await hub.order(role, OFF)
    assert hub.driver.levels[IDS[role]] == OFF
    hub.journal.trouble = None
    await hub.turn()
    assert hub.told(command) == [("executing", None), ("completed", None)]


async def test_what_brings_a_device_to_its_rest_is_obeyed_though_the_disk_is_full(hub: Hub) -> None:
    await hub.order(FAN, OFF)
    await hub.turn(60)
    hub.journal.trouble = JournalFull("no room")
    await hub.order(FAN, ON)
    assert hub.driver.levels[IDS[FAN]] == ON


async def test_a_device_is_handed_back_though_the_disk_is_full(hub: Hub) -> None:
    await hub.order(LIGHT, ON)
    hub.journal.trouble = JournalFull("no room")
    released = await hub.give("auto", LIGHT)
    await hub.turn()
    assert hub.driver.levels[IDS[LIGHT]] == OFF
    assert hub.told(released)[-1] == ("completed", None)


async def test_an_order_without_its_start_on_the_disk_runs_once_in_a_life(hub: Hub) -> None:
    await hub.order(LIGHT, ON)
    hub.journal.trouble = JournalFull("no room")
    command = await hub.order(LIGHT, OFF, end_s=1)
    writes = len(hub.driver.writes)
    await hub.control.order(command)
    await hub.turn(2.0)
    hub.journal.trouble = None
    await hub.control.order(command)
    await hub.turn()
    assert len(hub.driver.writes) == writes
    assert hub.told(command) == [("executing", None), ("completed", None)]


async def test_off_waits_no_time_for_a_disk_that_is_known_to_be_full(hub: Hub) -> None:
    asked: list[UUID] = []

    async def begin_order(command_id: UUID, row: CommandRow) -> bool:
        asked.append(command_id)
        return await type(hub.journal).begin_order(hub.journal, command_id, row)

    hub.journal.begin_order = begin_order  # type: ignore[method-assign]
    lit = await hub.order(LIGHT, ON)
    hub.journal.trouble = JournalFull("no room")
    await hub.order(LIGHT, OFF)
    assert asked == [lit.id]


async def test_an_order_that_comes_again_while_the_disk_is_away_is_not_refused(hub: Hub) -> None:
    command = hub.command(LIGHT, ON)
    await hub.control.order(command)
    hub.journal.trouble = JournalFull("no room")
    await hub.control.order(command)
    hub.journal.trouble = None
    await hub.turn()
    await hub.turn()
    assert hub.told(command) == [("executing", None), ("completed", None)]
