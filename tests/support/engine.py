"""A house for the engine, with one of everything and time that is pushed."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import count
from math import inf
from uuid import UUID

from msgspec import structs
from typing_extensions import override

from tokkatot.automation.alarms import AlarmChange
from tokkatot.automation.engine import Decision, Ended, Step, step
from tokkatot.automation.inputs import Asked, Contact, Inputs, Order, Report, Sample
from tokkatot.automation.instant import Instant
from tokkatot.automation.plan import Plan, plan_of
from tokkatot.automation.runs import RunOutcome
from tokkatot.automation.state import State
from tokkatot.domain.desired import DesiredDocument, DeviceConfig, HouseConfig, RelayLimits
from tokkatot.domain.devices import OFF, DeviceRole, Interface, Level
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind, SetPoints
from tokkatot.domain.ids import AlertId, CommandId, DeviceId, FarmId, HouseId, HubId
from tokkatot.domain.places import Place
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.schedules import Schedule

FARM = FarmId(UUID(int=1))
HUB = HubId(UUID(int=2))
HOUSE = HouseId(UUID(int=3))

ROLES = (
    DeviceRole.WATER_PUMP,
    DeviceRole.FAN,
    DeviceRole.HEATER,
    DeviceRole.FEEDER,
    DeviceRole.LIGHT,
    DeviceRole.VENT,
    DeviceRole.FOGGER,
)
IDS = {role: DeviceId(UUID(int=100 + index)) for index, role in enumerate(ROLES)}
THERMOMETER = DeviceId(UUID(int=200))
TANK = DeviceId(UUID(int=201))
SECOND_THERMOMETER = DeviceId(UUID(int=202))

PERIOD_S = 10.0
STALE_S = 30.0
SPEAKS_EVERY_S = 7.0


def device(device_id: DeviceId, role: DeviceRole, *quantities: Quantity) -> DeviceConfig:
    return DeviceConfig(
        id=device_id,
        house_id=HOUSE,
        hardware_id=f"HW-{device_id.int}",
        name=role,
        role=role,
        interface=Interface.SENSOR if quantities else Interface.RELAY,
        quantities=quantities,
        period_s=PERIOD_S,
        address={"driver": "fake"},
    )


def document(
    kind: HouseKind = HouseKind.COOP,
    *,
    software_stop: bool = False,
    setpoints: SetPoints | None = None,
    thermometers: Iterable[DeviceId] = (THERMOMETER,),
) -> DesiredDocument:
    return DesiredDocument(
        farm_id=FARM,
        hub_id=HUB,
        version=1,
        expires_ms=2**50,
        time_zone="Asia/Phnom_Penh",
        houses=(
            HouseConfig(
                id=HOUSE,
                number=1,
                name="House",
                kind=kind,
                setpoints=setpoints or DEFAULT_SETPOINTS[kind],
                software_stop=software_stop,
            ),
        ),
        devices=(
            *(device(IDS[role], role) for role in ROLES),
            *(
                device(sensor, DeviceRole.CLIMATE_SENSOR, Quantity.TEMPERATURE)
                for sensor in thermometers
            ),
            device(TANK, DeviceRole.WATER_LEVEL_SENSOR, Quantity.WATER_LEVEL),
        ),
    )


def limited(bench: "Bench", role: DeviceRole, limits: RelayLimits) -> None:
    """Give the bench's devices of a role limits of their own."""
    held = document(bench.kind)
    devices = (replace(one, limits=limits) if one.role is role else one for one in held.devices)
    bench.plan = plan_of(replace(held, devices=tuple(devices)))


