"""Wrong versions of parts of the program, each as somebody might write it one day."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any, Final

import msgspec
from typing_extensions import override

from tokkatot.automation import engine, guards, modes, timeline, turn
from tokkatot.automation.inputs import Order, Release
from tokkatot.automation.interlocks import Interlock
from tokkatot.automation.occurrences import Locality
from tokkatot.automation.proposals import Hold
from tokkatot.automation.state import State
from tokkatot.cloud.sync.store import SyncTransaction
from tokkatot.domain.ids import ScheduleId
from tokkatot.hub import clock_sync, inbox, loop, memory, orders
from tokkatot.hub.journal import schema, store
from tokkatot.hub.journal.journal import Journal
from tokkatot.hub.journal.port import Answer
from tokkatot.hub.journal.rows import Entry
from tokkatot.hub.journal.slots import TwoSlots
from tokkatot.sim.cloud import SimStore
from tokkatot.sim.layout import NEIGHBOUR
from tokkatot.wire import cursor
from tokkatot.wire.messages import Command, CommandRow, ReadingsUp, ScheduleRunRow, Up
from tokkatot.wire.streams import StreamHead

NEVER_S: Final = 1e12
MONTH_S: Final = 30 * 86_400.0
_LATE_BY: Final = 20

Patch = tuple[object, str, object]
"""Whose attribute, which, and what stands in its place while the run lasts."""


class ForgetfulStore(SimStore):
    """Tells of a commit that reaches its disk some transactions later."""

    def __init__(self) -> None:
        super().__init__()
        self._durable = self.kept
        self._since = 0

    @override
    def transaction(
        self, *, cautious: bool = False
    ) -> AbstractAsyncContextManager[SyncTransaction]:
        return self._late(super().transaction(cautious=cautious))

    @asynccontextmanager
    async def _late(
        self, transaction: AbstractAsyncContextManager[SyncTransaction]
    ) -> AsyncIterator[SyncTransaction]:
        async with transaction as tx:
            yield tx
        self._since += 1
        if self._since >= _LATE_BY:
            self._durable, self._since = self.kept, 0

    @override
    def crash(self) -> None:
        self.kept, self._since = self._durable, 0


def receive_anything(at: cursor.Cursor, batch: Up | ReadingsUp) -> cursor.Receipt:
    """Take a batch for the next one, whatever the cursor says."""
    return cursor.receive(replace(at, seq=batch.first - 1), batch)


def without(interlock: Interlock) -> Patch:
    """Return the engine without one of its interlocks."""
    true_guard = guards.guard

    def guard(*args: Any, **kwargs: Any) -> Any:
        return true_guard(*args, **kwargs) - {interlock}

    return engine, "guard", guard


def endless(order: Order, now_s: float) -> Hold:
    """Hold for a month."""
    return Hold(
        command=order.command, device_id=order.device_id, level=order.level, until_s=now_s + MONTH_S
    )


def any_session(command: Command, standing: orders.Standing) -> Any:
    """Judge an order as if its session held."""
    return _TRUE_OBJECTION(command, replace(standing, session=command.session))


_TRUE_OBJECTION: Final = orders._objection  # noqa: SLF001 - what a saboteur reaches for


async def moved_before_started(self: loop.ControlLoop, command: Command) -> None:
    """Tell control before the journal has committed."""
    self.inbox.tell(inbox.Begun(command=command))
    await _TRUE_ORDER(self, command)


_TRUE_ORDER: Final = loop.ControlLoop.order


def begin_again(self: store.JournalStore, entry: Entry, uptime_s: int) -> bool:
    """Begin what was begun before."""
    _TRUE_BEGIN(self, entry, uptime_s)
    return True


_TRUE_BEGIN: Final = store.JournalStore._begin  # noqa: SLF001 - the same


def all_sent(self: Journal) -> Mapping[Any, StreamHead]:
    """Take everything on the card for sent."""
    return {name: replace(head, unsent_from=2**50) for name, head in self._writer.heads.items()}


def believed(_row: msgspec.Raw, _mark: str) -> bool:
    """Take every row that the cloud has for one of the hub's own."""
    return False


