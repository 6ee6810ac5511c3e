"""Every kind of schedule and every mode, from what people want in the cloud to the relays."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, time
from uuid import UUID

import pytest

from tokkatot.domain.devices import OFF
from tokkatot.domain.flocks import Flock
from tokkatot.domain.houses import HouseKind, HouseMode, SetPoints
from tokkatot.domain.ids import ScheduleId
from tokkatot.domain.places import Place
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Comparison, Condition
from tokkatot.domain.schedules import (
    ConditionBased,
    CronTimes,
    CurvePoint,
    DailyTimes,
    Does,
    DurationBased,
    LightCurve,
    Schedule,
    Step,
    TemperatureCurve,
    TimeBased,
    VentilationCurve,
)
from tokkatot.domain.schedules import Sequence as Steps
from tokkatot.sim.layout import Layout
from tokkatot.sim.site import Site
from tokkatot.wire.messages import ScheduleRunRow

KANDAL_SEED = 3
ZONE = "Etc/GMT+3"
"""Where the season's first moment, midnight in UTC, is nine in the evening."""

MINUTE, HOUR = 60.0, 3600.0
TANK, STEPS, DOSE, LIGHT, AIR, WARMTH, TURNS = (ScheduleId(UUID(int=n)) for n in range(1, 8))


def curve(*points: tuple[int, float]) -> tuple[CurvePoint, ...]:
    return tuple(CurvePoint(day=day, value=value) for day, value in points)


@dataclass
class Farm:
    """A farm without trouble, and who was switched on when, to the second."""

    site: Site
    on_s: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    _since_s: dict[str, float] = field(default_factory=dict)

    @property
    def now_s(self) -> float:
        return self.site.loop.time()

    @property
    def are_on(self) -> set[str]:
        return set(self._since_s)

    def live(self, until_s: float) -> None:
        relays = [one for node in self.site.yards[0].nodes for one in node.relays.values()]
        while self.now_s < until_s:
            self.site.loop.run_until(self.now_s + 1.0)
            for relay in relays:
                name = relay.device.name
                if relay.level > OFF:
                    self._since_s.setdefault(name, self.now_s)
                elif name in self._since_s:
                    self.on_s.setdefault(name, []).append((self._since_s.pop(name), self.now_s))

    def enter(self, mode: HouseMode) -> None:
        """Let people say in the cloud in which mode the house is."""
        yard = self.site.yards[0]
        held = yard.desk.document
        house = replace(held.houses[0], mode=mode)
        yard.want(replace(held, version=held.version + 1, houses=(house,)))
        self.site.cloud.dispatch()

    def ran(self, name: str, *, after_s: float = 0.0, before_s: float = 1e9) -> list[float]:
        """Return for how long a device was on, each time that it was switched on in between."""
        return [
            round(end - begin, 1)
            for begin, end in self.on_s.get(name, [])
            if after_s <= begin < before_s
        ]

    def first_on_s(self, name: str) -> float:
        """Return when a device was switched on first."""
        ended = [begin for begin, _ in self.on_s.get(name, [])]
        return min([*ended, self._since_s.get(name, self.now_s)])

    def told(self, schedule_id: ScheduleId) -> list[tuple[float, str, str | None]]:
        """Return (minutes since the beginning, outcome, reason) of what the cloud was told."""
        start_ms = self.site.season.start_ms
        return [
            (round((row.due - start_ms) / 60_000, 1), row.outcome, row.reason)
            for _, row in self.site.cloud.store.kept.rows
            if isinstance(row, ScheduleRunRow) and row.schedule == str(schedule_id)
        ]


EMPTY_S, GROWTH_S, MIDNIGHT_S = 70 * MINUTE, 100 * MINUTE, 3 * HOUR


