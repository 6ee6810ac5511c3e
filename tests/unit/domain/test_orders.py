"""What an order comes down to, and how long it holds."""

import pytest

from tokkatot.domain.commands import Action
from tokkatot.domain.devices import DeviceRole, Level
from tokkatot.domain.orders import Order, OrderRefused, StateUnknown, hold_s, resolve


@pytest.mark.parametrize(
    ("order", "actual", "expected"),
    [
        (Order(action=Action.ON), None, (Action.ON, 100.0)),
        (Order(action=Action.OFF), 100.0, (Action.OFF, 0.0)),
        (Order(action=Action.TOGGLE), 0.0, (Action.ON, 100.0)),
        (Order(action=Action.TOGGLE), 100.0, (Action.OFF, 0.0)),
        (Order(action=Action.TOGGLE), 30.0, (Action.OFF, 0.0)),
        (Order(action=Action.SET_VALUE, value=40.0), None, (Action.SET_VALUE, 40.0)),
        (Order(action=Action.AUTO), None, (Action.AUTO, 0.0)),
        (Order(action=Action.RESET), 100.0, (Action.RESET, 0.0)),
    ],
)
def test_an_order_comes_down_to_a_level(
    order: Order, actual: Level | None, expected: tuple[Action, Level]
) -> None:
    assert resolve(order, actual) == expected


def test_a_toggle_without_a_report_is_refused() -> None:
    with pytest.raises(StateUnknown):
        resolve(Order(action=Action.TOGGLE), None)


@pytest.mark.parametrize(
    "order",
    [
        Order(action=Action.SET_VALUE),
        Order(action=Action.ON, value=1.0),
        Order(action=Action.AUTO, value=0.0),
        Order(action=Action.AUTO, duration_s=60),
        Order(action=Action.RESET, duration_s=60),
    ],
)
def test_value_and_action_must_fit(order: Order) -> None:
    with pytest.raises(OrderRefused):
        resolve(order, None)


@pytest.mark.parametrize(
    ("role", "level", "wanted_s", "expected_s"),
    [
        (DeviceRole.WATER_PUMP, 100.0, None, 600),
        (DeviceRole.WATER_PUMP, 0.0, None, 1800),
        (DeviceRole.WATER_PUMP, 100.0, 1800, 1800),
        (DeviceRole.WATER_PUMP, 0.0, 43_200, 43_200),
        (DeviceRole.FAN, 100.0, 43_200, 43_200),
        (DeviceRole.VENT, 40.0, None, 3600),
    ],
)
def test_an_order_holds_as_long_as_was_asked_or_as_a_tap_means(
    role: DeviceRole, level: Level, wanted_s: int | None, expected_s: int
) -> None:
    assert hold_s(role, Action.SET_VALUE, level, wanted_s) == expected_s


@pytest.mark.parametrize("role", [DeviceRole.WATER_PUMP, DeviceRole.HEATER, DeviceRole.FAN])
def test_no_order_holds_longer_than_its_role_may(role: DeviceRole) -> None:
    with pytest.raises(OrderRefused):
        hold_s(role, Action.ON, 100.0, 43_201)


@pytest.mark.parametrize("action", [Action.AUTO, Action.RESET])
def test_what_is_done_at_once_holds_nothing(action: Action) -> None:
    assert hold_s(DeviceRole.WATER_PUMP, action, 0.0, None) == 1
