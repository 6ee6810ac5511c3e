"""The hub's control loop: it takes what is new, lets the engine decide, and sees it done."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from tokkatot.automation.alarms import AlarmChange
from tokkatot.automation.engine import Decision, Step, step
from tokkatot.automation.inputs import Ask, Inputs
from tokkatot.automation.instant import Instant
from tokkatot.automation.plan import EMPTY_PLAN, Plan, plan_of, with_stops
from tokkatot.automation.runs import RunOutcome
from tokkatot.automation.state import State
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.commands import Reason, may_be_repeated
from tokkatot.domain.desired import DesiredDocument, DeviceConfig
from tokkatot.domain.devices import OFF, Level
from tokkatot.domain.ids import (
    AlertId,
    DeviceId,
    FarmId,
    HouseId,
    HubId,
    RequestId,
    ScheduleId,
    UserId,
)
from tokkatot.hub import memory, stops
from tokkatot.hub.acting import Acting
from tokkatot.hub.begun_runs import BegunRuns
from tokkatot.hub.clock_sync import ClockQuality
from tokkatot.hub.desired import check_desired
from tokkatot.hub.drivers.port import Driver, Presence
from tokkatot.hub.inbox import AskClockQuality, Begun, HubInbox
from tokkatot.hub.intake import Intake, Knowledge, News
from tokkatot.hub.journal.port import Answer, JournalError, JournalPort
from tokkatot.hub.losses import Losses
from tokkatot.hub.orders import run_row
from tokkatot.hub.results import Results, command_row, level_in
from tokkatot.hub.stops import Stops, Word
from tokkatot.hub.turns import Turns
from tokkatot.hub.view import WorldView
from tokkatot.kit.clock import Clock
from tokkatot.kit.ids import IdSource
from tokkatot.kit.waiting import Bell
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

TURN_EVERY_S: Final = 0.98
"""What is due is begun within a second of its moment, the way to the relay included."""
REST_WITHIN_S: Final = 3.0
SETTLE_WITHIN_S: Final = 2.0
HEAD_EVERY_MS: Final = 60_000
"""How often the lived wall time is kept while no run is told: a card is not written each second."""

MAX_UNWRITTEN: Final = 2_000
MAX_BEGUN: Final = 256
"""So many begun orders are known though the disk can't tell: more than come while one lives."""

SILENT_FOR_S: Final = 5.0
"""Control turns each second; one that did not for so long is stuck."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An alert that stands, and what it is about."""

    alert_id: AlertId
    type: AlertType
    house_id: HouseId
    device_id: DeviceId | None
    times: int


