"""Orders that are given on the farm's own network: a person's orders like any other."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from tokkatot.domain.commands import AT_ONCE, Action, lifetime_ms
from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import ACTUATORS, LONGEST_HOLD_S, OFF, ON, Level
from tokkatot.domain.orders import Order, OrderRefused, StateUnknown, hold_s, resolve
from tokkatot.domain.people import Right
from tokkatot.hub.web.feed import Json
from tokkatot.hub.web.giving import SESSION, Giving
from tokkatot.hub.web.people import Person
from tokkatot.hub.web.problems import HubProblem
from tokkatot.wire.messages import Command, OrderAction

_WHOLE: Final[Mapping[Level, Literal["on", "off"]]] = {OFF: "off", ON: "on"}
_AT_ONCE: Final[Mapping[Action, Literal["auto", "reset"]]] = {
    Action.AUTO: "auto",
    Action.RESET: "reset",
}


class OrderBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What a device is to do."""

    action: Action
    value: Annotated[float, Meta(ge=OFF, le=ON)] | None = None
    duration_s: Annotated[int, Meta(ge=1, le=LONGEST_HOLD_S)] | None = None


class Taps:
    """Checks an order and hands it to control, which commits it before a relay moves."""

    def __init__(self, giving: Giving) -> None:
        self._giving = giving

    async def give(
        self, device: DeviceConfig, body: OrderBody, person: Person, *, key: str | None
    ) -> Json:
        """Begin an order and return where it stands; with the same key it begins once, ever.

        Raises:
            HubProblem: when the person may not, or the device could not.
        """
        if not person.may(Right.OPERATE):
            raise HubProblem("forbidden")
        what = b"%b %b" % (device.id.bytes, msgspec.json.encode(body))
        before = self._giving.keys.find(person, key, what)
        known = None if before is None else self._giving.notes.command(str(before))
        if known is not None:
            return known
        # What is begun under an id that control knows is not begun again.
        command = self._command(device, body, person, before or self._giving.ids.new())
        if before is None:
            await self._giving.keys.keep(person, key, what, command.id)
        self._giving.notes.given_here(command.id)
        await self._giving.begun(self._giving.control.order(command))
        begun = self._giving.notes.command(str(command.id))
        if begun is None:
            raise HubProblem("unavailable", "The order was given before; nobody knows it now.")
        return begun

    def _command(
        self, device: DeviceConfig, body: OrderBody, person: Person, command_id: UUID
    ) -> Command:
        if device.role not in ACTUATORS:
            raise HubProblem(
                "validation_failed",
                "This device takes no orders.",
                field=("path.device", "not_an_actuator"),
            )
        self._giving.check_quick()
        shown = self._giving.control.view.device(device.id)
        if not shown.online and body.action not in AT_ONCE:
            raise HubProblem("device_offline")
        asked = Order(action=body.action, value=body.value, duration_s=body.duration_s)
        try:
            action, level = resolve(asked, shown.actual)
            end_s = hold_s(device.role, action, level, body.duration_s)
        except OrderRefused as refused:
            raise HubProblem(
                "validation_failed", refused.detail, field=(refused.field, refused.code)
            ) from refused
        except StateUnknown:
            raise HubProblem("state_unknown") from None
        return Command(
            hub=self._giving.hub_id,
            id=command_id,
            session=SESSION,
            device=device.id,
            action=_wire_action(action, level),
            value=level,
            issued=self._giving.clock.now_ms(),
            ttl_ms=lifetime_ms(level),
            end_s=end_s,
            by=person.user_id,
        )


def _wire_action(action: Action, level: Level) -> OrderAction:
    at_once = _AT_ONCE.get(action)
    return _WHOLE.get(level, "set_value") if at_once is None else at_once
