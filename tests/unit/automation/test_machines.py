"""The engine and the resolver against whatever Hypothesis does to them, one thing after another.

Each step of the engine is also compared with one that knows nothing of what was concluded before.
"""

from collections import Counter
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.engine import HOUSE, IDS, ROLES, Doubter
from tests.support.schedules import daily, feeding, lit, schedule
from tokkatot.automation.arbitration import arbitrate
from tokkatot.automation.inputs import Ask
from tokkatot.automation.interlocks import Interlock
from tokkatot.automation.plan import Actuator, Trait, trait_of
from tokkatot.automation.proposals import Proposal, Source
from tokkatot.domain.devices import ACTUATORS, OFF, ON, DeviceRole, rest_level
from tokkatot.domain.houses import HouseKind, HouseMode
from tokkatot.domain.ids import DeviceId, RequestId
from tokkatot.domain.schedules import CronTimes, DurationBased, Missed, Schedule, TimeBased
from tokkatot.hub.memory import recall, remember

FAN, HEATER, PUMP, FEEDER = (
    DeviceRole.FAN,
    DeviceRole.HEATER,
    DeviceRole.WATER_PUMP,
    DeviceRole.FEEDER,
)
HOUR_MS = 3_600_000
START_MS = round(datetime(2026, 3, 1, 22, 30, tzinfo=UTC).timestamp() * 1000)
SCHEDULES = (
    feeding(),
    lit(number=2),
    schedule(
        TimeBased(start=CronTimes(expression="*/7 * * * *"), duration_s=40, devices=(IDS[HEATER],)),
        3,
        missed=Missed.ONCE,
    ),
    schedule(
        DurationBased(start=daily("05:45"), run_s=20, rest_s=100, repeat=5, devices=(IDS[PUMP],)),
        4,
    ),
)


