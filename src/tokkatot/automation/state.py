"""What the engine remembers from one step to the next."""

from collections.abc import Mapping
from math import inf

from msgspec import Struct, field

from tokkatot.automation.conditions import NOT_HELD, Believed, Held
from tokkatot.automation.proposals import Hold, Proposal
from tokkatot.automation.timeline import Timeline
from tokkatot.domain.alerts import AlertState, AlertType
from tokkatot.domain.devices import OFF, Level
from tokkatot.domain.houses import HouseMode, SetPoints
from tokkatot.domain.ids import AlertId, DeviceId, HouseId, RequestId, ScheduleId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Rule
from tokkatot.domain.schedules import Schedule


class Sensed(Struct, frozen=True, kw_only=True):
    """The newest believed value of one quantity of one device, and when it came.

    `moved_s` is when it last changed; `strange` is a value that came since, at `strange_s`, and is
    too far away to be believed unless the next one says so too.
    """

    value: float
    at_s: float
    moved_s: float
    strange: float | None = None
    strange_s: float = 0.0


class Known(Struct, frozen=True, kw_only=True):
    """What is known of one device: since when it belongs here, if it is there, what it says.

    `moved_s` is when it last said another level than before.
    """

    since_s: float
    online: bool = False
    level: Level | None = None
    moved_s: float | None = None
    error: str | None = None


class Senses(Struct, frozen=True, kw_only=True):
    """A house at one moment; None where no believed value tells.

    `warmest_c` looks at values too that are not believed yet: heat is never waited for. `apart_s`
    is since when two thermometers contradict each other. All this is so until something new is
    heard, but not beyond `until_s`; `basis` is what was known.
    """

    temperature_c: float | None
    warmest_c: float | None
    temperature_stale: bool
    water_percent: float | None
    flow_l_min: float | None
    stale: frozenset[DeviceId]
    unheard: frozenset[DeviceId]
    doubted: frozenset[DeviceId]
    apart_s: float | None
    is_apart: bool
    believed: Believed
    basis: tuple[object, ...] = ()
    until_s: float = -inf


class Climate(Struct, frozen=True, kw_only=True):
    """Where a house's temperature rules stand.

    `fan_share` is the part of a coop's fans that run while they are neither shut nor venting.
    """

    heating: bool = False
    venting: bool = False
    shut: bool = False
    over_hard_limit: bool = False
    fan_share: float = 1.0


class Relay(Struct, frozen=True, kw_only=True):
    """What the engine last decided for one actuator, since when, and when it last started.

    `recalled_s` is when a hub that begins again took it over: nobody knows what was in between.
    """

    target: Level = OFF
    on_since_s: float | None = None
    changed_s: float | None = None
    cool_until_s: float | None = None
    starts: tuple[float, ...] = ()
    recalled_s: float | None = None


class DryRun(Struct, frozen=True, kw_only=True):
    """The watch over one pump: the level to rise from, since when it is dry or flows, its strikes.

    `reset_s` is when a person cleared its latch.
    """

    mark_s: float | None = None
    mark_percent: float = 0.0
    dry_since_s: float | None = None
    flow_since_s: float | None = None
    strikes: int = 0
    wait_until_s: float | None = None
    latched: bool = False
    reset_s: float | None = None


class AlarmKey(Struct, frozen=True, kw_only=True, cache_hash=True):
    """What an alarm is about: one condition of one house or of one device in it.

    `about` is what else tells it from others: the id of its definition, the name of a node, the
    type of those that are told together. It knows its hash, being asked for it often.
    """

    type: AlertType
    house_id: HouseId
    device_id: DeviceId | None = None
    about: str | None = None


class Alarm(Struct, frozen=True, kw_only=True):
    """One alarm: its state after ISA-18.2, and what its next change depends on.

    `since_s` is since when its condition is there, `gone_s` since when it is gone while the alarm
    still stands. It has an id once it was raised, and `times` counts how often it was told.
    `raises` are when it came lately; when it comes too often it `flaps`. `under` is the alert that
    it is told with, `shelved` that people want it to rest: either way it is told in silence.
    """

    since_s: float | None = None
    alert_id: AlertId | None = None
    state: AlertState = AlertState.NORMAL
    gone_s: float | None = None
    told_s: float = 0.0
    times: int = 0
    raises: tuple[float, ...] = ()
    under: AlertId | None = None
    shelved: bool = False
    sounds: bool = False
    flaps: bool = False

    @property
    def stands(self) -> bool:
        """Tell whether it was raised and not cleared."""
        return self.state in _STANDING

    @property
    def is_silent(self) -> bool:
        """Tell whether nobody is called for it."""
        return self.shelved or self.under is not None


_STANDING = frozenset({AlertState.UNACKNOWLEDGED, AlertState.ACKNOWLEDGED})


class Trail(Struct, frozen=True, kw_only=True):
    """What a value was lately, the oldest first: seconds and value."""

    points: tuple[tuple[float, float], ...] = ()


class NextDrill(Struct, frozen=True, kw_only=True):
    """When a test of the alarms begins next, as told at a moment; None: never."""

    asked_ms: int
    due_ms: int | None
    until_s: float | None = None


Memo = Trail | NextDrill
"""What the definition of an alarm has to remember from one step to the next."""


class Settled(Struct, frozen=True, kw_only=True):
    """Since when a house is in the mode that it is in, as far as this run of the hub knows."""

    mode: HouseMode | None
    since_s: float