class ControlLoop:
    """Owns the engine's state; everything else talks to it through its inbox.

    A turn waits for nothing outside the process: rows are handed to the journal's buffer, levels
    to `Acting`, and what came of them returns through the inbox. But the turn that begins a
    schedule's run waits a moment for the disk, and lets the next one move what the run asks for.
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
        clock_quality: AskClockQuality,
    ) -> None:
        self.inbox = HubInbox(journal, clock, clock_quality=clock_quality)
        self.acting = Acting(inbox=self.inbox, clock=clock, ids=ids)
        self.view = WorldView()
        self.live_changed = Bell()
        self._farm_id = farm_id
        self._hub_id = hub_id
        self._journal = journal
        self._drivers = {driver.name: driver for driver in drivers}
        self._clock = clock
        self._ids = ids
        self._plan: Plan = EMPTY_PLAN
        self._devices: Mapping[DeviceId, DeviceConfig] = {}
        self._state = State()
        self._wanted: tuple[Decision, ...] = ()
        self._memories = memory.Memories()
        self._held: DesiredDocument | None = None
        self._stops = Stops()
        self._kept: dict[str, bytes] = {}
        self._kept_head_ms: int | None = None
        self._begun_runs = BegunRuns(journal)
        self._clock_quality = clock_quality
        self._asks: deque[Ask] = deque()
        self._seen: dict[AlertId, int] = {}
        self._begun: deque[UUID] = deque(maxlen=MAX_BEGUN)
        self._turned_s = clock.monotonic()
        self._turns = Turns()
        self._results = Results()
        self._intake = Intake(
            view=self.view, acting=self.acting, results=self._results, note=self.note
        )
        self.losses = Losses(drivers, self.inbox, journal, note=self.note)
        self._unwritten: deque[Row] = deque(maxlen=MAX_UNWRITTEN)

    # ----------------------------------------------------------------------- what the uplink asks

    def live(self) -> tuple[list[LiveReading], list[LiveDevice]]:
        """Return what is so now."""
        return self.view.live()

    async def order(self, command: Command) -> None:
        """Take a person's order that was found good; it is begun at most once, ever.

        What is safe to be done twice waits for no disk that is in trouble: it is begun at most once
        while this process lives, and in no later session.
        """
        t_ms = self._clock.now_ms()
        level = level_in(command)
        end_ms = t_ms + command.end_s * 1000
        started = command_row(command, level, "executing", None, t_ms=t_ms, end_ms=end_ms)
        try:
            begun = await self._begin(command, level, started)
        except JournalError as error:
            log.warning("order.not_begun", command=str(command.id), reason=error.reason)
            await self._journal.finish_order(
                command_row(
                    command, level, "refused", Reason.JOURNAL_FULL, t_ms=t_ms, end_ms=end_ms
                )
            )
            return
        if begun:
            self._begun.append(command.id)
        if begun and not self.inbox.tell(Begun(command=command)):
            await self._journal.finish_order(
                command_row(command, level, "failed", Reason.NO_ANSWER, t_ms=t_ms, end_ms=end_ms)
            )

    async def _begin(self, command: Command, level: Level, started: CommandRow) -> bool:
        """Tell whether an order begins now: its STARTED is on the disk, or can do without."""
        actuator = self._plan.actuators.get(DeviceId(command.device))
        rest = OFF if actuator is None else actuator.rest
        needs_disk = not may_be_repeated(command.action, level, rest=rest)
        if needs_disk or self._journal.condition() == "ok":
            try:
                return await self._journal.begin_order(command.id, started)
            except JournalError:
                if needs_disk and command.id not in self._begun:
                    raise
        if command.id in self._begun:
            return False  # it came again while it runs, and gets its answer from that
        await self._journal.note_begun(started)
        return True

    async def execute(self, request: Execute) -> None:
        """Run a schedule now, as a person asks; it is begun at most once, ever, and answered."""
        lost = run_row(request, "failed", Reason.RESTARTED, self._clock.now_ms())
        try:
            begun = await self._journal.begin_request(lost)
        except JournalError as error:
            if request.id in self._begun:
                return  # as with an order
            log.warning("execute.not_begun", request=str(request.id), reason=error.reason)
            full = run_row(request, "skipped", Reason.JOURNAL_FULL, self._clock.now_ms())
            await self._journal.finish_order(full)
            return
        if begun:
            self._begun.append(request.id)
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
        self._held = document
        self._plan = plan
        self._devices = {device.id: device for device in document.devices}
        self._heed_stops()
        for driver in self._drivers.values():
            driver.adopt([item for item in document.devices if self._driver_of(item) is driver])
        routes: dict[DeviceId, Driver] = {}
        for device in document.devices:
            driver = self._driver_of(device)
            if driver is not None and device.id in plan.actuators:
                routes[device.id] = driver
        self.acting.route(routes)
        self._wanted = ()
        self.inbox.wake.set()
        log.info("hub.configured", version=envelope_version, devices=len(document.devices))

    async def settle(self) -> None:
        """Return once a turn was taken by the document in force, and what it told is on the disk.

        Neither a disk in trouble nor a turn that does not end is waited for longer than a moment.
        """
        try:
            async with asyncio.timeout(SETTLE_WITHIN_S):
                await self._turns.whole()
                await self._journal.record(urgent=True)
        except (JournalError, TimeoutError) as error:
            log.warning("desired.not_settled", reason=str(error))

    async def stop(self, house_id: HouseId, *, stopped: bool, by: UserId) -> None:
        """Stop a house, or lift its stop, at a person's word on the farm.

        It holds at once, whatever the disk does; when this returns it is kept, unless the disk does
        not answer. For a house that this hub does not have there is nothing to do.
        """
        if not self._say_stop(house_id, stopped=stopped, by=by):
            return
        self.inbox.wake.set()
        self.flush()
        await self._keep(stops.NAME, self._stops.encode())
        try:
            await self._journal.record(urgent=True)
        except JournalError as error:
            log.warning("stop.not_kept", house=str(house_id), reason=error.reason)

    def _say_stop(
        self, house_id: HouseId, *, stopped: bool, by: UUID, device: DeviceId | None = None
    ) -> bool:
        """Let a word on a stop hold from now on; False where it says nothing new."""
        shown = self.view.document
        if shown is None:
            return False
        word = Word(stopped=stopped, t_ms=self._clock.now_ms(), version=shown.version)
        if not self._stops.say(house_id, word, shown, by_person=device is None):
            return False
        self._heed_stops()
        pressed = {} if device is None else {"device": str(device)}
        self.note("stop.changed", house=str(house_id), stopped=stopped, by=str(by), **pressed)
        return True

    def _heed_stops(self) -> None:
        """Show and do what people on the farm have said about the stops of the document."""
        assert self._held is not None, "a stop is of a house in a document"
        document = self._stops.apply(self._held)
        stopped = frozenset(house.id for house in document.houses if house.software_stop)
        self._plan = with_stops(self._plan, stopped)
        self.view.hold(document)

    async def recall(self) -> None:
        """Begin with the alarms, latches and words of people that an earlier run has left."""
        kept = await self._journal.state(memory.NAME)
        begun = self._begun_runs.recall()
        self._state = memory.recall(kept, self._clock.monotonic(), begun=begun)
        self._stops = Stops.decode(await self._journal.state(stops.NAME))

    def standing(self) -> list[Standing]:
        """Return the alerts that were raised and not cleared."""
        return [
            Standing(
                alert_id=alarm.alert_id,
                type=key.type,
                house_id=key.house_id,
                device_id=key.device_id,
                times=alarm.times,
            )
            for key, alarm in self._state.alarms.items()
            if alarm.alert_id is not None and alarm.stands
        ]

    def acknowledge(self, alert_id: AlertId, times: int) -> None:
        """Take that somebody here has seen an alert, as it was told for the nth time."""
        self._seen[alert_id] = times
        self.inbox.wake.set()

    # ------------------------------------------------------------------------------------- running

    async def run(self) -> None:
        """Take turns until cancelled: each second or at once for what is new, half of the time."""
        while True:
            await self.turn()
            # In a rush each reading would have a turn of its own, and those behind it no time.
            await self._clock.sleep(min(self.silent_s(), TURN_EVERY_S / 50))
            await self.inbox.wake.set_within(max(TURN_EVERY_S - self.silent_s(), 0.0))

    def silent_s(self) -> float:
        """Return how long ago the last turn began."""
        return self._clock.monotonic() - self._turned_s

    def note(self, kind: str, **data: str | float | bool | None) -> None:
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
        self._turns.begin()
        self.inbox.wake.clear()
        t_ms = self._clock.now_ms()
        is_time_known = self._clock_quality() is not ClockQuality.UNSET
        now = Instant(monotonic_s=self._clock.monotonic(), utc_ms=t_ms if is_time_known else None)
        self._turned_s = now.monotonic_s
        news = self._intake.take(
            self.inbox.drain(),
            Knowledge(
                plan=self._plan,
                devices=self._devices,
                known=self._state.known,
                now_s=now.monotonic_s,
                t_ms=t_ms,
            ),
        )
        finished: list[Answer] = [*news.finished]
        for button in news.pressed:
            self._say_stop(button.house_id, stopped=True, by=self._hub_id, device=button.id)
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
                seen=dict(self._seen),
                loans=tuple(news.loans),
            ),
            now,
        )
        self._asks.clear()
        self._seen.clear()
        self._state = result.state
        for ended in result.ended:
            finished.extend(self._results.ended(ended, t_ms))
        finished.extend(_run_row(run, t_ms) for run in result.runs if run.request is not None)
        self.losses.tell(now.monotonic_s)
        begun = self._begun_runs.new_in(result.state)
        starting = {run.schedule_id for run in begun}
        for decision in result.decisions if result.decisions != self._wanted else ():
            winner = decision.winner
            if winner.schedule in starting and not decision.cut_by:
                continue  # a crash must find on the disk what has moved something
            command = None if decision.cut_by else winner.command
            self.acting.want(decision.device_id, decision.target, command)
        self._wanted = () if starting else result.decisions
        await self._tell(result, news, finished, now, t_ms)
        if begun:
            has_room = not self._unwritten
            await self._begun_runs.keep(begun, self._plan.schedules, has_room=has_room)
            self.inbox.wake.set()
        self._turns.end()

    async def _tell(
        self, result: Step, news: News, finished: Sequence[Answer], now: Instant, t_ms: int
    ) -> None:
        states = self.view.decided(result.state, result.decisions, now, t_ms)
        rows: list[Row] = [
            *states,
            *(_alert_row(change, t_ms) for change in result.alarms),
            *(_run_row(run, t_ms) for run in result.runs if run.request is None),
        ]
        self._unwritten.extend(rows)
        self.flush()
        await self._keep(
            memory.NAME,
            self._memories.remember(result.state, now.monotonic_s, self._head_to_keep(result)),
        )
        await self._keep(stops.NAME, self._stops.encode())
        for row in finished:
            await self._journal.finish_order(row)
        if rows or finished or news.samples:
            self.live_changed.set()

    async def _keep(self, name: str, value: bytes) -> None:
        """Keep what changed, behind the rows: what is remembered as told is told for certain."""
        if self._unwritten or self._kept.get(name) == value:
            return
        try:
            await self._journal.keep_state(name, value)
        except JournalError:
            return  # no room yet: the next turn tries again
        self._kept[name] = value

    def _head_to_keep(self, result: Step) -> int | None:
        """Return how far wall time is kept: all of it where a run began or was told."""
        head_ms, kept_ms = result.state.timeline.head_ms, self._kept_head_ms
        changed = self._begun_runs.note(result.state)
        if head_ms is None:
            return None
        coarse = kept_ms is not None and 0 <= head_ms - kept_ms < HEAD_EVERY_MS
        if result.runs or changed or not coarse:
            self._kept_head_ms = head_ms
        return self._kept_head_ms

    def _driver_of(self, device: DeviceConfig) -> Driver | None:
        return self._drivers.get(str(device.address.get("driver")))

    def _new_alert_id(self) -> AlertId:
        return AlertId(self._ids.new())


def _run_row(run: RunOutcome, t_ms: int) -> ScheduleRunRow:
    return ScheduleRunRow(
        0,
        "x",
        str(run.schedule_id),
        t_ms if run.due_ms is None else run.due_ms,
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
        change.severity.value,
        change.times,
        change.key.about,
        change.name,
        None if change.under is None else str(change.under),
        change.shelved,
        change.flaps,
    )
