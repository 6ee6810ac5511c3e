"""Notes what the hub's journal is told, as far as its page shows it."""

from collections import OrderedDict, deque
from typing import Final
from uuid import UUID

from tokkatot.domain.commands import Action, CommandState, can_move, is_final
from tokkatot.domain.desired import DesiredDocument, DeviceConfig
from tokkatot.domain.devices import OFF, ON
from tokkatot.domain.ids import UserId
from tokkatot.hub.journal.port import JournalPort
from tokkatot.hub.loop import ControlLoop
from tokkatot.hub.web.alert_book import ACKNOWLEDGED, AlertBook
from tokkatot.hub.web.feed import Feed, Json
from tokkatot.hub.web.history import History
from tokkatot.hub.web.people import People
from tokkatot.hub.web.run_book import ASKED, RunBook
from tokkatot.hub.web.seen_book import SeenBook
from tokkatot.hub.web.stop_book import CHANGED, StopBook
from tokkatot.hub.web.views import device_state, iso
from tokkatot.kit.clock import Clock
from tokkatot.wire.messages import (
    AlertRow,
    CommandRow,
    DeviceStateRow,
    EventRow,
    ReadingRow,
    Row,
    ScheduleRunRow,
)
from tokkatot.wire.pictures import DETECTION, PHOTOGRAPH_FAILED

MAX_COMMANDS: Final = 256
MAX_PENDING: Final = 2_000
"""So many rows may come while older ones are read; more than that no screen shows."""


