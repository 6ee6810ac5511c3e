"""Mistakes that are put into the program on purpose; a checker that misses one is no checker."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from tokkatot.automation import engine, modes, timeline, turn
from tokkatot.automation.interlocks import Interlock
from tokkatot.automation.occurrences import Locality
from tokkatot.cloud.sync import service
from tokkatot.domain.houses import HouseKind
from tokkatot.hub import begun_runs, clock_sync, loop, memory, orders
from tokkatot.hub.drivers.mqtt_node.options import MqttNodeOptions
from tokkatot.hub.drivers.mqtt_node.source import NodeBook
from tokkatot.hub.journal import store
from tokkatot.hub.journal.journal import Journal
from tokkatot.hub.journal.slots import TwoSlots
from tokkatot.hub.web.key_book import KeyBook
from tokkatot.sim import mistakes
from tokkatot.sim.cloud import SimStore
from tokkatot.sim.mistakes import NEVER_S, Patch
from tokkatot.wire import session_hub


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """One mistake, how it is made, and the shortest run that is known to show it."""

    name: str
    breaks: str
    shows: str
    """The invariant that it violates."""
    trouble: tuple[str, ...] = ()
    """The kinds of trouble in which it shows; all of them where none is named."""
    house: HouseKind | None = HouseKind.COOP
    """What lives in the house; None: as the seed draws it."""
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


_ALL: Final[Sequence[Sabotage]] = (
    Sabotage(
        name="ack-before-commit",
        breaks="the cloud acknowledges rows that its database may still lose",
        shows="what is acknowledged is stored",
        trouble=("crashed cloud",),
        seed=1,
        hours=0.05,
        store=mistakes.ForgetfulStore,
    ),
    Sabotage(
        name="cursor-ignored",
        breaks="the cloud stores a batch again that it has stored before",
        shows="no reading is doubled",
        trouble=("rough line",),
        seed=1,
        hours=0.05,
        patches=((service, "receive", mistakes.receive_anything),),
    ),
    Sabotage(
        name="node-repeats-believed",
        breaks="a node's message that the broker repeats is taken for a new one",
        shows="no reading is doubled",
        trouble=("rough radio",),
        seed=1,
        hours=0.05,
        patches=((NodeBook, "_repeated", mistakes.never_repeated),),
    ),
    Sabotage(
        name="no-hard-limit",
        breaks="the hard temperature limit is not looked at",
        shows="the hard limit runs all air",
        trouble=("hot house",),
        seed=1,
        hours=0.1,
        patches=(mistakes.without(Interlock.HARD_LIMIT),),
    ),
    Sabotage(
        name="no-stale-sensor",
        breaks="sensors that say nothing any more are believed",
        shows="a blind house runs its air",
        trouble=("silent sensors",),
        seed=4,
        hours=0.1,
        patches=(mistakes.without(Interlock.SENSOR_STALE),),
    ),
    Sabotage(
        name="no-stale-sensor-in-a-greenhouse",
        breaks="sensors that say nothing any more are believed where a crop grows",
        shows="a blind house is not heated",
        trouble=("silent sensors",),
        house=HouseKind.GREENHOUSE,
        seed=4,
        hours=0.1,
        patches=(mistakes.without(Interlock.SENSOR_STALE),),
    ),
    Sabotage(
        name="no-software-stop",
        breaks="the software stop stops nothing",
        shows="the software stop stops",
        trouble=("jumping clock",),
        seed=2,
        hours=0.1,
        patches=(mistakes.without(Interlock.SOFTWARE_STOP),),
    ),
    Sabotage(
        name="mode-ignored",
        breaks="a house does in every mode what it always does",
        shows="what a mode lets rest is moved by nobody but a person",
        trouble=("jumping clock",),
        seed=4,
        hours=0.2,
        patches=(
            (engine, "habits_of", mistakes.usual_habits),
            (modes, "habits_of", mistakes.usual_habits),
        ),
    ),
    Sabotage(
        name="no-minimum-off",
        breaks="a pump starts again at once",
        shows="a pump rests a minute",
        trouble=("jumping clock",),
        seed=9,
        hours=0.2,
        patches=(mistakes.without(Interlock.MINIMUM_OFF),),
    ),
    Sabotage(
        name="no-maximum-on",
        breaks="nothing is ever on for too long",
        shows="nothing is on for longer than its role may be",
        trouble=("slow filling",),
        has_people=False,
        seed=2,
        hours=0.55,
        patches=((engine, "watch_on_time", mistakes.no_limit),),
    ),
    Sabotage(
        name="no-dry-run",
        breaks="a pump runs on while the tank does not fill",
        shows="no pump runs dry",
        trouble=("dry well",),
        seed=1,
        hours=0.1,
        patches=((engine, "watch_dry_run", mistakes.no_watch),),
    ),
    Sabotage(
        name="no-lifetime",
        breaks="an order begins however old it is",
        shows="no order runs stale",
        trouble=("straggling line",),
        seed=15,
        hours=0.1,
        patches=((orders, "_is_alive", mistakes.always_alive),),
    ),
    Sabotage(
        name="any-session",
        breaks="an order of a session that has ended begins",
        shows="no order of another session runs",
        trouble=("sloppy broker", "straggling line"),
        seed=14,
        hours=0.1,
        patches=((orders, "_objection", mistakes.any_session),),
    ),
    Sabotage(
        name="endless-hold",
        breaks="an order has no end",
        shows="every order has an end",
        trouble=("jumping clock",),
        seed=5,
        hours=0.1,
        patches=((engine, "_hold", mistakes.endless),),
    ),
    Sabotage(
        name="moved-before-started",
        breaks="the relay moves before STARTED is on the disk",
        shows="nothing moves before STARTED is on the disk",
        trouble=("slow disk",),
        seed=1,
        hours=0.05,
        patches=((loop.ControlLoop, "order", mistakes.moved_before_started),),
    ),
    Sabotage(
        name="begun-again",
        breaks="an order that comes twice begins twice",
        shows="no order runs twice",
        trouble=("rough line",),
        seed=1,
        hours=0.15,
        patches=((store.JournalStore, "_begin", mistakes.begin_again),),
    ),
    Sabotage(
        name="interrupted-untold",
        breaks="an order that a crash cut off is never answered",
        shows="each order has one answer",
        trouble=("power cut", "slow disk"),
        seed=4,
        hours=0.25,
        patches=((store.JournalStore, "interrupt_orders", mistakes.nothing_interrupted),),
    ),
    Sabotage(
        name="synchronous-off",
        breaks="the journal does not wait for the disk at all",
        shows="no committed row is lost",
        trouble=("power cut",),
        seed=1,
        hours=0.1,
        patches=(mistakes.synchronous("OFF"),),
    ),
    Sabotage(
        name="synchronous-normal",
        breaks="the journal waits for the disk at checkpoints only",
        shows="no committed row is lost",
        trouble=("power cut",),
        seed=1,
        hours=0.1,
        patches=(mistakes.synchronous("NORMAL"),),
    ),
    Sabotage(
        name="epoch-not-renewed",
        breaks="a restored card goes on counting where its later life has counted before",
        shows="no reading is lost",
        trouble=("restored card",),
        seed=5,
        hours=0.95,
        patches=(
            (Journal, "heads", mistakes.all_sent),
            (session_hub, "is_another", mistakes.believed),
        ),
    ),
    Sabotage(
        name="silence-unnoticed",
        breaks="an answer that does not come is waited for, for ever",
        shows="no reading is lost",
        trouble=("rough line",),
        seed=38,
        hours=0.25,
        patches=((session_hub, "ANSWER_WITHIN_S", NEVER_S),),
    ),
    Sabotage(
        name="document-not-kept",
        breaks="the desired document is in memory only",
        shows="the hub keeps its document",
        trouble=("killed hub",),
        seed=1,
        hours=0.05,
        patches=((TwoSlots, "keep", mistakes.kept_nowhere),),
    ),
    Sabotage(
        name="machine-clock-believed",
        breaks="the machine's clock is believed after the cloud has told the time",
        shows="a reading's time is right",
        trouble=("jumping clock",),
        seed=1,
        hours=0.05,
        patches=((clock_sync.SyncedClock, "now_ms", mistakes.machine_time),),
    ),
    Sabotage(
        name="long-lease",
        breaks="a node holds on for five minutes without its hub",
        shows="a node that is left alone rests",
        trouble=("killed hub",),
        seed=1,
        hours=0.1,
        options=MqttNodeOptions(lease_s=300),
    ),
    Sabotage(
        name="missed-run-untold",
        breaks="a run that was missed is not told",
        shows="every schedule run is accounted for",
        trouble=("killed hub",),
        seed=1,
        hours=0.4,
        patches=((turn.Turn, "skip", mistakes.missed_untold),),
    ),
    Sabotage(
        name="wrong-year-hides-runs",
        breaks="what went by while the clock was wrong by years is not missed",
        shows="every schedule run is accounted for",
        trouble=("killed hub",),
        seed=1,
        hours=0.4,
        patches=((timeline, "LONGEST_GAP_MS", 0),),
    ),
    Sabotage(
        name="agenda-forgotten",
        breaks="a restart forgets which schedules were told through when",
        shows="every schedule run is accounted for",
        trouble=("killed hub",),
        seed=1,
        hours=0.4,
        patches=((memory, "recall", mistakes.agenda_forgotten),),
    ),
    Sabotage(
        name="full-disk-forgotten",
        breaks="a restart forgets which doses began while the disk was full",
        shows="no dose is given twice",
        trouble=("full disk", "killed hub"),
        seed=2,
        hours=0.55,
        patches=((begun_runs.BegunRuns, "recall", mistakes.nothing_begun),),
    ),
    Sabotage(
        name="time-lived-again",
        breaks="what is due runs again when the clock is set back",
        shows="no schedule run is told twice",
        trouble=("killed hub", "jumping clock", "cut line"),
        seed=3,
        hours=0.4,
        patches=((timeline, "_unlived", mistakes.all_anew),),
    ),
    Sabotage(
        name="clock-change-late",
        breaks="of an hour that comes twice the second is taken",
        shows="every schedule run is accounted for",
        trouble=("slow disk",),
        seed=5,
        hours=0.75,
        patches=((Locality, "at", mistakes.second_showing),),
    ),
    Sabotage(
        name="request-repeated",
        breaks="a request to run a schedule that comes twice runs it twice",
        shows="no request runs twice",
        trouble=("rough line",),
        seed=9,
        hours=0.45,
        patches=((Journal, "begin_request", mistakes.request_again),),
    ),
    Sabotage(
        name="request-unanswered",
        breaks="a request to run a schedule is never answered",
        shows="each request has one answer",
        trouble=("slow disk",),
        seed=7,
        hours=0.65,
        patches=((Journal, "finish_order", mistakes.request_unanswered),),
    ),
    Sabotage(
        name="farm-order-untold",
        breaks="the cloud is not told how an order ended that was given at the farm",
        shows="each order has one answer",
        trouble=("slow disk",),
        seed=4,
        hours=0.25,
        patches=((Journal, "finish_order", mistakes.order_here_unanswered),),
    ),
    Sabotage(
        name="key-ignored",
        breaks="a phone that asks again under the same key gives a second order",
        shows="no order runs twice",
        trouble=("slow disk",),
        seed=2,
        hours=0.15,
        patches=((KeyBook, "find", mistakes.never_given),),
    ),
    Sabotage(
        name="not-handed-back",
        breaks="a device that is handed back to automatic is held on",
        shows="every order has an end",
        trouble=("slow disk",),
        seed=11,
        hours=0.2,
        patches=((engine, "_decide", mistakes.left_held),),
    ),
    Sabotage(
        name="half-open-unnoticed",
        breaks="a line on which nothing is heard any more is kept",
        shows="a half-open line is noticed",
        trouble=("half-open line",),
        seed=1,
        hours=0.05,
        patches=((session_hub, "SILENCE_S", NEVER_S),),
    ),
)

NONE: Final = Sabotage(name="none", breaks="nothing", shows="nothing", house=None)
SABOTAGES: Final[Mapping[str, Sabotage]] = {sabotage.name: sabotage for sabotage in _ALL}
