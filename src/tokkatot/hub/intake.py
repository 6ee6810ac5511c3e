"""Sorts what came into the hub's inbox for the engine, and settles orders that it answers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

import structlog
from msgspec import Struct, field

from tokkatot.automation.inputs import (
    Asked,
    Contact,
    Loan,
    Order,
    Release,
    Report,
    Reset,
    Sample,
)
from tokkatot.automation.plan import Plan
from tokkatot.automation.state import Known
from tokkatot.domain.commands import AT_ONCE, Reason
from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import OFF, ON, DeviceRole, Interface, Level
from tokkatot.domain.ids import CommandId, DeviceId
from tokkatot.hub.acting import Acting, fits
from tokkatot.hub.drivers.port import Presence, Reported, Sampled, Stranger
from tokkatot.hub.inbox import Begun, Item, NotWritten
from tokkatot.hub.results import Results, level_in
from tokkatot.hub.view import WorldView
from tokkatot.wire.messages import Command, CommandRow

_BINARY = frozenset({Interface.RELAY, Interface.GPIO})

log = structlog.get_logger(__name__)


class Knowledge(Struct, frozen=True, kw_only=True):
    """What the loop knows when a turn begins."""

    plan: Plan
    devices: Mapping[DeviceId, DeviceConfig]
    known: Mapping[DeviceId, Known]
    now_s: float
    t_ms: int


class News(Struct):
    """What one turn found in the inbox, sorted for the engine; `finished` are orders it settled."""

    samples: list[Sample] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    orders: list[Asked] = field(default_factory=list)
    withdrawn: set[CommandId] = field(default_factory=set)
    finished: list[CommandRow] = field(default_factory=list)
    pressed: list[DeviceConfig] = field(default_factory=list)
    """Stop buttons that say that they are pressed: each stops its house."""
    loans: list[Loan] = field(default_factory=list)


class Intake:
    """Lets the screen, the writer and the open orders hear what is new, and then the engine."""

    def __init__(
        self,
        *,
        view: WorldView,
        acting: Acting,
        results: Results,
        note: Callable[..., None],
    ) -> None:
        self._view = view
        self._acting = acting
        self._results = results
        self._note = note

    def take(self, items: Iterable[Item], what: Knowledge) -> News:
        """Return what is new for the engine, and the orders that are at their end with it."""
        news = News()
        for item in items:
            news.finished.extend(self._sort(item, news, what))
        news.finished.extend(self._settle_late(news, what))
        return news

    def _sort(self, item: Item, news: News, what: Knowledge) -> Sequence[CommandRow]:
        match item:
            case Sampled():
                self._view.sensed(item.readings)
                news.samples.extend(
                    Sample(device_id=one.device_id, quantity=one.quantity, value=one.value)
                    for one in item.readings
                )
            case Reported() if _is_button(item.device_id, what):
                if item.level is not None and item.level > OFF:
                    news.pressed.append(what.devices[item.device_id])
            case Reported():
                self._acting.heard(item.device_id, item.level)
                news.reports.append(
                    Report(device_id=item.device_id, level=item.level, error=item.error)
                )
                return self._results.reported(
                    item.device_id, item.level, now_s=what.now_s, t_ms=what.t_ms
                )
            case Presence():
                self._view.contact(item.device_id, online=item.online)
                news.contacts.append(Contact(device_id=item.device_id, online=item.online))
            case Stranger():
                log.info("device.stranger", hardware_id=item.hardware_id, driver=item.driver)
                self._note(
                    "device.stranger",
                    hardware_id=item.hardware_id,
                    driver=item.driver,
                    detail=item.detail,
                )
            case NotWritten():
                return self._not_written(item, news, what.t_ms)
            case Begun():
                return self._begun(item.command, news, what)
            case Loan():
                news.loans.append(item)
        return ()

    def _begun(self, command: Command, news: News, what: Knowledge) -> Sequence[CommandRow]:
        level = level_in(command)
        device_id = DeviceId(command.device)
        device = what.devices.get(device_id)
        if device is not None and device.interface in _BINARY and level > OFF:
            level = ON
        actuator = what.plan.actuators.get(device_id)
        travel_s = 0 if actuator is None else actuator.spec.travel_s
        command_id = self._results.begin(
            command, level, travel_s=travel_s, now_s=what.now_s, t_ms=what.t_ms
        )
        if device is None:
            return self._results.refused(command_id, Reason.UNKNOWN_DEVICE, what.t_ms)
        if actuator is None:
            return self._results.refused(command_id, Reason.NOT_AN_ACTUATOR, what.t_ms)
        if command.action in AT_ONCE:
            release = command.action == "auto"
            news.orders.append((Release if release else Reset)(device_id=device_id))
            return [self._results.settle(command_id, "completed", None, what.t_ms)]
        if not self._acting.reaches(device_id) or not _is_online(device_id, news, what):
            return [self._results.settle(command_id, "failed", Reason.DEVICE_OFFLINE, what.t_ms)]
        news.orders.append(
            Order(command=command_id, device_id=device_id, level=level, hold_s=command.end_s)
        )
        return ()

    def _not_written(self, item: NotWritten, news: News, t_ms: int) -> Sequence[CommandRow]:
        log.warning("device.not_written", device=str(item.error.device_id), code=item.error.code)
        rows = self._results.not_written(item.order, _reason(item.error.code), t_ms)
        news.withdrawn.update(CommandId(UUID(row.command)) for row in rows)
        return rows

    def _settle_late(self, news: News, what: Knowledge) -> Sequence[CommandRow]:
        rows: list[CommandRow] = []
        for command_id, device_id, level in self._results.late(what.now_s):
            online = _is_online(device_id, news, what)
            if online and _does(device_id, level, what):
                # It did so before it was asked and has said nothing else since.
                rows.append(self._results.settle(command_id, "completed", None, what.t_ms))
                continue
            reason = Reason.DEVICE_TIMEOUT if online else Reason.DEVICE_OFFLINE
            rows.append(self._results.settle(command_id, "failed", reason, what.t_ms))
            # A person who was told that it failed does not expect it to begin later.
            news.withdrawn.add(command_id)
        return rows


def _is_button(device_id: DeviceId, what: Knowledge) -> bool:
    device = what.devices.get(device_id)
    return device is not None and device.role is DeviceRole.STOP_BUTTON


def _does(device_id: DeviceId, level: Level, what: Knowledge) -> bool:
    known = what.known.get(device_id)
    return known is not None and fits(known.level, level)


def _is_online(device_id: DeviceId, news: News, what: Knowledge) -> bool:
    told = [contact.online for contact in news.contacts if contact.device_id == device_id]
    known = what.known.get(device_id)
    return told[-1] if told else known is not None and known.online


def _reason(code: str) -> Reason:
    match code:
        case "timeout":
            return Reason.DEVICE_TIMEOUT
        case "broker_offline" | "not_sent":
            return Reason.DEVICE_OFFLINE
        case "unknown_device":
            return Reason.UNKNOWN_DEVICE
        case _:
            return Reason.DEVICE_ERROR
