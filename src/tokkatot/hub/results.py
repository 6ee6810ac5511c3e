"""What became of the orders of people: each gets exactly one answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from tokkatot.automation.engine import Ended, HoldEnd
from tokkatot.domain.commands import Reason
from tokkatot.domain.devices import OFF, ON, Level
from tokkatot.domain.ids import CommandId, DeviceId
from tokkatot.hub.acting import fits
from tokkatot.wire.messages import Command, CommandRow

ANSWER_WITHIN_S: Final = 5.0
STANDSTILL_S: Final = 60.0
"""A slow drive that has come no nearer for this long has stopped: a node speaks every 30 s."""

State = Literal["completed", "failed", "refused"]


def level_in(command: Command) -> Level:
    """Return the level that an order asks for."""
    match command.action:
        case "off":
            return OFF
        case "on":
            return command.value or ON
        case "set_value":
            return command.value
        case "auto" | "reset":
            return OFF


@dataclass(slots=True, kw_only=True)
class _Open:
    """An order that has begun and has no answer yet.

    It is waited for until `until_s`, with a drive that is on its way longer, but not beyond
    `latest_s`. `away` is how far the device still was at its nearest.
    """

    command: Command
    level: Level
    end_ms: int
    until_s: float
    latest_s: float
    away: Level | None = None

    def heard(self, level: Level, now_s: float) -> None:
        """Wait on if this is a device's first word, or nearer than all before."""
        away = abs(level - self.level)
        if self.away is None or away < self.away:
            self.away = away
            self.until_s = max(self.until_s, min(now_s + STANDSTILL_S, self.latest_s))


class Results:
    """The orders that have begun, until their device, an interlock or the time answers."""

    def __init__(self) -> None:
        self._open: dict[CommandId, _Open] = {}

    def begin(
        self, command: Command, level: Level, *, travel_s: float, now_s: float, t_ms: int
    ) -> CommandId:
        """Wait for the answer to an order; `travel_s` is how long its device may be on its way."""
        command_id = CommandId(command.id)
        self._open[command_id] = _Open(
            command=command,
            level=level,
            end_ms=t_ms + command.end_s * 1000,
            until_s=now_s + ANSWER_WITHIN_S,
            latest_s=now_s + travel_s,
        )
        return command_id

    def reported(
        self, device_id: DeviceId, level: Level | None, *, now_s: float, t_ms: int
    ) -> list[CommandRow]:
        """Return the rows of the orders that a device has just shown to follow."""
        done: list[CommandId] = []
        for command_id, item in self._open.items():
            if item.command.device != device_id or level is None:
                continue
            if fits(level, item.level):
                done.append(command_id)
            else:
                item.heard(level, now_s)
        return [self._close(command_id, "completed", None, t_ms) for command_id in done]

    def not_written(self, order: str, reason: Reason, t_ms: int) -> list[CommandRow]:
        """Return the row of an order that could not be put to its device."""
        failed = [command_id for command_id in self._open if str(command_id) == order]
        return [self._close(command_id, "failed", reason, t_ms) for command_id in failed]

    def refused(self, command_id: CommandId, reason: Reason, t_ms: int) -> list[CommandRow]:
        """Return the row of an order that never reached its device."""
        return [self._close(command_id, "refused", reason, t_ms)]

    def ended(self, ended: Ended, t_ms: int) -> list[CommandRow]:
        """Return the row of an order whose hold is over before its device answered."""
        if ended.command not in self._open:
            return []
        match ended.end:
            case HoldEnd.LAPSED:
                return []  # a very short one: the device may still answer
            case HoldEnd.SUPERSEDED:
                return [self._close(ended.command, "failed", Reason.SUPERSEDED, t_ms)]
            case HoldEnd.UNKNOWN_DEVICE:
                return [self._close(ended.command, "refused", Reason.UNKNOWN_DEVICE, t_ms)]
            case HoldEnd.CUT | HoldEnd.REFUSED:
                assert ended.by is not None, "an interlock did it"
                return [self._close(ended.command, "refused", Reason(ended.by), t_ms)]

    def late(self, now_s: float) -> Iterator[tuple[CommandId, DeviceId, Level]]:
        """Yield the orders whose time for an answer is over."""
        for command_id, item in list(self._open.items()):
            if now_s >= item.until_s:
                yield command_id, DeviceId(item.command.device), item.level

    def settle(
        self, command_id: CommandId, state: State, reason: Reason | None, t_ms: int
    ) -> CommandRow:
        """Return the row of an order that was waited for long enough."""
        return self._close(command_id, state, reason, t_ms)

    def _close(
        self, command_id: CommandId, state: State, reason: Reason | None, t_ms: int
    ) -> CommandRow:
        item = self._open.pop(command_id)
        return command_row(item.command, item.level, state, reason, t_ms=t_ms, end_ms=item.end_ms)


def command_row(
    command: Command,
    level: Level,
    state: Literal["executing", "completed", "failed", "refused"],
    reason: Reason | None,
    *,
    t_ms: int,
    end_ms: int,
) -> CommandRow:
    """Return one row about an order."""
    return CommandRow(
        0,
        "c",
        str(command.id),
        t_ms,
        state,
        reason,
        str(command.device),
        str(command.by),
        level,
        end_ms,
        command.action,
    )