def kinds_for(layout: Layout) -> dict[ScheduleId, Does]:
    """Return a schedule of each kind, but for the stretch of time that every farm has."""
    feeder, pump = layout.feeder.id, layout.pump.id
    thirst = Condition(
        quantity=Quantity.WATER_LEVEL,
        comparison=Comparison.BELOW,
        threshold=60.0,
        hysteresis=5.0,
        for_s=120.0,
    )
    steps = (
        Step(device_id=feeder, run_s=10.0, rest_s=5.0),
        Step(device_id=pump, run_s=30.0),
    )
    half_hours = CronTimes(expression="*/30 * * * *")
    return {
        TANK: ConditionBased(conditions=(thirst,), devices=(pump,), longest_s=1200.0),
        STEPS: Steps(start=DailyTimes(times=(time(21, 10),)), steps=steps),
        DOSE: TimeBased(start=half_hours, duration_s=20.0, devices=(feeder,)),
        LIGHT: LightCurve(
            start=time(21, 40), hours=curve((0, 0.5), (10, 1.5)), devices=(layout.light.id,)
        ),
        AIR: VentilationCurve(
            m3_h_kg=curve((0, 2.7)), capacity_m3_h=1100.0, devices=(layout.fan.id,)
        ),
        WARMTH: TemperatureCurve(
            minimum_c=curve((5, 30.0), (6, 10.0)), maximum_c=curve((5, 34.0), (6, 20.0))
        ),
        TURNS: DurationBased(run_s=5.0, rest_s=1495.0, devices=(feeder,)),
    }


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """Return a farm after an evening: chicks of five days, an empty house, chicks of six days."""
    site = Site(KANDAL_SEED, folder=tmp_path_factory.mktemp("kinds"), kind=HouseKind.COOP)
    yard = site.yards[0]
    held = yard.desk.document
    flock = Flock(placed_on=date(2026, 1, 26), count=500)
    house = replace(held.houses[0], mode=HouseMode.GROWTH, flock=flock)
    schedules = tuple(
        Schedule(id=key, house_id=house.id, name=type(does).__name__, does=does)
        for key, does in kinds_for(yard.layout).items()
    )
    yard.want(replace(held, version=2, time_zone=ZONE, houses=(house,), schedules=schedules))
    farm = Farm(site)
    farm.live(EMPTY_S)
    farm.enter(HouseMode.EMPTY)
    farm.live(GROWTH_S)
    farm.enter(HouseMode.GROWTH)
    farm.live(MIDNIGHT_S + 6 * MINUTE)
    yield farm
    site.close()


SUNSET, EVENING = Place(latitude=0.0, longitude=-94.0), "Etc/GMT+6"
"""Where the season's first moment is at six, half an hour before the sun goes down."""

SUNSET_S, FLOWERING_S = 33 * MINUTE, 50 * MINUTE
SEEDLINGS, FLOWERS = (ScheduleId(UUID(int=n)) for n in (11, 12))


@pytest.fixture(scope="module")
def greenhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """Return a greenhouse after an evening, in the middle of which its seedlings flower."""
    folder = tmp_path_factory.mktemp("greenhouse")
    site = Site(KANDAL_SEED, folder=folder, kind=HouseKind.GREENHOUSE)
    yard = site.yards[0]
    held = yard.desk.document
    day = SetPoints(temperature_min_c=5.0, temperature_max_c=50.0, temperature_hard_max_c=55.0)
    house = replace(
        held.houses[0],
        mode=HouseMode.SEEDLING,
        setpoints=day,
        night=replace(day, temperature_min_c=45.0),
    )
    quarters = CronTimes(expression="*/15 * * * *")
    dose = TimeBased(start=quarters, duration_s=30.0, devices=(yard.layout.light.id,))
    schedules = tuple(
        Schedule(id=key, house_id=house.id, name=stage.value, does=dose, modes=(stage,))
        for key, stage in ((SEEDLINGS, HouseMode.SEEDLING), (FLOWERS, HouseMode.FLOWERING))
    )
    wanted = replace(held, version=2, houses=(house,), schedules=schedules)
    yard.want(replace(wanted, time_zone=EVENING, place=SUNSET))
    farm = Farm(site)
    farm.live(FLOWERING_S)
    farm.enter(HouseMode.FLOWERING)
    farm.live(80 * MINUTE)
    yield farm
    site.close()