def nothing_interrupted(self: store.JournalStore, t_ms: int) -> list[Answer]:  # noqa: ARG001 - in its place
    """Find no order that a crash cut off."""
    return []


def kept_nowhere(self: TwoSlots, value: bytes, version: int) -> None:
    """Say that a document is kept."""


def machine_time(self: clock_sync.SyncedClock) -> int:
    """Return what the machine's own clock shows."""
    return self._machine.now_ms()


def never_repeated(*_: object) -> bool:
    """Take every message for a new one."""
    return False


def always_alive(*_: object) -> bool:
    """Take every order for young enough."""
    return True


def usual_habits(_mode: object) -> modes.Habits:
    """Live as usual in every mode."""
    return modes.Habits()


def no_limit(_actuator: object, relay: Any, _now_s: float) -> Any:
    """Return the relay as if it had just been switched."""
    return relay


def no_watch(_pump: Any, dry_run: Any, **_: object) -> Any:
    """See no pump run dry."""
    return dry_run


_PRAGMAS: Final = schema.PRAGMAS


def synchronous(level: str) -> Patch:
    """Return the journal with fewer syncs."""
    return schema, "PRAGMAS", _PRAGMAS.replace("synchronous = FULL", f"synchronous = {level}")


def missed_untold(self: turn.Turn, schedule_id: ScheduleId, *args: Any, **kwargs: Any) -> None:
    """Account for what does not begin, but for what was missed."""
    if "missed" not in args:
        _TRUE_SKIP(self, schedule_id, *args, **kwargs)


_TRUE_SKIP: Final = turn.Turn.skip


def all_anew(_: object, span: timeline.Span) -> tuple[timeline.Span, ...]:
    """Take all of a span for time that was not lived through yet."""
    return (span,) if span.through_ms > span.after_ms else ()


def agenda_forgotten(kept: bytes | None, now_s: float, **more: Any) -> State:
    """Recall everything but which schedules were told through when."""
    return msgspec.structs.replace(_TRUE_RECALL(kept, now_s, **more), agenda={}, runs={})


_TRUE_RECALL: Final = memory.recall


def nothing_begun(_: object) -> dict[ScheduleId, frozenset[int]]:
    """Recall nothing of what has begun while the disk was full."""
    return {}


def second_showing(self: Locality, day: date, clock: time) -> int:
    """Return the later of two moments at which the clock shows the same."""
    shown = datetime.combine(day, clock).replace(tzinfo=self.zone, fold=1)
    return round(shown.astimezone(UTC).timestamp() * 1000)


async def request_again(self: Journal, row: ScheduleRunRow) -> bool:
    """Begin a request that was begun before."""
    await _TRUE_REQUEST(self, row)
    return True


_TRUE_REQUEST: Final = Journal.begin_request


async def request_unanswered(self: Journal, row: Answer) -> None:
    """Answer orders only."""
    if isinstance(row, CommandRow):
        await _TRUE_FINISH(self, row)


async def order_here_unanswered(self: Journal, row: Answer) -> None:
    """Tell the cloud nothing of how an order ended that it did not give."""
    if not isinstance(row, CommandRow) or row.by != str(NEIGHBOUR):
        await _TRUE_FINISH(self, row)


_TRUE_FINISH: Final = Journal.finish_order


def never_given(*_: object) -> None:
    """Know of no order under the same key."""


def left_held(*args: Any) -> Any:
    """Decide as if nobody had handed the device back."""
    *others, orders, now_s = args
    return _TRUE_DECIDE(*others, [one for one in orders if not isinstance(one, Release)], now_s)


_TRUE_DECIDE: Final[Any] = engine._decide  # noqa: SLF001 - the same