class Notebook:
    """Keeps orders, alerts, runs and readings; everything in it has a limit.

    Until somebody comes to the page it notes nothing, since the journal knows it all.
    """

    def __init__(
        self,
        *,
        control: ControlLoop,
        journal: JournalPort,
        people: People,
        feed: Feed,
        clock: Clock,
    ) -> None:
        self._control = control
        self._people = people
        self._feed = feed
        self._awake = False
        self._pending: deque[Row] | None = None
        self._commands: OrderedDict[str, Json] = OrderedDict()
        self._given_here: OrderedDict[str, None] = OrderedDict()
        self._news: dict[tuple[str, str], ReadingRow] = {}
        self.history = History()
        self.stops = StopBook(journal)
        self.runs = RunBook(name=self._schedule_name, person=self.person)
        self.alerts = AlertBook(
            standing=control.standing,
            device_name=self._device_name,
            person=self.person,
            began_ms=clock.now_ms(),
        )
        self.seen = SeenBook(self.alerts.open_about)

    @property
    def document(self) -> DesiredDocument | None:
        """Return the desired document that is in force."""
        return self._control.view.document

    def device(self, device_id: str) -> DeviceConfig | None:
        """Return a device of the document."""
        return self._control.view.named(device_id)

    # ----------------------------------------------------------------------------- what it is told

    def listen(self) -> None:
        """Keep what comes from now on until the older rows are read."""
        self._pending = deque(maxlen=MAX_PENDING)

    def recall(self, row: Row) -> None:
        """Note a row from before; nobody is told of it."""
        self._note(row)

    def wake(self) -> None:
        """Note what came meanwhile, and from now on each row as it comes."""
        pending, self._pending = self._pending or (), None
        self._awake = True
        for row in pending:
            self._note(row)

    def take(self, row: Row) -> None:
        """Note a row and tell of it; it is called from within control, so it does little."""
        self.stops.heed(row)
        if self._pending is not None:
            self._pending.append(row)
        if not self._awake:
            return
        told = self._note(row)
        if told is not None:
            self._feed.tell(*told)

    def _note(self, row: Row) -> tuple[str, Json] | None:
        """Note a row; return what the pages are told."""
        match row:
            case ReadingRow():
                self.history.add(row)
                if self._feed.watched:
                    self._news[row.device, row.quantity] = row
                return None
            case DeviceStateRow():
                device = self.device(row.device)
                return None if device is None else ("device.state", device_state(device, row))
            case CommandRow():
                return self._command(row)
            case AlertRow():
                return "alert.changed", self.alerts.take(row)
            case ScheduleRunRow():
                return "schedule.executed", self.runs.take(row)
            case EventRow():
                return self._event(row)
            case _:
                return None  # gaps are for the cloud's log

    def flush(self) -> None:
        """Tell the readings that are new."""
        houses: dict[str, list[object]] = {}
        for row in self._news.values():
            device = self.device(row.device)
            if device is not None:
                houses.setdefault(str(device.house_id), []).append(
                    (row.device, row.quantity, row.t, row.value, row.quality)
                )
        self._news.clear()
        for house_id, values in houses.items():
            self._feed.show("readings", {"house_id": house_id, "values": values})

    # -------------------------------------------------------------------------------------- orders

    def given_here(self, command_id: UUID) -> None:
        """Note that an order was given on this page; before it is begun."""
        self._given_here[str(command_id)] = None
        if len(self._given_here) > MAX_COMMANDS:
            self._given_here.popitem(last=False)

    def command(self, command_id: str) -> Json | None:
        """Return an order as the page shows it."""
        return self._commands.get(command_id)

    def commands(self, device_id: str) -> list[Json]:
        """Return the orders of a device, the newest first."""
        return [one for one in reversed(self._commands.values()) if one["device_id"] == device_id]

    def _command(self, row: CommandRow) -> tuple[str, Json] | None:
        device = self.device(row.device)
        if device is None:
            return None
        state = CommandState(row.state)
        before = self._commands.get(row.command)
        if before is not None and not can_move(CommandState(str(before["state"])), state):
            return None
        note = before or self._new_command(row, device)
        at = iso(row.t)
        note = {**note, "state": state.value, "reason": row.reason}
        if state is CommandState.EXECUTING:
            note |= {"started_at": at, "ends_at": None if row.end_ms is None else iso(row.end_ms)}
        if is_final(state):
            note["finished_at"] = at
        self._commands[row.command] = note
        if len(self._commands) > MAX_COMMANDS:
            self._commands.popitem(last=False)
        return "command.status", note

    def _new_command(self, row: CommandRow, device: DeviceConfig) -> Json:
        level = OFF if row.level is None else row.level
        here = row.command in self._given_here
        return {
            "id": row.command,
            "house_id": str(device.house_id),
            "device_id": row.device,
            "action": row.action or {OFF: Action.OFF, ON: Action.ON}.get(level, Action.SET_VALUE),
            "value": level,
            "duration_s": None if row.end_ms is None else max((row.end_ms - row.t) // 1000, 0),
            "origin": "farm" if here else "cloud",
            "requested_by": self.person(row.by),
            "requested_at": iso(row.t),
            "sent_at": None,
            "started_at": None,
            "finished_at": None,
            "ends_at": None,
        }

    # ---------------------------------------------------------------------------------- the others

    def _event(self, row: EventRow) -> tuple[str, Json] | None:
        if row.type == ACKNOWLEDGED:
            seen = self.alerts.take_seen(row)
            return None if seen is None else ("alert.changed", seen)
        if row.type == ASKED:
            asked = self.runs.take_asked(row)
            return None if asked is None else ("schedule.executed", asked)
        if row.type == DETECTION:
            detection = self.seen.take(row)
            return None if detection is None else ("detection.new", detection)
        if row.type == PHOTOGRAPH_FAILED:
            why = {key: row.data.get(key) for key in ("request", "reason")}
            return PHOTOGRAPH_FAILED, {"house_id": row.data.get("house"), **why}
        if row.type == CHANGED:
            house = self.stops.take(row)
            return None if house is None else ("farm.changed", {"what": "stop", "id": house})
        return None

    def person(self, by: str | None) -> Json | None:
        """Return who it was; nobody by name for the PIN."""
        if by is None or by == str(self._people.nameless):
            return None
        try:
            name = self._people.name_of(UserId(UUID(by)), self.document)
        except ValueError:
            return None
        return {"id": by, "name": name}

    def _device_name(self, device_id: str | None) -> str | None:
        device = None if device_id is None else self.device(device_id)
        return None if device is None else device.name

    def _schedule_name(self, schedule_id: str) -> str | None:
        for schedule in self.document.schedules if self.document is not None else ():
            if str(schedule.id) == schedule_id:
                return schedule.name
        return None
