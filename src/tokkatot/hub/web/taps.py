"""Orders that are given on the farm's own network: a person's orders like any other."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from tokkatot.domain.commands import AT_ONCE, Action, lifetime_ms
from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import ACTUATORS, LONGEST_HOLD_S, OFF, ON, Level
from tokkatot.domain.ids import HubId
from tokkatot.domain.orders import Order, OrderRefused, StateUnknown, hold_s, resolve
from tokkatot.domain.people import Right
from tokkatot.hub.loop import SILENT_FOR_S, ControlLoop
from tokkatot.hub.web.feed import Json
from tokkatot.hub.web.notebook import Notebook
from tokkatot.hub.web.people import Person
from tokkatot.hub.web.problems import HubProblem
from tokkatot.kit.clock import Clock
from tokkatot.kit.ids import IdSource
from tokkatot.wire.messages import Command, OrderAction

SESSION: Final = "farm"
"""Stands where an order of the cloud names the session in which it came."""

BEGIN_WITHIN_S: Final = 8.0
MAX_KEYS: Final = 128
MAX_KEY_CHARS: Final = 128

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
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._hub_id = hub_id
        self._control = control
        self._notes = notes
        self._clock = clock
        self._ids = ids
        self._given: OrderedDict[tuple[str, str], tuple[str, OrderBody, str]] = OrderedDict()

    async def give(
        self, device: DeviceConfig, body: OrderBody, person: Person, *, key: str | None
    ) -> Json:
        """Begin an order and return where it stands; with the same key it begins once.

        Raises:
            HubProblem: when the person may not, or the device could not.
        """
        if not person.may(Right.OPERATE):
            raise HubProblem("forbidden")
        if key is not None and len(key) > MAX_KEY_CHARS:
            raise HubProblem("validation_failed", "The Idempotency-Key is too long.")
        again = None if key is None else self._again(device, body, person, key)
        if again is not None:
            return again
        command = self._command(device, body, person)
        if key is not None:
            self._keep(person, key, (str(device.id), body, str(command.id)))
        self._notes.given_here(command.id)
        try:
            async with asyncio.timeout(BEGIN_WITHIN_S):
                await self._control.order(command)
        except TimeoutError:
            raise HubProblem("unavailable", "The hub's disk does not answer.") from None
        begun = self._notes.command(str(command.id))
        assert begun is not None, "control has told of it"
        return begun

    def _command(self, device: DeviceConfig, body: OrderBody, person: Person) -> Command:
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
            id=self._ids.new(),
            session=SESSION,
            device=device.id,
            action=_wire_action(action, level),
            value=level,
            issued=self._clock.now_ms(),
            ttl_ms=lifetime_ms(level),
            end_s=end_s,
            by=person.user_id,
        )

    def _again(
        self, device: DeviceConfig, body: OrderBody, person: Person, key: str
    ) -> Json | None:
        before = self._given.get((str(person.user_id), key))
        if before is None:
            return None
        if before[:2] != (str(device.id), body):
            raise HubProblem("idempotency_mismatch")
        known = self._notes.command(before[2])
        if known is None:
            raise HubProblem("unavailable", "The order is being begun.", retry_after_s=1)
        return known

    def _keep(self, person: Person, key: str, given: tuple[str, OrderBody, str]) -> None:
        self._given[str(person.user_id), key] = given
        if len(self._given) > MAX_KEYS:
            self._given.popitem(last=False)


def _wire_action(action: Action, level: Level) -> OrderAction:
    at_once = _AT_ONCE.get(action)
    return _WHOLE.get(level, "set_value") if at_once is None else at_once