def test_each_stage_of_a_crop_has_its_schedules_and_what_was_due_is_told(greenhouse: Farm) -> None:
    quarters = (15.0, 30.0, 45.0, 60.0, 75.0)
    assert greenhouse.told(SEEDLINGS) == [
        (at, "executed", None) if at < 50 else (at, "skipped", "mode") for at in quarters
    ]
    assert greenhouse.told(FLOWERS) == [
        (at, "executed", None) if at > 50 else (at, "skipped", "mode") for at in quarters
    ]
    assert greenhouse.ran("light", after_s=MINUTE) == [pytest.approx(30, abs=2)] * 5


def test_a_greenhouse_is_heated_from_sunset_on_and_its_fans_rest(greenhouse: Farm) -> None:
    assert greenhouse.first_on_s("heater") == pytest.approx(SUNSET_S, abs=2 * MINUTE)
    assert greenhouse.ran("fan", after_s=MINUTE) == []
    assert greenhouse.ran("vent", after_s=MINUTE) == []


def test_the_light_is_on_for_the_hours_of_the_flocks_age(farm: Farm) -> None:
    (lit,) = farm.on_s["light"]
    assert lit == pytest.approx((40 * MINUTE, 100 * MINUTE), abs=2)
    assert farm.told(LIGHT) == [(40.0, "executed", None)]


def test_a_fan_brings_the_air_that_the_birds_weight_needs_while_the_house_is_kept_warm(
    farm: Farm,
) -> None:
    # 500 birds of 0.163 kg at 2.7 m3/h each kilogram need a fifth of 1,100 m3/h.
    runs = farm.ran("fan1", before_s=MIDNIGHT_S - 5 * MINUTE)
    assert sum(runs) / (MIDNIGHT_S - 5 * MINUTE) == pytest.approx(0.2, abs=0.01)
    assert farm.ran("fan2", after_s=MINUTE) == []


def test_the_house_is_kept_as_warm_as_the_flocks_age_needs_it(farm: Farm) -> None:
    assert farm.ran("heater", before_s=EMPTY_S)
    assert farm.ran("heater", after_s=MIDNIGHT_S) == []
    assert farm.are_on == {"fan1", "fan2"}, "it is above the maximum of the sixth day"


def test_steps_follow_each_other(farm: Farm) -> None:
    (fed,), (pumped,) = (
        [(begin, end) for begin, end in farm.on_s[name] if 600 <= begin < 700]
        for name in ("feeder", "pump")
    )
    assert fed == pytest.approx((601, 611), abs=2)
    assert pumped == pytest.approx((616, 646), abs=2)
    assert farm.told(STEPS) == [(10.0, "executed", None)]


def test_a_condition_fills_the_tank_until_it_is_over(farm: Farm) -> None:
    minute, *answer = farm.told(TANK)[0]
    assert minute == pytest.approx(2.0, abs=0.3)
    assert answer == ["executed", None]
    assert farm.ran("pump", before_s=500) == [pytest.approx(120, abs=15)]


def test_turns_need_no_clock_and_rest_while_the_house_is_empty(farm: Farm) -> None:
    assert [minute for minute, *_ in farm.told(TURNS)] == [0, 25, 50, 100, 125, 150, 175]


def test_an_empty_house_is_neither_fed_nor_heated_and_what_was_due_is_told(farm: Farm) -> None:
    for name in ("feeder", "heater", "pump"):
        assert farm.ran(name, after_s=EMPTY_S + MINUTE, before_s=GROWTH_S) == []
    assert farm.told(DOSE) == [
        (30.0, "executed", None),
        (60.0, "executed", None),
        (90.0, "skipped", "mode"),
        (120.0, "executed", None),
        (150.0, "executed", None),
        (180.0, "executed", None),
    ]
