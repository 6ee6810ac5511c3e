"""The hub's control loop: it takes what is new, lets the engine decide, and sees it done."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog

from tokkatot.automation.alarms import AlarmChange
from tokkatot.automation.engine import Step, step
from tokkatot.automation.inputs import (
    Ask,
    Asked,
    Contact,
    Inputs,
    Order,
    Release,
    Report,
    Reset,
    Sample,
)
from tokkatot.automation.instant import Instant
from tokkatot.automation.plan import EMPTY_PLAN, Plan, plan_of
from tokkatot.automation.runs import RunOutcome
from tokkatot.automation.state import State
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.commands import AT_ONCE, Reason
from tokkatot.domain.desired import DesiredDocument, DeviceConfig
from tokkatot.domain.devices import OFF, ON, Interface, Level
from tokkatot.domain.ids import (
    AlertId,
    CommandId,
    DeviceId,
    FarmId,
    HouseId,
    HubId,
    RequestId,
    ScheduleId,
)
from tokkatot.hub.acting import Acting, fits
from tokkatot.hub.desired import check_desired
from tokkatot.hub.drivers.port import Driver, Presence, Reported, Sampled, Stranger
from tokkatot.hub.inbox import Begun, HubInbox, IsTimeKnown, Item, NotWritten
from tokkatot.hub.journal.port import Answer, JournalError, JournalPort
from tokkatot.hub.memory import NAME, recall, remember
from tokkatot.hub.orders import run_row
from tokkatot.hub.results import Results, command_row, level_in
from tokkatot.hub.view import WorldView
from tokkatot.kit.clock import Clock
from tokkatot.kit.ids import IdSource
from tokkatot.kit.waiting import set_within
from tokkatot.wire.messages import (
    AlertRow,
    Command,
    CommandRow,
    EventRow,
    Execute,
    LiveDevice,
    LiveReading,
    Row,
    ScheduleRunRow,
)

TURN_EVERY_S: Final = 1.0
REST_WITHIN_S: Final = 3.0
HEAD_EVERY_MS: Final = 60_000
"""How often the lived wall time is kept while no run is told: a card is not written each second."""

MAX_UNWRITTEN: Final = 2_000
SILENT_FOR_S: Final = 5.0
"""Control turns each second; one that did not for so long is stuck."""

_BINARY = frozenset({Interface.RELAY, Interface.GPIO})

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _News:
    """What one turn found in the inbox, sorted for the engine."""

    samples: list[Sample] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    orders: list[Asked] = field(default_factory=list)
    withdrawn: set[CommandId] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An alert that stands, and what it is about."""

    alert_id: AlertId
    type: AlertType
    house_id: HouseId
    device_id: DeviceId | None


