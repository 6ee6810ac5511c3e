"""Control: what comes in, what is done, and what is told of it."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

import pytest

from tests.support.engine import FARM, HOUSE, IDS, TANK, THERMOMETER, document
from tests.unit.hub.conftest import Hub
from tokkatot.automation.interlocks import Interlock
from tokkatot.domain.commands import Reason
from tokkatot.domain.desired import HouseConfig
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind
from tokkatot.domain.ids import DeviceId, HubId
from tokkatot.domain.quantities import Quality, Quantity, Refusal
from tokkatot.domain.readings import RefusedReading
from tokkatot.hub.clock_sync import ClockQuality
from tokkatot.hub.desired import DesiredRefused
from tokkatot.hub.drivers.port import Position, Presence, Reported, Sampled, Stranger
from tokkatot.wire.messages import AlertRow, DeviceStateRow, EventRow, ReadingRow

PUMP, FAN, HEATER, LIGHT, VENT = (
    DeviceRole.WATER_PUMP,
    DeviceRole.FAN,
    DeviceRole.HEATER,
    DeviceRole.LIGHT,
    DeviceRole.VENT,
)


async def test_at_its_start_a_hub_brings_every_actuator_to_where_it_belongs(hub: Hub) -> None:
    assert hub.driver.levels[IDS[FAN]] == ON
    assert hub.driver.levels[IDS[PUMP]] == OFF
    assert hub.driver.levels[IDS[HEATER]] == OFF


async def test_an_order_is_started_on_disk_moves_the_relay_and_is_completed(hub: Hub) -> None:
    command = await hub.order(LIGHT, ON)
    assert (IDS[LIGHT], ON, str(command.id)) in hub.driver.writes
    assert hub.told(command) == [("executing", None), ("completed", None)]
    states = [row for row in hub.events("s") if isinstance(row, DeviceStateRow)]
    last = [row for row in states if row.device == str(IDS[LIGHT])][-1]
    assert (last.actual, last.target) == (ON, ON)
    assert last.why is not None
    assert (last.why.source, last.why.command) == ("person", command.id)


async def test_an_order_that_comes_twice_runs_once(hub: Hub) -> None:
    command = await hub.order(LIGHT, ON, end_s=1)
    await hub.turn(2.0)
    assert hub.driver.levels[IDS[LIGHT]] == OFF
    await hub.control.order(command)
    await hub.turn()
    assert hub.driver.levels[IDS[LIGHT]] == OFF
    assert hub.told(command) == [("executing", None), ("completed", None)]


async def test_an_order_ends_by_itself(hub: Hub) -> None:
    await hub.order(LIGHT, ON, end_s=60)
    await hub.turn(59)
    assert hub.driver.levels[IDS[LIGHT]] == ON
    await hub.turn(2)
    assert hub.driver.levels[IDS[LIGHT]] == OFF


async def test_an_order_for_a_device_that_nobody_knows_is_refused(hub: Hub) -> None:
    command = hub.command(LIGHT, ON, device=UUID(int=999))
    await hub.control.order(command)
    await hub.turn()
    assert hub.told(command)[-1] == ("refused", "unknown_device")


async def test_an_order_for_a_sensor_is_refused(hub: Hub) -> None:
    command = hub.command(LIGHT, ON, device=TANK)
    await hub.control.order(command)
    await hub.turn()
    assert hub.told(command)[-1] == ("refused", "not_an_actuator")


async def test_an_order_for_a_device_that_is_offline_fails_and_does_not_wait(hub: Hub) -> None:
    hub.driver.observe(Presence(device_id=IDS[LIGHT], online=False))
    command = await hub.order(LIGHT, ON)
    assert hub.told(command)[-1] == ("failed", "device_offline")
    hub.driver.observe(Presence(device_id=IDS[LIGHT], online=True))
    await hub.turn()
    assert hub.driver.levels[IDS[LIGHT]] == OFF


async def test_an_order_that_an_interlock_cuts_is_refused_with_the_reason(hub: Hub) -> None:
    hub.sense(celsius=36.0)
    await hub.turn()
    command = await hub.order(FAN, OFF)
    assert hub.told(command)[-1] == ("refused", "hard_limit")
    assert hub.driver.levels[IDS[FAN]] == ON


async def test_the_software_stop_refuses_motion(hub: Hub) -> None:
    await hub.configure(document(software_stop=True))
    command = await hub.order(PUMP, ON)
    assert hub.told(command)[-1] == ("refused", "software_stop")


async def test_a_device_that_does_not_follow_fails_after_five_seconds_and_rests(hub: Hub) -> None:
    hub.driver.stuck.add(IDS[LIGHT])
    command = await hub.order(LIGHT, ON)
    await hub.turn(4.9)
    assert hub.told(command) == [("executing", None)]
    await hub.turn(0.2)
    assert hub.told(command)[-1] == ("failed", "device_timeout")
    hub.driver.stuck.clear()
    await hub.turn()
    assert hub.driver.levels[IDS[LIGHT]] == OFF, "who was told that it failed expects no light"


async def crawl(hub: Hub, levels: Iterable[float], *, every_s: float) -> None:
    for level in levels:
        hub.sense()
        hub.driver.observe(Reported(device_id=IDS[VENT], level=level))
        await hub.turn(every_s)


async def test_an_order_to_a_slow_drive_goes_on_while_it_comes_nearer(hub: Hub) -> None:
    hub.driver.stuck.add(IDS[VENT])
    command = await hub.order(VENT, OFF)
    await crawl(hub, range(100, 0, -5), every_s=20)
    assert hub.told(command) == [("executing", None)]
    await crawl(hub, [0.0], every_s=1)
    assert hub.told(command)[-1] == ("completed", None)


@pytest.mark.parametrize(
    ("role", "levels", "lasts_s"),
    [
        pytest.param(VENT, [], 5, id="says nothing"),
        pytest.param(VENT, [90.0, 80.0, 80.0, 90.0], 70, id="stands still on its way"),
        pytest.param(VENT, [100.0 - n / 10 for n in range(100)], 600, id="takes for ever"),
        pytest.param(LIGHT, [90.0, 80.0], 5, id="has no drive that is slow"),
    ],
)
async def test_an_order_to_a_slow_drive_fails_when(
    hub: Hub, role: DeviceRole, levels: list[float], lasts_s: float
) -> None:
    hub.driver.stuck.add(IDS[role])
    wanted = OFF if role is VENT else ON
    began_s = hub.clock.monotonic()
    command = await hub.order(role, wanted, end_s=3600)
    waiting = list(reversed(levels))
    while hub.told(command)[-1][0] == "executing":
        hub.sense()
        if waiting:
            level = waiting.pop()
            said = level if role is VENT else ON - level
            hub.driver.observe(Reported(device_id=IDS[role], level=said))
        await hub.turn(1 if role is LIGHT or not levels else 10)
    assert hub.told(command)[-1] == ("failed", "device_timeout")
    assert lasts_s <= hub.clock.monotonic() - began_s <= lasts_s + 11


async def test_a_device_that_can_not_be_asked_fails_at_once(hub: Hub) -> None:
    hub.driver.deaf.add(IDS[LIGHT])
    command = await hub.order(LIGHT, ON)
    await hub.turn()
    assert hub.told(command)[-1] == ("failed", "device_offline")
    hub.driver.deaf.clear()
    await hub.turn(40)
    assert hub.driver.levels[IDS[LIGHT]] == OFF


async def test_a_device_that_hangs_keeps_no_other_one_waiting(hub: Hub) -> None:
    hub.driver.slow.add(IDS[PUMP])
    await hub.order(PUMP, ON)
    command = await hub.order(LIGHT, ON)
    assert hub.told(command)[-1] == ("completed", None)


async def test_a_tap_on_what_is_on_already_is_confirmed(hub: Hub) -> None:
    await hub.order(LIGHT, ON)
    again = await hub.order(LIGHT, ON)
    assert hub.told(again)[-1] == ("completed", None)


async def test_a_newer_order_supersedes_one_that_was_not_confirmed(hub: Hub) -> None:
    hub.driver.stuck.add(IDS[LIGHT])
    first = await hub.order(LIGHT, ON)
    hub.driver.stuck.clear()
    second = await hub.order(LIGHT, OFF)
    assert hub.told(first)[-1] == ("failed", "superseded")
    assert hub.told(second)[-1] == ("completed", None)


async def test_a_relay_that_is_moved_by_another_hand_is_brought_back(hub: Hub) -> None:
    await hub.turn(10)
    hub.driver.levels[IDS[FAN]] = OFF
    hub.driver.observe(Reported(device_id=IDS[FAN], level=OFF))
    await hub.turn()
    assert hub.driver.levels[IDS[FAN]] == ON


async def test_a_level_for_a_relay_is_all_or_nothing(hub: Hub) -> None:
    await hub.order(LIGHT, 40.0)
    assert hub.driver.levels[IDS[LIGHT]] == ON


async def test_readings_are_recorded_and_shown(hub: Hub) -> None:
    hub.sense(celsius=27.5)
    await hub.turn()
    rows = [row for row in hub.journal.recorded("readings") if isinstance(row, ReadingRow)]
    assert (rows[-2].device, rows[-2].value, rows[-2].quality) == (str(THERMOMETER), 27.5, 0)
    shown, _ = hub.control.live()
    assert [item.value for item in shown if item.quantity == "temperature"] == [27.5]


@pytest.mark.parametrize("doubtful", [ClockQuality.UNSET, ClockQuality.ESTIMATED])
async def test_readings_are_marked_until_the_clock_is_known_to_be_right_and_stay_so(
    hub: Hub, doubtful: ClockQuality
) -> None:
    before = len(hub.journal.recorded("readings"))
    shown = []
    for quality in (doubtful, ClockQuality.GOOD):
        hub.clock_quality = quality
        hub.sense()
        await hub.turn()
        shown += [item.quality for item in hub.control.live()[0]]
    rows = hub.journal.recorded("readings")[before:]
    recorded = [row.quality for row in rows if isinstance(row, ReadingRow)]
    assert recorded == shown == [Quality.ESTIMATED] * 2 + [Quality.GOOD] * 2


async def test_a_reading_that_is_doubtful_for_another_reason_keeps_its_mark(hub: Hub) -> None:
    hub.clock_quality = ClockQuality.ESTIMATED
    reading = replace(
        hub.reading(THERMOMETER, Quantity.TEMPERATURE, 26.0), quality=Quality.IMPORTED
    )
    hub.driver.observe(Sampled(readings=(reading,), live=False))
    row = hub.journal.recorded("readings")[-1]
    assert isinstance(row, ReadingRow)
    assert row.quality == Quality.IMPORTED


async def test_refused_values_are_listed_among_the_readings(hub: Hub) -> None:
    refused = RefusedReading(
        device_id=THERMOMETER,
        quantity="temperature",
        t_ms=None,
        raw="-999",
        reason=Refusal.OUT_OF_RANGE,
    )
    hub.driver.observe(Sampled(refused=(refused,)))
    row = hub.journal.recorded("readings")[-1]
    assert isinstance(row, EventRow)
    assert (row.type, row.data["raw"], row.data["t"]) == ("reading.refused", "-999", None)
    assert row.t == hub.clock.now_ms()


async def test_history_is_recorded_with_its_position_and_steers_nothing(hub: Hub) -> None:
    hot = hub.reading(THERMOMETER, Quantity.TEMPERATURE, 50.0)
    await hub.control.inbox.put(
        Sampled(readings=(hot,), position=Position(source="file", value=7), live=False)
    )
    await hub.turn()
    assert await hub.journal.positions() == {"file": 7}
    shown, _ = hub.control.live()
    assert [item.value for item in shown if item.quantity == "temperature"] == [26.0]


async def test_a_stranger_is_noted_and_never_moved(hub: Hub) -> None:
    hub.driver.observe(Stranger(hardware_id="X-1", driver="fake", detail="status"))
    writes = len(hub.driver.writes)
    await hub.turn()
    event = hub.events("e")[-1]
    assert isinstance(event, EventRow)
    assert (event.type, event.data["hardware_id"]) == ("device.stranger", "X-1")
    assert len(hub.driver.writes) == writes


async def test_an_alarm_is_recorded_and_keeps_its_id_over_a_restart(hub: Hub) -> None:
    hub.sense(celsius=36.0)
    await hub.turn()
    raised = hub.events("a")[-1]
    assert isinstance(raised, AlertRow)
    hub.restart()
    await hub.control.recall()
    await hub.configure()
    hub.control.inbox.offer(
        Sampled(readings=(hub.reading(THERMOMETER, Quantity.TEMPERATURE, 26.0),))
    )
    await hub.control.turn()
    cleared = hub.events("a")[-1]
    assert isinstance(cleared, AlertRow)
    assert (cleared.change, cleared.alert, cleared.house) == ("cleared", raised.alert, str(HOUSE))


async def test_a_device_row_is_written_on_a_change_and_not_on_each_turn(hub: Hub) -> None:
    before = len(hub.events("s"))
    for _ in range(20):
        await hub.turn()
    assert len(hub.events("s")) == before


async def test_a_driver_that_breaks_takes_its_devices_offline(hub: Hub) -> None:
    hub.control.lost(hub.driver)
    await hub.turn()
    assert {device.online for device in hub.control.live()[1]} == {False}


async def test_a_document_for_another_hub_changes_nothing(hub: Hub) -> None:
    with pytest.raises(DesiredRefused, match="is for hub"):
        await hub.control.configure(replace(document(), hub_id=HubId(UUID(int=9))), 2)
    assert hub.control.view.document == document()


async def test_a_device_that_is_taken_away_is_brought_to_rest_and_let_go(hub: Hub) -> None:
    await hub.order(LIGHT, ON)
    left = document()
    devices = tuple(item for item in left.devices if item.id != IDS[LIGHT])
    await hub.configure(replace(left, devices=devices))
    assert hub.driver.levels[IDS[LIGHT]] == OFF
    assert IDS[LIGHT] not in hub.driver.devices
    assert str(IDS[LIGHT]) not in {device.device for device in hub.control.live()[1]}


async def test_new_set_points_are_in_force_at_the_next_turn(hub: Hub) -> None:
    warm = replace(DEFAULT_SETPOINTS[HouseKind.COOP], temperature_min_c=28.0)
    house = HouseConfig(id=HOUSE, number=1, name="House", kind=HouseKind.COOP, setpoints=warm)
    await hub.configure(replace(document(), houses=(house,)))
    await hub.turn()
    assert hub.driver.levels[IDS[HEATER]] == ON


async def test_a_hub_that_stops_brings_its_actuators_to_rest(hub: Hub) -> None:
    await hub.order(LIGHT, ON)
    await hub.order(PUMP, ON)
    await hub.control.rest()
    assert hub.driver.levels == {
        key: ON if key in {IDS[FAN], IDS[DeviceRole.VENT]} else OFF for key in hub.driver.levels
    }


async def test_events_wait_where_the_journal_has_no_room(hub: Hub) -> None:
    offer = hub.journal.offer
    hub.journal.offer = lambda **_: False  # type: ignore[method-assign]
    hub.control.note("test.noted", number=1.0)
    await hub.turn()
    hub.journal.offer = offer  # type: ignore[method-assign]
    await hub.turn()
    event = hub.events("e")[-1]
    assert isinstance(event, EventRow)
    assert event.type == "test.noted"


async def test_the_screen_is_told_when_something_changed(hub: Hub) -> None:
    hub.control.live_changed.clear()
    await hub.turn()
    assert not hub.control.live_changed.is_set()
    hub.sense(celsius=27.0)
    await hub.turn()
    assert hub.control.live_changed.is_set()


async def test_the_farm_of_a_document_is_checked(hub: Hub) -> None:
    strange = replace(document(), houses=())
    with pytest.raises(DesiredRefused, match="in no house"):
        await hub.control.configure(strange, 2)
    assert document().farm_id == FARM


async def test_devices_without_a_known_driver_are_shown_as_offline(hub: Hub) -> None:
    left = document()
    lone = replace(left.devices[0], id=DeviceId(UUID(int=300)), address={"driver": "nobody"})
    await hub.configure(replace(left, devices=(*left.devices, lone)))
    command = hub.command(PUMP, ON, device=lone.id)
    await hub.control.order(command)
    await hub.turn()
    assert hub.told(command)[-1] == ("failed", "device_offline")


# ------------------------------------------------------------------------ back to automatic, reset


async def test_auto_ends_a_persons_hold_and_is_completed_at_once(hub: Hub) -> None:
    await hub.order(DeviceRole.LIGHT, ON)
    assert hub.driver.levels[IDS[DeviceRole.LIGHT]] == ON
    released = await hub.give("auto", DeviceRole.LIGHT)
    assert hub.told(released) == [("executing", None), ("completed", None)]
    await hub.turn()
    assert hub.driver.levels[IDS[DeviceRole.LIGHT]] == OFF


async def test_auto_supersedes_an_order_that_waits_for_its_device(hub: Hub) -> None:
    hub.driver.stuck.add(IDS[DeviceRole.LIGHT])
    lit = await hub.order(DeviceRole.LIGHT, ON)
    await hub.give("auto", DeviceRole.LIGHT)
    assert hub.told(lit)[-1] == ("failed", "superseded")


async def test_a_device_that_is_away_is_handed_back_all_the_same(hub: Hub) -> None:
    await hub.order(DeviceRole.LIGHT, ON)
    hub.driver.observe(Presence(device_id=IDS[DeviceRole.LIGHT], online=False))
    await hub.turn()
    released = await hub.give("auto", DeviceRole.LIGHT)
    assert hub.told(released)[-1] == ("completed", None)


async def test_a_sensor_can_not_be_handed_back(hub: Hub) -> None:
    released = hub.command(DeviceRole.LIGHT, OFF, device=THERMOMETER, action="auto")
    await hub.control.order(released)
    await hub.turn()
    assert hub.told(released)[-1] == ("refused", "not_an_actuator")


@pytest.mark.parametrize("interlock", [one for one in Interlock if one is not Interlock.SETTLING])
def test_every_interlock_that_may_refuse_a_person_has_its_reason(interlock: Interlock) -> None:
    assert Reason(interlock).value == interlock.value


async def test_a_refused_order_names_the_interlock(hub: Hub) -> None:
    await hub.order(PUMP, ON)
    await hub.order(PUMP, OFF, end_s=1)
    await hub.turn(5)
    again = await hub.order(PUMP, ON)
    assert hub.told(again)[-1] == ("refused", "minimum_off")
