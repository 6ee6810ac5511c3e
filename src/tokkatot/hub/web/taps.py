"""Orders that are given on the farm's own network: a person's orders like any other."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from tokkatot.domain.commands import AT_ONCE, Action, lifetime_ms
from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import ACTUATORS, LONGEST_HOLD_S, OFF, ON, Level
from tokkatot.domain.ids import HubId
from tokkatot.domain.orders import Order, OrderRefused, StateUnknown, hold_s, resolve
from tokkatot.domain.people import Right
from tokkatot.hub.loop import SILENT_FOR_S, ControlLoop
from tokkatot.hub.web.feed import Json
from tokkatot.hub.web.key_book import KeyBook
from tokkatot.hub.web.notebook import Notebook
from tokkatot.hub.web.people import Person
from tokkatot.hub.web.problems import HubProblem
from tokkatot.kit.clock import Clock
from tokkatot.kit.ids import IdSource
from tokkatot.wire.messages import Command, OrderAction

SESSION: Final = "farm"
"""Stands where an order of the cloud names the session in which it came."""

BEGIN_WITHIN_S: Final = 8.0

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

    def __init__(
        self,
        *,
        hub_id: HubId,
        control: ControlLoop,
        notes: Notebook,
        keys: KeyBook,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._hub_id = hub_id
        self._control = control
        self._notes = notes
        self._keys = keys
        self._clock = clock
        self._ids = ids

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
        before = self._keys.find(person, key, what)
        known = None if before is None else self._notes.command(str(before))
        if known is not None:
            return known
        # What is begun under an id that control knows is not begun again.
        command = self._command(device, body, person, before or self._ids.new())
        if before is None:
            await self._keys.keep(person, key, what, command.id)
        self._notes.given_here(command.id)
        try:
            async with asyncio.timeout(BEGIN_WITHIN_S):
                await self._control.order(command)
        except TimeoutError:
            raise HubProblem("unavailable", "The hub's disk does not answer.") from None
        begun = self._notes.command(str(command.id))
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
        if self._control.silent_s() >= SILENT_FOR_S:
            # It would begin later than the person expects.
            raise HubProblem("unavailable", "The hub is busy.", retry_after_s=2)
        shown = self._control.view.device(device.id)
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
            hub=self._hub_id,
            id=command_id,
            session=SESSION,
            device=device.id,
            action=_wire_action(action, level),
            value=level,
            issued=self._clock.now_ms(),
            ttl_ms=lifetime_ms(level),
            end_s=end_s,
            by=person.user_id,
        )


def _wire_action(action: Action, level: Level) -> OrderAction:
    at_once = _AT_ONCE.get(action)
    return _WHOLE.get(level, "set_value") if at_once is None else at_once