class Engine(RuleBasedStateMachine):
    """A coop with schedules, whose sensors, nodes, people and clock do as they like."""

    @initialize()
    def begin(self) -> None:
        self.bench = Doubter(wall_ms=START_MS)
        self.requests = count(1)
        self.stopped = False
        self.mode: HouseMode | None = None
        self.held: tuple[Schedule, ...] = SCHEDULES
        self.hold()
        self.bench.step()

    def hold(self) -> None:
        self.bench.hold(*self.held, software_stop=self.stopped, mode=self.mode)

    @rule(seconds=st.sampled_from([1.0, 1.0, 5.0, 31.0, 59.0, 400.0]))
    def wait(self, seconds: float) -> None:
        self.bench.step(after_s=seconds)

    @rule(seconds=st.integers(1, 30))
    def wait_by_the_second(self, seconds: int) -> None:
        self.bench.run(seconds)

    @rule(celsius=st.one_of(st.none(), st.floats(-10, 45)))
    def feel(self, celsius: float | None) -> None:
        self.bench.temperature_c = celsius
        self.bench.step()

    @rule(percent=st.one_of(st.none(), st.floats(0, 100)))
    def fill(self, percent: float | None) -> None:
        self.bench.water_percent = percent
        self.bench.step()

    @rule(role=st.sampled_from(ROLES), level=st.sampled_from([OFF, 50.0, ON]), s=st.floats(1, 9999))
    def ask(self, role: DeviceRole, level: float, s: float) -> None:
        self.bench.order(role, level, hold_s=s)

    @rule(role=st.sampled_from(ROLES), online=st.booleans())
    def come_or_go(self, role: DeviceRole, *, online: bool) -> None:
        self.bench.contact(role, online=online)
        self.bench.step()

    @rule()
    def stop_or_go(self) -> None:
        self.stopped = not self.stopped
        self.hold()
        self.bench.step()

    @rule(mode=st.sampled_from([None, HouseMode.EMPTY, HouseMode.GROWTH, HouseMode.CATCHING]))
    def become(self, mode: HouseMode | None) -> None:
        self.mode = mode
        self.hold()
        self.bench.step()

    @rule(number=st.integers(0, 4))
    def keep_only(self, number: int) -> None:
        self.held = SCHEDULES[:number]
        self.hold()
        self.bench.step()

    @rule(number=st.integers(0, 3))
    def run_now(self, number: int) -> None:
        request = RequestId(UUID(int=next(self.requests)))
        self.bench.step(asks=(Ask(schedule_id=SCHEDULES[number].id, request=request),))

    @rule(hours=st.sampled_from([-24 * 3650, -2, -1, 1, 2, 24 * 3650]))
    def set_the_clock(self, hours: int) -> None:
        assert self.bench.wall_ms is not None
        self.bench.wall_ms += hours * HOUR_MS
        self.bench.step()

    @rule(off_s=st.sampled_from([1.0, 60.0, 3600.0]))
    def restart(self, off_s: float) -> None:
        self.bench.state = recall(remember(self.bench.state, self.bench.now_s), self.bench.now_s)
        self.bench.greet()
        self.bench.step(after_s=off_s)

    @invariant()
    def no_due_run_is_executed_twice(self) -> None:
        due = Counter(
            (run.schedule_id, run.due_ms)
            for run in self.bench.runs
            if run.outcome.value == "executed" and run.reason != "asked"
        )
        assert all(times == 1 for times in due.values())

    @invariant()
    def the_interlocks_hold(self) -> None:
        over = self.bench.state.climates[HOUSE].over_hard_limit
        for decision in self.bench.last.decisions:
            trait = self.bench.plan.actuators[decision.device_id].trait
            if over and trait is Trait.COOP_AIR:
                assert decision.target == ON
            if (over or self.stopped) and trait is Trait.HEAT:
                assert decision.target == OFF
            if self.stopped and trait in {Trait.WATER, Trait.MOTION}:
                assert decision.target == OFF

    @invariant()
    def nothing_starts_too_often_or_runs_too_long(self) -> None:
        for device_id, relay in self.bench.state.relays.items():
            actuator = self.bench.plan.actuators[device_id]
            longest_s = actuator.spec.max_on_s
            if actuator.trait is not Trait.COOP_AIR and len(relay.starts) == 20:
                newest = relay.starts[-1]
                assert sum(newest - one < 3600 for one in relay.starts) <= 20
            if longest_s is not None and relay.on_since_s is not None:
                assert self.bench.now_s - relay.on_since_s < longest_s + 3601

    @invariant()
    def every_decision_is_explained(self) -> None:
        for decision in self.bench.last.decisions:
            assert bool(decision.cut_by) == (decision.target != decision.winner.level)
            assert all(isinstance(one, Interlock) for one in decision.cut_by)

    @invariant()
    def every_run_belongs_to_a_schedule_that_is_held(self) -> None:
        assert set(self.bench.state.runs) <= {one.id for one in self.held}


class Resolver(RuleBasedStateMachine):
    """Proposals that come and go, against the precedence said in one line."""

    @initialize(role=st.sampled_from(list(ACTUATORS)), kind=st.sampled_from(HouseKind))
    def begin(self, role: DeviceRole, kind: HouseKind) -> None:
        self.actuator = Actuator(
            id=DeviceId(UUID(int=1)),
            house_id=HOUSE,
            role=role,
            trait=trait_of(role, kind),
            rest=rest_level(role, kind),
            spec=ACTUATORS[role],
            alarm_keys={},
        )
        self.asked: list[Proposal] = []

    @rule(
        source=st.sampled_from([Source.PERSON, Source.SCHEDULE, Source.RULE]),
        level=st.floats(0, 100),
    )
    def ask(self, source: Source, level: float) -> None:
        self.asked.append(Proposal(source=source, reason="test", level=level))

    @rule(index=st.integers(0, 20))
    def take_back(self, index: int) -> None:
        if self.asked:
            self.asked.pop(index % len(self.asked))

    @invariant()
    def the_winner_is_who_should_win(self) -> None:
        winner = arbitrate(self.actuator, self.asked)
        people = [one for one in self.asked if one.source is Source.PERSON]
        others = [one for one in self.asked if one.source is not Source.PERSON]
        if people:
            assert winner is people[0]
        elif not others:
            assert (winner.source, winner.level) == (Source.REST, self.actuator.rest)
        elif self.actuator.spec.ventilates:
            assert winner.level == max(one.level for one in others)
        else:
            assert winner is min(others, key=lambda one: one.source is Source.RULE)


TestEngine = Engine.TestCase
TestEngine.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestResolver = Resolver.TestCase
TestResolver.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
