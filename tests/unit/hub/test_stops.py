"""The software stop by a word on the farm: at once, over restarts, until the cloud agrees."""

from dataclasses import replace
from uuid import UUID

import pytest

from tests.support.engine import HOUSE, HUB, IDS, document
from tests.unit.hub.conftest import BY, Hub
from tokkatot.domain.desired import DesiredDocument, DeviceConfig
from tokkatot.domain.devices import OFF, ON, DeviceRole, Interface
from tokkatot.domain.ids import DeviceId, HouseId, UserId
from tokkatot.hub.drivers.port import Reported
from tokkatot.hub.journal.port import JournalTimeout
from tokkatot.hub.stops import Stops
from tokkatot.wire.messages import EventRow

FAN, PUMP = DeviceRole.FAN, DeviceRole.WATER_PUMP
SOMEBODY = UserId(BY)
BUTTON = DeviceId(UUID(int=300))


def held(version: int, *, pressed_ms: int | None = None) -> DesiredDocument:
    """Return a version of the document, stopped at a moment or not at all."""
    whole = document()
    (house,) = whole.houses
    stopped = replace(house, software_stop=pressed_ms is not None, stopped_ms=pressed_ms)
    return replace(whole, version=version, houses=(stopped,))


def with_button() -> DesiredDocument:
    button = DeviceConfig(
        id=BUTTON,
        house_id=HOUSE,
        hardware_id="B",
        name="Stop",
        role=DeviceRole.STOP_BUTTON,
        interface=Interface.GPIO,
        address={"driver": "fake"},
    )
    whole = document()
    return replace(whole, devices=(*whole.devices, button))


async def say(hub: Hub, *, stopped: bool) -> None:
    await hub.control.stop(HOUSE, stopped=stopped, by=SOMEBODY)


def is_stopped(hub: Hub) -> bool:
    shown = hub.control.view.document
    assert shown is not None
    return shown.houses[0].software_stop


def told(hub: Hub) -> list[dict[str, object]]:
    return [
        dict(row.data)
        for row in hub.journal.recorded("events")
        if isinstance(row, EventRow) and row.type == "stop.changed"
    ]


async def restarted(hub: Hub, desired: DesiredDocument) -> None:
    hub.restart()
    await hub.control.recall()
    await hub.configure(desired)


async def test_a_stop_rests_the_pump_in_the_next_turn_and_keeps_the_fans(hub: Hub) -> None:
    await hub.order(PUMP, ON)
    assert hub.driver.levels[IDS[PUMP]] == ON
    await say(hub, stopped=True)
    assert hub.control.inbox.wake.is_set(), "control waits for no second to be over"
    await hub.turn(0)
    assert (hub.driver.levels[IDS[PUMP]], hub.driver.levels[IDS[FAN]]) == (OFF, ON)
    assert told(hub) == [{"house": str(HOUSE), "stopped": True, "by": str(BY)}]


async def test_the_same_word_again_and_one_about_another_house_say_nothing(hub: Hub) -> None:
    await say(hub, stopped=False)
    await say(hub, stopped=True)
    await say(hub, stopped=True)
    await hub.control.stop(HouseId(UUID(int=9)), stopped=True, by=SOMEBODY)
    assert len(told(hub)) == 1


async def test_a_hub_without_a_document_has_nothing_to_stop() -> None:
    hub = Hub()
    await say(hub, stopped=True)
    assert told(hub) == []


@pytest.mark.parametrize("stopped", [True, False])
async def test_the_last_word_outlasts_a_restart(hub: Hub, stopped: bool) -> None:
    before = held(1, pressed_ms=None if stopped else 5)
    await hub.configure(before)
    await say(hub, stopped=stopped)
    await restarted(hub, before)
    assert is_stopped(hub) is stopped


async def test_a_stop_holds_though_the_disk_does_not_answer(hub: Hub) -> None:
    await hub.order(PUMP, ON)
    hub.journal.trouble = JournalTimeout(5)
    await say(hub, stopped=True)
    await hub.turn(0)
    assert hub.driver.levels[IDS[PUMP]] == OFF


async def test_a_stop_stays_until_the_cloud_has_taken_it_over_and_lifted_it(hub: Hub) -> None:
    await say(hub, stopped=True)
    await hub.configure(held(2))
    assert is_stopped(hub)
    await hub.configure(held(3, pressed_ms=hub.clock.now_ms()))
    assert is_stopped(hub)
    await hub.configure(held(4))
    assert not is_stopped(hub)


async def test_a_lift_stays_until_the_cloud_has_taken_it_over(hub: Hub) -> None:
    pressed_ms = hub.clock.now_ms()
    await hub.configure(held(1, pressed_ms=pressed_ms))
    hub.clock.advance(60)
    await say(hub, stopped=False)
    await hub.configure(held(2, pressed_ms=pressed_ms))
    assert not is_stopped(hub)
    await hub.configure(held(3))
    await hub.configure(held(4, pressed_ms=hub.clock.now_ms()))
    assert is_stopped(hub)


async def test_a_stop_that_was_pressed_in_the_cloud_after_the_lift_holds(hub: Hub) -> None:
    await hub.configure(held(1, pressed_ms=hub.clock.now_ms() - 1000))
    await say(hub, stopped=False)
    await hub.configure(held(2, pressed_ms=hub.clock.now_ms() + 1))
    assert is_stopped(hub)