class ControlLoop:
    """Owns the engine's state; everything else talks to it through its inbox.

    A turn waits for nothing outside the process: rows are handed to the journal's buffer, levels
    to `Acting`, and what came of them returns through the inbox.
    """

    def __init__(
        self,
        *,
        farm_id: FarmId,
        hub_id: HubId,
        journal: JournalPort,
        drivers: Sequence[Driver],
        clock: Clock,
        ids: IdSource,
        is_time_known: IsTimeKnown,
    ) -> None:
        self.inbox = HubInbox(journal, clock, is_time_known=is_time_known)
        self.acting = Acting(inbox=self.inbox, clock=clock, ids=ids)
        self.view = WorldView()
        self.live_changed = asyncio.Event()
        self._farm_id = farm_id
        self._hub_id = hub_id
        self._journal = journal
        self._drivers = {driver.name: driver for driver in drivers}
        self._clock = clock
        self._ids = ids
        self._plan: Plan = EMPTY_PLAN
        self._devices: Mapping[DeviceId, DeviceConfig] = {}
        self._state = State()
        self._remembered = remember(self._state)
        self._kept_head_ms: int | None = None
        self._begun_runs: set[tuple[ScheduleId, int | None]] = set()
        self._is_time_known = is_time_known
        self._asks: deque[Ask] = deque()
        self._turned_s = clock.monotonic()
        self._results = Results()
        self._unwritten: deque[Row] = deque(maxlen=MAX_UNWRITTEN)

    # ----------------------------------------------------------------------- what the uplink asks

    def live(self) -> tuple[list[LiveReading], list[LiveDevice]]:
        """Return what is so now."""
        return self.view.live()

    async def order(self, command: Command) -> None:
        """Take a person's order that was found good; it is begun at most once, ever."""
        t_ms = self._clock.now_ms()
        level = level_in(command)
        end_ms = t_ms + command.end_s * 1000
        started = command_row(command, level, "executing", None, t_ms=t_ms, end_ms=end_ms)
        try:
            begun = await self._journal.begin_order(command.id, started)
        except JournalError as error:
            log.warning("order.not_begun", command=str(command.id), reason=error.reason)
            await self._journal.finish_order(
                command_row(
                    command, level, "refused", Reason.JOURNAL_FULL, t_ms=t_ms, end_ms=end_ms
                )
            )
            return
        if begun and not self.inbox.tell(Begun(command=command)):
            await self._journal.finish_order(
                command_row(command, level, "failed", Reason.NO_ANSWER, t_ms=t_ms, end_ms=end_ms)
            )

    async def execute(self, request: Execute) -> None:
        """Run a schedule now, as a person asks; it is begun at most once, ever, and answered."""
        lost = run_row(request, "failed", Reason.RESTARTED, self._clock.now_ms())
        try:
            begun = await self._journal.begin_request(lost)
        except JournalError as error:
            log.warning("execute.not_begun", request=str(request.id), reason=error.reason)
            full = run_row(request, "skipped", Reason.JOURNAL_FULL, self._clock.now_ms())
            await self._journal.finish_order(full)
            return
        if begun:
            self._asks.append(
                Ask(schedule_id=ScheduleId(request.schedule), request=RequestId(request.id))
            )
            self.inbox.wake.set()

    async def configure(self, document: DesiredDocument, envelope_version: int) -> None:
        """Swap the houses and devices for those of a document.

        Raises:
            DesiredRefused: when this hub can't hold it; what was there before stays.
        """
        check_desired(document, farm_id=self._farm_id, hub_id=self._hub_id)
        recorded = frozenset(
            device.id
            for device in document.devices
            if (driver := self._driver_of(device)) is not None and not driver.steers
        )
        plan = plan_of(document, recorded=recorded)
        dropped = {
            actuator.id: actuator.rest
            for actuator in self._plan.actuators.values()
            if actuator.id not in plan.actuators
        }
        if dropped:
            await self.acting.rest(dropped, REST_WITHIN_S)
        self._plan = plan
        self._devices = {device.id: device for device in document.devices}
        self.view.hold(document)
        for driver in self._drivers.values():
            driver.adopt([item for item in document.devices if self._driver_of(item) is driver])
        routes: dict[DeviceId, Driver] = {}
        for device in document.devices:
            driver = self._driver_of(device)
            if driver is not None and device.id in plan.actuators:
                routes[device.id] = driver
        self.acting.route(routes)
        self.inbox.wake.set()
        log.info("hub.configured", version=envelope_version, devices=len(document.devices))

    async def recall(self) -> None:
        """Begin with the alarms and latches that an earlier run has left."""
        self._state = recall(await self._journal.state(NAME), self._clock.monotonic())
        self._remembered = remember(self._state)

    def standing(self) -> list[Standing]:
        """Return the alerts that were raised and not cleared."""
        return [
            Standing(
                alert_id=alarm.alert_id,
                type=key.type,
                house_id=key.house_id,
                device_id=key.device_id,
            )
            for key, alarm in self._state.alarms.items()
            if alarm.alert_id is not None
        ]

    # ------------------------------------------------------------------------------------- running

    async def run(self) -> None:
        """Take turns until cancelled: each second, and at once when something is new."""
        while True:
            await self.turn()
            await set_within(self.inbox.wake, TURN_EVERY_S)

    def silent_s(self) -> float:
        """Return how long ago the last turn began."""
        return self._clock.monotonic() - self._turned_s

    def note(self, kind: str, **data: str | float | None) -> None:
        """Write something that happened into the event log."""
        self._unwritten.append(EventRow(0, "e", self._clock.now_ms(), kind, dict(data)))

    def flush(self) -> None:
        """Hand what is to be recorded to the journal; without room there it waits here."""
        if self._unwritten and self._journal.offer(events=tuple(self._unwritten), urgent=True):
            self._unwritten.clear()

    def lost(self, driver: Driver) -> None:
        """Take all devices of a driver that broke as offline."""
        for device in self._devices.values():
            if self._driver_of(device) is driver:
                self.inbox.offer(Presence(device_id=device.id, online=False))

    async def rest(self) -> None:
        """Bring every actuator to rest, for a hub that stops."""
        levels = {actuator.id: actuator.rest for actuator in self._plan.actuators.values()}
        await self.acting.rest(levels, REST_WITHIN_S)

    async def turn(self) -> None:
        """Do everything that is due now."""
        self.inbox.wake.clear()
        t_ms = self._clock.now_ms()
        now = Instant(
            monotonic_s=self._clock.monotonic(), utc_ms=t_ms if self._is_time_known() else None
        )
        self._turned_s = now.monotonic_s
        news = _News()
        finished: list[Answer] = []
        for item in self.inbox.drain():
            finished.extend(self._sort(item, news, now.monotonic_s, t_ms))
        finished.extend(self._settle_late(news, now.monotonic_s, t_ms))
        result = step(
            self._plan,
            self._state,
            Inputs(
                new_alert_id=self._new_alert_id,
                samples=tuple(news.samples),
                reports=tuple(news.reports),
                contacts=tuple(news.contacts),
                orders=tuple(news.orders),
                withdrawn=frozenset(news.withdrawn),
                asks=tuple(self._asks),
            ),
            now,
        )
        self._asks.clear()
        self._state = result.state
        for ended in result.ended:
            finished.extend(self._results.ended(ended, t_ms))
        finished.extend(_run_row(run, t_ms) for run in result.runs if run.request is not None)
        for decision in result.decisions:
            winner = decision.winner
            order = None if winner.command is None or decision.cut_by else str(winner.command)
            self.acting.want(decision.device_id, decision.target, order)
        await self._tell(result, news, finished, now, t_ms)

    async def _tell(
        self, result: Step, news: _News, finished: Sequence[Answer], now: Instant, t_ms: int
    ) -> None:
        states = self.view.decided(result.state, result.decisions, now, t_ms)
        rows: list[Row] = [
            *states,
            *(_alert_row(change, t_ms) for change in result.alarms),
            *(_run_row(run, t_ms) for run in result.runs if run.request is None),
        ]
        self._unwritten.extend(rows)
        self.flush()
        memory = remember(result.state, self._head_to_keep(result))
        # Rows first: what is remembered as told is on the disk with them or not at all.
        if memory != self._remembered and not self._unwritten:
            await self._journal.keep_state(NAME, memory)
            self._remembered = memory
        for row in finished:
            await self._journal.finish_order(row)
        if rows or finished or news.samples:
            self.live_changed.set()

    def _head_to_keep(self, result: Step) -> int | None:
        """Return how far wall time is kept: all of it where a run began or was told."""
        head_ms, kept_ms = result.state.timeline.head_ms, self._kept_head_ms
        begun = {(run.schedule_id, run.due_ms) for run in result.state.runs.values()}
        if head_ms is None:
            return None
        coarse = kept_ms is not None and 0 <= head_ms - kept_ms < HEAD_EVERY_MS
        if result.runs or begun != self._begun_runs or not coarse:
            self._kept_head_ms = head_ms
        self._begun_runs = begun
        return self._kept_head_ms

    # ------------------------------------------------------------------------------- what is new

    def _sort(self, item: Item, news: _News, now_s: float, t_ms: int) -> Sequence[CommandRow]:
        """File one item for the engine; return the orders that it finishes."""
        match item:
            case Sampled():
                self.view.sensed(item.readings)
                news.samples.extend(
                    Sample(device_id=one.device_id, quantity=one.quantity, value=one.value)
                    for one in item.readings
                )
            case Reported():
                self.acting.heard(item.device_id, item.level)
                news.reports.append(
                    Report(device_id=item.device_id, level=item.level, error=item.error)
                )
                return self._results.reported(item.device_id, item.level, t_ms)
            case Presence():
                self.view.contact(item.device_id, online=item.online)
                news.contacts.append(Contact(device_id=item.device_id, online=item.online))
            case Stranger():
                log.info("device.stranger", hardware_id=item.hardware_id, driver=item.driver)
                self.note(
                    "device.stranger",
                    hardware_id=item.hardware_id,
                    driver=item.driver,
                    detail=item.detail,
                )
            case NotWritten():
                return self._not_written(item, news, t_ms)
            case Begun():
                return self._begun(item.command, news, now_s, t_ms)
        return ()

    def _begun(
        self, command: Command, news: _News, now_s: float, t_ms: int
    ) -> Sequence[CommandRow]:
        level = level_in(command)
        device_id = DeviceId(command.device)
        device = self._devices.get(device_id)
        if device is not None and device.interface in _BINARY and level > OFF:
            level = ON
        command_id = self._results.begin(command, level, now_s=now_s, t_ms=t_ms)
        if device is None:
            return self._results.refused(command_id, Reason.UNKNOWN_DEVICE, t_ms)
        if device_id not in self._plan.actuators:
            return self._results.refused(command_id, Reason.NOT_AN_ACTUATOR, t_ms)
        if command.action in AT_ONCE:
            release = command.action == "auto"
            news.orders.append((Release if release else Reset)(device_id=device_id))
            return [self._results.settle(command_id, "completed", None, t_ms)]
        if not self.acting.reaches(device_id) or not self._is_online(device_id, news):
            return [self._results.settle(command_id, "failed", Reason.DEVICE_OFFLINE, t_ms)]
        news.orders.append(
            Order(command=command_id, device_id=device_id, level=level, hold_s=command.end_s)
        )
        return ()

    def _not_written(self, item: NotWritten, news: _News, t_ms: int) -> Sequence[CommandRow]:
        log.warning("device.not_written", device=str(item.error.device_id), code=item.error.code)
        rows = self._results.not_written(item.order, _reason(item.error.code), t_ms)
        news.withdrawn.update(CommandId(UUID(row.command)) for row in rows)
        return rows

    def _settle_late(self, news: _News, now_s: float, t_ms: int) -> Sequence[CommandRow]:
        rows: list[CommandRow] = []
        for command_id, device_id, level in self._results.late(now_s):
            if self._still(device_id, level, news):
                # It did so before it was asked and has said nothing else since.
                rows.append(self._results.settle(command_id, "completed", None, t_ms))
                continue
            online = self._is_online(device_id, news)
            reason = Reason.DEVICE_TIMEOUT if online else Reason.DEVICE_OFFLINE
            rows.append(self._results.settle(command_id, "failed", reason, t_ms))
            # A person who was told that it failed does not expect it to begin later.
            news.withdrawn.add(command_id)
        return rows

    def _still(self, device_id: DeviceId, level: Level, news: _News) -> bool:
        known = self._state.known.get(device_id)
        return known is not None and self._is_online(device_id, news) and fits(known.level, level)

    def _is_online(self, device_id: DeviceId, news: _News) -> bool:
        told = [contact.online for contact in news.contacts if contact.device_id == device_id]
        known = self._state.known.get(device_id)
        return told[-1] if told else known is not None and known.online

    def _driver_of(self, device: DeviceConfig) -> Driver | None:
        name = device.address.get("driver")
        return self._drivers.get(name) if isinstance(name, str) else None

    def _new_alert_id(self) -> AlertId:
        return AlertId(self._ids.new())


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


def _run_row(run: RunOutcome, t_ms: int) -> ScheduleRunRow:
    due_ms = t_ms if run.due_ms is None else run.due_ms
    return ScheduleRunRow(
        0,
        "x",
        str(run.schedule_id),
        due_ms,
        t_ms,
        run.outcome.value,
        run.reason,
        None if run.request is None else str(run.request),
    )


def _alert_row(change: AlarmChange, t_ms: int) -> AlertRow:
    device_id = change.key.device_id
    return AlertRow(
        0,
        "a",
        str(change.alert_id),
        t_ms,
        change.key.type,
        change.change.value,
        str(change.key.house_id),
        None if device_id is None else str(device_id),
        change.threshold,
        change.actual,
    )