@dataclass
class Bench:
    """Steps the engine once a second, with sensors that say what they are told to say.

    Its relays follow at once and report; `broken` ones report nothing new.
    """

    kind: HouseKind = HouseKind.COOP
    temperature_c: float | None = 26.0
    water_percent: float | None = 60.0
    plan: Plan = field(init=False)
    state: State = field(default_factory=State)
    now_s: float = 1000.0
    follow: bool = True
    wall_ms: int | None = None
    """The wall clock, which moves with the steps; None: the hub has none."""
    offline: set[DeviceId] = field(default_factory=set)
    stuck: set[DeviceId] = field(default_factory=set)
    """Relays that say that they stay off."""
    runs: list[RunOutcome] = field(default_factory=list)
    last: Step = field(init=False)
    _contacts: tuple[Contact, ...] = field(init=False, default=())
    ended: list[Ended] = field(default_factory=list)
    alarms: list[AlarmChange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plan = plan_of(document(self.kind))
        self._alerts = count(5000)
        self._commands = count(9000)
        self.greet()
        self.step()

    def hold(
        self, *schedules: Schedule, time_zone: str = "Asia/Phnom_Penh", **house: object
    ) -> None:
        """Take over schedules, and what else is to be so in the house."""
        held = document(self.kind)
        changed = replace(held.houses[0], **house)  # type: ignore[arg-type]  # real fields
        self.plan = plan_of(
            replace(
                held,
                houses=(changed,),
                schedules=schedules,
                time_zone=time_zone,
                place=Place(latitude=11.48, longitude=104.95),
            )
        )

    def contact(self, role: DeviceRole, *, online: bool) -> None:
        """Let a device come or go with the next step."""
        (self.offline.discard if online else self.offline.add)(IDS[role])
        self._contacts = (*self._contacts, Contact(device_id=IDS[role], online=online))

    def greet(self) -> None:
        """Let every device say that it is there, as after a start."""
        self._contacts = tuple(Contact(device_id=item, online=True) for item in self.plan.actuators)

    def stop(self, *, on: bool) -> None:
        self.plan = plan_of(document(self.kind, software_stop=on))

    def step(self, *orders: Asked, after_s: float = 1.0, **more: object) -> Step:
        self.now_s += after_s
        if self.wall_ms is not None:
            self.wall_ms += round(after_s * 1000)
        inputs = Inputs(
            new_alert_id=lambda: AlertId(UUID(int=next(self._alerts))),
            samples=self._samples(),
            reports=self._reports(),
            contacts=self._contacts,
            orders=orders,
        )
        self._contacts = ()
        self.last = self.decide(
            structs.replace(inputs, **more), Instant(monotonic_s=self.now_s, utc_ms=self.wall_ms)
        )
        self.state = self.last.state
        self.ended.extend(self.last.ended)
        self.alarms.extend(self.last.alarms)
        self.runs.extend(self.last.runs)
        return self.last

    def decide(self, inputs: Inputs, now: Instant) -> Step:
        """Let the engine take a step."""
        return step(self.plan, self.state, inputs, now)

    def run(self, seconds: float, *, every_s: float = 1.0) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.step(after_s=min(every_s, end_s - self.now_s))

    def order(self, role: DeviceRole, level: Level, *, hold_s: float = 600.0) -> CommandId:
        """Give a person's order, in a step of its own."""
        command = CommandId(UUID(int=next(self._commands)))
        self.step(
            Order(command=command, device_id=IDS[role], level=level, hold_s=hold_s), after_s=0.001
        )
        return command

    def decision(self, role: DeviceRole) -> Decision:
        return next(item for item in self.last.decisions if item.device_id == IDS[role])

    def level(self, role: DeviceRole) -> Level:
        return self.decision(role).target

    def _samples(self) -> tuple[Sample, ...]:
        samples: list[Sample] = []
        if self.temperature_c is not None:
            samples.append(
                Sample(
                    device_id=THERMOMETER, quantity=Quantity.TEMPERATURE, value=self.temperature_c
                )
            )
        if self.water_percent is not None:
            samples.append(
                Sample(device_id=TANK, quantity=Quantity.WATER_LEVEL, value=self.water_percent)
            )
        # Said twice, so that a story may jump: what comes too fast must be said again.
        return (*samples, *samples)

    def _reports(self) -> tuple[Report, ...]:
        if not self.follow:
            return ()
        return tuple(
            Report(device_id=key, level=OFF if key in self.stuck else relay.target)
            for key, relay in self.state.relays.items()
            if key not in self.offline
        )


class Doubter(Bench):
    """Takes each step a second time, as an engine would that keeps nothing of what it concluded.

    Its sensors and relays speak every few seconds only: in between there is something to keep.
    """

    _spoke_s = -inf

    @override
    def _samples(self) -> tuple[Sample, ...]:
        if self.now_s - self._spoke_s >= SPEAKS_EVERY_S:
            self._spoke_s = self.now_s
        return super()._samples() if self._spoke_s == self.now_s else ()

    @override
    def _reports(self) -> tuple[Report, ...]:
        return super()._reports() if self._spoke_s == self.now_s else ()

    @override
    def decide(self, inputs: Inputs, now: Instant) -> Step:
        given: list[AlertId] = []

        def new() -> AlertId:
            given.append(inputs.new_alert_id())
            return given[-1]

        taken = step(self.plan, self.state, structs.replace(inputs, new_alert_id=new), now)
        again = iter(given)
        inputs = structs.replace(inputs, new_alert_id=lambda: next(again))
        afresh = step(self.plan, _forgetful(self.state), inputs, now)
        assert structs.replace(taken, state=_forgetful(taken.state)) == structs.replace(
            afresh, state=_forgetful(afresh.state)
        ), "what was kept is what would be concluded now"
        return taken


def _forgetful(state: State) -> State:
    """Return a state of which every conclusion has to be drawn anew."""
    return structs.replace(
        state,
        settings={},
        decided={},
        alarmed=None,
        senses={
            house_id: structs.replace(senses, basis=(), until_s=-inf)
            for house_id, senses in state.senses.items()
        },
    )