async def test_a_stop_that_the_cloud_has_pressed_already_is_told_of_once(hub: Hub) -> None:
    await hub.configure(held(1, pressed_ms=hub.clock.now_ms() - 1000))
    await say(hub, stopped=True)
    await say(hub, stopped=True)
    assert told(hub) == [{"house": str(HOUSE), "stopped": True, "by": str(BY)}]
    await say(hub, stopped=False)
    assert not is_stopped(hub)
    assert [word["stopped"] for word in told(hub)] == [True, False]


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_a_stop_beside_that_of_the_cloud_holds_until_the_cloud_has_heard_of_it(
    hub: Hub, *, is_restarted: bool
) -> None:
    pressed_ms = hub.clock.now_ms() - 1000
    before = held(1, pressed_ms=pressed_ms)
    await hub.configure(before)
    await say(hub, stopped=True)
    if is_restarted:
        await restarted(hub, before)
    # The cloud let the house go on before it heard of the second stop.
    await hub.configure(held(2))
    assert is_stopped(hub)
    await hub.configure(held(3, pressed_ms=hub.clock.now_ms()))
    await hub.configure(held(4))
    assert not is_stopped(hub)


async def test_a_stop_beside_that_of_the_cloud_is_lifted_with_it_once_it_was_heard(
    hub: Hub,
) -> None:
    pressed_ms = hub.clock.now_ms() - 1000
    await hub.configure(held(1, pressed_ms=pressed_ms))
    await say(hub, stopped=True)
    await hub.configure(held(2, pressed_ms=pressed_ms))
    assert is_stopped(hub)
    await hub.configure(held(3))
    assert not is_stopped(hub)


async def test_a_lift_of_what_the_cloud_never_stopped_lifts_no_later_stop(hub: Hub) -> None:
    hub.clock.jump(20 * 365 * 86_400)
    await say(hub, stopped=True)
    await say(hub, stopped=False)
    hub.clock.jump(-20 * 365 * 86_400)
    await hub.configure(held(2, pressed_ms=hub.clock.now_ms()))
    assert is_stopped(hub)


async def test_a_hub_whose_clock_is_wrong_lifts_a_stop_until_it_hears_from_the_cloud(
    hub: Hub,
) -> None:
    pressed_ms = hub.clock.now_ms()
    await hub.configure(held(1, pressed_ms=pressed_ms))
    hub.clock.jump(-20 * 365 * 86_400)
    await say(hub, stopped=False)
    await hub.turn()
    assert not is_stopped(hub)
    await restarted(hub, held(1, pressed_ms=pressed_ms))
    assert not is_stopped(hub)
    await hub.configure(held(2, pressed_ms=pressed_ms))
    assert is_stopped(hub)


async def test_a_stop_that_is_pressed_while_a_document_is_taken_over_is_not_lost(hub: Hub) -> None:
    whole = held(2)
    fewer = tuple(device for device in whole.devices if device.role is not DeviceRole.LIGHT)
    resting = hub.control.acting.rest

    async def rest(levels: dict[DeviceId, float], within_s: float) -> None:
        await say(hub, stopped=True)
        await resting(levels, within_s)

    hub.control.acting.rest = rest  # type: ignore[method-assign,assignment]  # a slow relay
    await hub.order(PUMP, ON)
    await hub.configure(replace(whole, devices=fewer))
    await hub.turn()
    assert is_stopped(hub)
    assert hub.driver.levels[IDS[PUMP]] == OFF


@pytest.mark.parametrize("kept", [b"", b"[]", b'{"x": [true, 1, 1]}', b"\xff"])
async def test_words_that_can_not_be_read_are_none(kept: bytes) -> None:
    assert Stops.decode(kept).encode() == Stops().encode() == Stops.decode(None).encode()


# ----------------------------------------------------------------------------------------- buttons


async def test_a_button_that_is_pressed_stops_its_house_in_the_same_turn(hub: Hub) -> None:
    await hub.configure(with_button())
    await hub.order(PUMP, ON)
    hub.driver.observe(Reported(device_id=BUTTON, level=ON))
    await hub.turn(0)
    assert (hub.driver.levels[IDS[PUMP]], hub.driver.levels[IDS[FAN]]) == (OFF, ON)
    assert told(hub) == [
        {"house": str(HOUSE), "stopped": True, "by": str(HUB), "device": str(BUTTON)}
    ]
    await restarted(hub, with_button())
    assert is_stopped(hub)


async def test_a_button_that_stays_pressed_says_nothing_new_of_a_stop_of_the_cloud(
    hub: Hub,
) -> None:
    (house,) = with_button().houses
    stopped = replace(house, software_stop=True, stopped_ms=hub.clock.now_ms())
    for version in (2, 3):
        await hub.configure(replace(with_button(), version=version, houses=(stopped,)))
        hub.driver.observe(Reported(device_id=BUTTON, level=ON))
        await hub.turn()
    assert told(hub) == []


@pytest.mark.parametrize("level", [OFF, None])
async def test_a_button_that_is_let_go_lifts_nothing(hub: Hub, level: float | None) -> None:
    await hub.configure(with_button())
    hub.driver.observe(Reported(device_id=BUTTON, level=ON))
    hub.driver.observe(Reported(device_id=BUTTON, level=level))
    await hub.turn()
    assert is_stopped(hub)


async def test_a_button_that_stays_pressed_stops_again_what_was_let_go_on(hub: Hub) -> None:
    await hub.configure(with_button())
    for _ in range(2):
        hub.driver.observe(Reported(device_id=BUTTON, level=ON))
        await hub.turn()
        assert is_stopped(hub)
        await say(hub, stopped=False)
