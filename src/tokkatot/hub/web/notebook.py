"""Notes what the hub's journal is told, as far as its page shows it."""

from collections import OrderedDict
from typing import Final
from uuid import UUID

from tokkatot.domain.alerts import SEVERITIES, AlertState
from tokkatot.domain.commands import Action, CommandState, can_move, is_final
from tokkatot.domain.desired import DesiredDocument, DeviceConfig
from tokkatot.domain.devices import OFF, ON
from tokkatot.domain.ids import UserId
from tokkatot.hub.loop import ControlLoop, Standing
from tokkatot.hub.web.feed import Feed, Json
from tokkatot.hub.web.history import History
from tokkatot.hub.web.people import People
from tokkatot.kit.clock import Clock, from_ms, to_rfc3339
from tokkatot.wire.messages import AlertRow, CommandRow, DeviceStateRow, ReadingRow, Row, Why

MAX_COMMANDS: Final = 256
MAX_ALERTS: Final = 256


class Notebook:
    """Keeps orders, alerts and readings of this run; everything in it has a limit."""

    def __init__(self, *, control: ControlLoop, people: People, feed: Feed, clock: Clock) -> None:
        self.history = History()
        self._control = control
        self._people = people
        self._feed = feed
        self._clock = clock
        self._began = iso(clock.now_ms())
        self._commands: OrderedDict[str, Json] = OrderedDict()
        self._alerts: OrderedDict[str, AlertRow] = OrderedDict()
        self._given_here: OrderedDict[str, None] = OrderedDict()
        self._news: dict[tuple[str, str], ReadingRow] = {}

    @property
    def document(self) -> DesiredDocument | None:
        """Return the desired document that is in force."""
        return self._control.view.document

    def device(self, device_id: str) -> DeviceConfig | None:
        """Return a device of the document."""
        for device in self.document.devices if self.document is not None else ():
            if str(device.id) == device_id:
                return device
        return None

    def take(self, row: Row) -> None:
        """Note a row; it is called from within control, so it does little."""
        match row:
            case ReadingRow():
                self.history.add(row)
                if self._feed.watched:
                    self._news[row.device, row.quantity] = row
            case DeviceStateRow():
                device = self.device(row.device)
                if device is not None:
                    self._feed.tell("device.state", device_state(device, row))
            case CommandRow():
                self._command(row)
            case AlertRow():
                self._alert(row)
            case _:
                pass  # runs of schedules, events and gaps are for the cloud's log

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

    # ------------------------------------------------------------------------------------ orders

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

    def _command(self, row: CommandRow) -> None:
        device = self.device(row.device)
        if device is None:
            return
        state = CommandState(row.state)
        before = self._commands.get(row.command)
        if before is not None and not can_move(CommandState(str(before["state"])), state):
            return
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
        self._feed.tell("command.status", note)

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
            "requested_by": self._person(row.by),
            "requested_at": iso(row.t),
            "sent_at": None,
            "started_at": None,
            "finished_at": None,
            "ends_at": None,
        }

    def _person(self, by: str | None) -> Json | None:
        if by is None or by == str(self._people.nameless):
            return None
        return {"id": by, "name": self._people.name_of(UserId(UUID(by)), self.document)}

    # ------------------------------------------------------------------------------------ alerts

    def alerts(self) -> list[Json]:
        """Return the alerts that stand."""
        return [self._alert_view(standing) for standing in self._control.standing()]

    def _alert(self, row: AlertRow) -> None:
        if row.change == "raised":
            self._alerts[row.alert] = row
            if len(self._alerts) > MAX_ALERTS:
                self._alerts.popitem(last=False)
        self._feed.tell("alert.changed", self._alert_frame(row))

    def _alert_frame(self, row: AlertRow) -> Json:
        raised = self._alerts.get(row.alert, row)
        over = row.change == "cleared"
        return {
            "id": row.alert,
            "house_id": row.house,
            "device_id": row.device,
            "device_name": self._device_name(row.device),
            "type": row.type,
            "severity": next((s.value for t, s in SEVERITIES.items() if t == row.type), "warning"),
            "state": (AlertState.NORMAL if over else AlertState.UNACKNOWLEDGED).value,
            "threshold": raised.threshold,
            "actual": row.actual,
            "raised_at": self._began if over and raised is row else iso(raised.t),
            "cleared_at": iso(row.t) if over else None,
            "acknowledged_by": None,
            "acknowledged_at": None,
        }

    def _alert_view(self, standing: Standing) -> Json:
        alert_id = str(standing.alert_id)
        raised = self._alerts.get(alert_id)
        if raised is not None:
            return self._alert_frame(raised)
        device = None if standing.device_id is None else str(standing.device_id)
        house, t_ms = str(standing.house_id), self._clock.now_ms()
        row = AlertRow(0, "a", alert_id, t_ms, standing.type, "raised", house, device, None, None)
        # It stands since before the hub was started, which is all that is known.
        return {**self._alert_frame(row), "raised_at": self._began}

    def _device_name(self, device_id: str | None) -> str | None:
        device = None if device_id is None else self.device(device_id)
        return None if device is None else device.name


def device_state(device: DeviceConfig, row: DeviceStateRow) -> Json:
    """Return the data of a `device.state` frame."""
    return {
        "house_id": str(device.house_id),
        "device_id": row.device,
        "actual": row.actual,
        "target": row.target,
        "online": row.online,
        "why": why_view(row.why),
        "error": row.error,
        "t": row.t,
    }


def why_view(why: Why | None) -> Json | None:
    """Return who won over an actuator, until when, and what cut it."""
    if why is None:
        return None
    return {
        "source": why.source,
        "reason": why.reason,
        "until": None if why.until_ms is None else iso(why.until_ms),
        "cut_by": list(why.cut_by),
    }


def iso(t_ms: int) -> str:
    """Return milliseconds as people's programs read an instant."""
    return to_rfc3339(from_ms(t_ms))
