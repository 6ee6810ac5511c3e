"""Mistakes that are put into the program on purpose; a checker that misses one is no checker."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from typing_extensions import override

from tokkatot.automation import engine, guards
from tokkatot.automation.inputs import Order
from tokkatot.automation.interlocks import Interlock
from tokkatot.automation.proposals import Hold
from tokkatot.cloud.sync import service
from tokkatot.cloud.sync.store import SyncTransaction
from tokkatot.hub import clock_sync, inbox, loop, orders
from tokkatot.hub.drivers.mqtt_node.options import MqttNodeOptions
from tokkatot.hub.drivers.mqtt_node.source import NodeBook
from tokkatot.hub.journal import schema, store
from tokkatot.hub.journal.journal import Journal
from tokkatot.hub.journal.rows import Entry
from tokkatot.hub.journal.slots import TwoSlots
from tokkatot.sim.cloud import SimStore
from tokkatot.wire import cursor, session_hub
from tokkatot.wire.messages import Command, CommandRow, ReadingsUp, Up
from tokkatot.wire.streams import StreamHead

NEVER_S: Final = 1e12
_LATE_BY: Final = 20

Patch = tuple[object, str, object]
"""Whose attribute, which, and what stands in its place while the run lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """One mistake, how it is made, and the shortest run that is known to show it."""

    name: str
    breaks: str
    shows: str
    """The invariant that it violates."""
    trouble: tuple[str, ...] = ()
    """The kinds of trouble in which it shows; all of them where none is named."""
    has_people: bool = True
    """Whether people tap meanwhile: they would switch off what shows in being left on."""
    seed: int = 1
    hours: float = 3.0
    patches: tuple[Patch, ...] = ()
    store: Callable[[], SimStore] = SimStore
    options: MqttNodeOptions = field(default_factory=MqttNodeOptions)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Make the mistake while the block runs."""
        before = [(owner, name, getattr(owner, name)) for owner, name, _ in self.patches]
        for owner, name, value in self.patches:
            setattr(owner, name, value)
        try:
            yield
        finally:
            for owner, name, value in before:
                setattr(owner, name, value)


class _ForgetfulStore(SimStore):
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


def _receive_anything(at: cursor.Cursor, batch: Up | ReadingsUp) -> cursor.Receipt:
    return cursor.receive(replace(at, seq=batch.first - 1), batch)


def _without(interlock: Interlock) -> Patch:
    true_guard = guards.guard

    def guard(*args: Any, **kwargs: Any) -> Any:
        return true_guard(*args, **kwargs) - {interlock}

    return engine, "guard", guard


def _endless(order: Order, now_s: float) -> Hold:
    return Hold(
        command=order.command, device_id=order.device_id, level=order.level, until_s=now_s + NEVER_S
    )


def _any_session(command: Command, standing: orders.Standing) -> Any:
    return _TRUE_OBJECTION(command, replace(standing, session=command.session))


_TRUE_OBJECTION: Final = orders._objection  # noqa: SLF001 - what a saboteur reaches for


async def _moved_before_started(self: loop.ControlLoop, command: Command) -> None:
    self.inbox.tell(inbox.Begun(command=command))
    await _TRUE_ORDER(self, command)


_TRUE_ORDER: Final = loop.ControlLoop.order


def _begin_again(self: store.JournalStore, entry: Entry, uptime_s: int) -> bool:
    _TRUE_BEGIN(self, entry, uptime_s)
    return True


_TRUE_BEGIN: Final = store.JournalStore._begin  # noqa: SLF001 - the same


def _all_sent(self: Journal) -> Mapping[Any, StreamHead]:
    return {name: replace(head, unsent_from=2**50) for name, head in self._writer.heads.items()}


def _nothing_interrupted(self: store.JournalStore, t_ms: int) -> list[CommandRow]:  # noqa: ARG001 - in its place
    return []


def _kept_nowhere(self: TwoSlots, value: bytes, version: int) -> None:
    """Say that a document is kept."""


def _machine_time(self: clock_sync.SyncedClock) -> int:
    return self._machine.now_ms()


def _never_repeated(*_: object) -> bool:
    return False


def _always_alive(*_: object) -> bool:
    return True


def _no_limit(_actuator: object, relay: Any, _now_s: float) -> Any:
    return relay


def _no_watch(dry_run: Any, **_: object) -> Any:
    return dry_run


_PRAGMAS: Final = schema.PRAGMAS


def _synchronous(level: str) -> Patch:
    return schema, "PRAGMAS", _PRAGMAS.replace("synchronous = FULL", f"synchronous = {level}")


_ALL: Final[Sequence[Sabotage]] = (
    Sabotage(
        name="ack-before-commit",
        breaks="the cloud acknowledges rows that its database may still lose",
        shows="what is acknowledged is stored",
        trouble=("crashed cloud",),
        seed=1,
        hours=0.1,
        store=_ForgetfulStore,
    ),
    Sabotage(
        name="cursor-ignored",
        breaks="the cloud stores a batch again that it has stored before",
        shows="no reading is doubled",
        trouble=("rough line",),
        seed=1,
        hours=0.1,
        patches=((service, "receive", _receive_anything),),
    ),
    Sabotage(
        name="node-repeats-believed",
        breaks="a node's message that the broker repeats is taken for a new one",
        shows="no reading is doubled",
        trouble=("rough radio",),
        seed=1,
        hours=0.1,
        patches=((NodeBook, "_repeated", _never_repeated),),
    ),
    Sabotage(
        name="no-hard-limit",
        breaks="the hard temperature limit is not looked at",
        shows="the hard limit runs all air",
        trouble=("hot house",),
        seed=1,
        hours=0.2,
        patches=(_without(Interlock.HARD_LIMIT),),
    ),
    Sabotage(
        name="no-stale-sensor",
        breaks="sensors that say nothing any more are believed",
        shows="a blind house runs its air",
        trouble=("silent sensors",),
        seed=1,
        hours=0.2,
        patches=(_without(Interlock.SENSOR_STALE),),
    ),
    Sabotage(
        name="no-software-stop",
        breaks="the software stop stops nothing",
        shows="the software stop stops",
        trouble=("jumping clock",),
        seed=2,
        hours=0.3,
        patches=(_without(Interlock.SOFTWARE_STOP),),
    ),
    Sabotage(
        name="no-minimum-off",
        breaks="a pump starts again at once",
        shows="a pump rests a minute",
        trouble=("jumping clock",),
        seed=1,
        hours=1.8,
        patches=(_without(Interlock.MINIMUM_OFF),),
    ),
    Sabotage(
        name="no-maximum-on",
        breaks="nothing is ever on for too long",
        shows="nothing is on for longer than its role may be",
        trouble=("slow filling",),
        seed=2,
        hours=0.6,
        has_people=False,
        patches=((engine, "watch_on_time", _no_limit),),
    ),
    Sabotage(
        name="no-dry-run",
        breaks="a pump runs on while the tank does not fill",
        shows="no pump runs dry",
        trouble=("dry well",),
        seed=1,
        hours=0.1,
        patches=((engine, "watch_dry_run", _no_watch),),
    ),
    Sabotage(
        name="no-lifetime",
        breaks="an order begins however old it is",
        shows="no order runs stale",
        trouble=("straggling line",),
        seed=2,
        hours=0.7,
        patches=((orders, "_is_alive", _always_alive),),
    ),
    Sabotage(
        name="any-session",
        breaks="an order of a session that has ended begins",
        shows="no order of another session runs",
        trouble=("sloppy broker", "straggling line"),
        seed=1,
        hours=0.2,
        patches=((orders, "_objection", _any_session),),
    ),
    Sabotage(
        name="endless-hold",
        breaks="an order has no end",
        shows="every order has an end",
        trouble=("jumping clock",),
        seed=2,
        hours=0.2,
        patches=((engine, "_hold", _endless),),
    ),
    Sabotage(
        name="moved-before-started",
        breaks="the relay moves before STARTED is on the disk",
        shows="nothing moves before STARTED is on the disk",
        trouble=("slow disk",),
        seed=1,
        hours=0.1,
        patches=((loop.ControlLoop, "order", _moved_before_started),),
    ),
    Sabotage(
        name="begun-again",
        breaks="an order that comes twice begins twice",
        shows="no order runs twice",
        trouble=("rough line",),
        seed=4,
        hours=0.1,
        patches=((store.JournalStore, "_begin", _begin_again),),
    ),
    Sabotage(
        name="interrupted-untold",
        breaks="an order that a crash cut off is never answered",
        shows="each order has one answer",
        trouble=("power cut", "slow disk"),
        seed=4,
        hours=0.3,
        patches=((store.JournalStore, "interrupt_orders", _nothing_interrupted),),
    ),
    Sabotage(
        name="synchronous-off",
        breaks="the journal does not wait for the disk at all",
        shows="no committed row is lost",
        trouble=("power cut",),
        seed=1,
        hours=0.1,
        patches=(_synchronous("OFF"),),
    ),
    Sabotage(
        name="synchronous-normal",
        breaks="the journal waits for the disk at checkpoints only",
        shows="no committed row is lost",
        trouble=("power cut",),
        seed=1,
        hours=0.1,
        patches=(_synchronous("NORMAL"),),
    ),
    Sabotage(
        name="epoch-not-renewed",
        breaks="a restored card goes on counting where its later life has counted before",
        shows="no reading is lost",
        trouble=("restored card",),
        seed=4,
        hours=1.1,
        patches=((Journal, "heads", _all_sent),),
    ),
    Sabotage(
        name="silence-unnoticed",
        breaks="an answer that does not come is waited for, for ever",
        shows="no reading is lost",
        trouble=("rough line",),
        seed=4,
        hours=0.2,
        patches=((session_hub, "ANSWER_WITHIN_S", NEVER_S),),
    ),
    Sabotage(
        name="document-not-kept",
        breaks="the desired document is in memory only",
        shows="the hub keeps its document",
        trouble=("killed hub",),
        seed=1,
        hours=0.1,
        patches=((TwoSlots, "keep", _kept_nowhere),),
    ),
    Sabotage(
        name="machine-clock-believed",
        breaks="the machine's clock is believed after the cloud has told the time",
        shows="a reading's time is right",
        trouble=("jumping clock",),
        seed=1,
        hours=0.1,
        patches=((clock_sync.SyncedClock, "now_ms", _machine_time),),
    ),
    Sabotage(
        name="long-lease",
        breaks="a node holds on for five minutes without its hub",
        shows="a node that is left alone rests",
        trouble=("killed hub",),
        seed=2,
        hours=0.2,
        options=MqttNodeOptions(lease_s=300),
    ),
)

NONE: Final = Sabotage(name="none", breaks="nothing", shows="nothing")
SABOTAGES: Final[Mapping[str, Sabotage]] = {sabotage.name: sabotage for sabotage in _ALL}