class Booked(Struct, frozen=True, kw_only=True):
    """What is known of a schedule beside its run: when it is due next, and its conditions.

    `recalled` tells that an earlier run of the hub knew it: what was due since then was missed.
    `of` is the schedule itself, and `ahead` are runs of earlier versions of it that are told and
    still to come, since the clock was ahead. `begun` are due moments of runs that an earlier run of
    the hub began while its disk was full: they are over, and not yet told. `over` tells that its
    conditions hold, and have had their run; `left_s` is what they have left of one that a restart
    of the hub cut.
    """

    version: int
    zone: str = ""
    next_ms: int | None = None
    next_s: float | None = None
    held: tuple[Held, ...] = ()
    recalled: bool = False
    of: Schedule | None = None
    ahead: frozenset[int] = frozenset()
    begun: frozenset[int] = frozenset()
    over: bool = False
    left_s: float | None = None

    def is_of(self, schedule: Schedule, zone: str) -> bool:
        """Tell whether this is known of the present version of a schedule, and of this zone."""
        return self.version == schedule.version and self.zone == zone

    def is_reached(self, now_ms: int) -> bool:
        """Tell whether the clock has come to what is due next, be it for a second time."""
        return self.next_ms is not None and now_ms >= self.next_ms


class Running(Struct, frozen=True, kw_only=True):
    """A run of a schedule: the part of it that goes on, and whether it is accounted for.

    It waits for its devices until `waiting` is false; `obstacle` is what kept it from its outcome.
    A part is `done` when its devices have followed; the run is `told` when its outcome is.
    `recalled` is one that a restart of the hub cut short, `request` names what a person asked it
    by. `end_ms` is when a clock ends it: `until_s` follows from it, and with the clock.
    """

    schedule_id: ScheduleId
    version: int
    due_ms: int | None
    since_s: float
    until_s: float | None
    retry_s: float
    end_ms: int | None = None
    step: int = 0
    tries: int = 0
    waiting: bool = False
    done: bool = False
    told: bool = False
    request: RequestId | None = None
    failing: bool = False
    recalled: bool = False
    obstacle: str | None = None
    reason: str | None = None


class Ruled(Struct, frozen=True, kw_only=True):
    """Where a rule stands: its condition, its stage, its level, and which twin leads since when.

    `asked` is how many twins do its work, those counted that are away and stood in for. `asks` is
    what it asks for as it stands, so that a rule that rests costs nothing.
    """

    held: Held = NOT_HELD
    stage: int = 0
    level: Level | None = None
    asked: int = 0
    lead: int = 0
    led_since_s: float | None = None
    asks: tuple[tuple[DeviceId, Proposal], ...] = ()


class RuledHouse(Struct, frozen=True, kw_only=True):
    """Where the rules of a house stand, in their order; a rule that was changed begins anew."""

    basis: tuple[Rule, ...]
    rules: tuple[Ruled, ...]


class Targets(Struct, frozen=True, kw_only=True):
    """The set-points that are in force until a moment.

    `basis` is the plan's house that they were made from: another one makes them anew.
    """

    basis: object
    setpoints: SetPoints
    from_ms: int
    until_ms: int


class Lent(Struct, frozen=True, kw_only=True):
    """By how much warmer a house holds its set-points than its people said, and until when.

    `fan_share` is the least part of a coop's fans that run between them.
    """

    shift_k: float
    until_s: float
    fan_share: float = 1.0


class State(Struct, frozen=True, kw_only=True):
    """The engine's whole memory; a new one comes out of every step.

    `stood` is what sensors that stood still said before a restart of the hub, and nothing since.
    `basis` are the actuators of the plan whose devices are known: another plan's are met anew.
    `settings`, `decided` and `alarmed` are what the last step concluded, kept for as long as it is
    the same.
    """

    sensed: Mapping[tuple[DeviceId, Quantity], Sensed] = field(default_factory=dict)
    stood: Mapping[tuple[DeviceId, Quantity], float] = field(default_factory=dict)
    known: Mapping[DeviceId, Known] = field(default_factory=dict)
    climates: Mapping[HouseId, Climate] = field(default_factory=dict)
    filling: frozenset[HouseId] = frozenset()
    relays: Mapping[DeviceId, Relay] = field(default_factory=dict)
    dry_runs: Mapping[DeviceId, DryRun] = field(default_factory=dict)
    holds: Mapping[DeviceId, Hold] = field(default_factory=dict)
    alarms: Mapping[AlarmKey, Alarm] = field(default_factory=dict)
    told_s: tuple[float, ...] = ()
    memos: Mapping[AlarmKey, Memo] = field(default_factory=dict)
    settled: Mapping[HouseId, Settled] = field(default_factory=dict)
    senses: Mapping[HouseId, Senses] = field(default_factory=dict)
    ruled: Mapping[HouseId, RuledHouse] = field(default_factory=dict)
    targets: Mapping[HouseId, Targets] = field(default_factory=dict)
    lent: Mapping[HouseId, Lent] = field(default_factory=dict)
    timeline: Timeline = field(default_factory=Timeline)
    agenda: Mapping[ScheduleId, Booked] = field(default_factory=dict)
    runs: Mapping[ScheduleId, Running] = field(default_factory=dict)
    basis: object = None
    settings: Mapping[HouseId, object] = field(default_factory=dict)
    decided: Mapping[HouseId, object] = field(default_factory=dict)
    alarmed: object = None
