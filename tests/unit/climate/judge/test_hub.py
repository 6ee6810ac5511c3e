"""What the shipped policy is worth where a hub runs it: set-points and fans of its own rules."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.piloted import asked_of, shipped
from tokkatot.climate.control.coop import AMMONIA_ALLOWED_PPM, CO2_ALLOWED_PPM
from tokkatot.climate.control.held import HeldRules
from tokkatot.climate.control.shield import Moment
from tokkatot.climate.control.twins import HeldTwin
from tokkatot.climate.physics.poultry.birds import comfort_c
from tokkatot.climate.physics.poultry.houses import day_old, tunnel_house
from tokkatot.climate.physics.poultry.litter import AMMONIA_MG_M3_PPM
from tokkatot.climate.physics.units import DAY_S, HOUR_S, JOULES_A_KWH
from tokkatot.climate.plan import find_plan, read_plan, read_weathers
from tokkatot.climate.weather.series import WeatherSeries
from tokkatot.domain.houses import SetPoints
from tokkatot.pilot.cockpit import Cockpit
from tokkatot.wire.autopilot import EVERY_S

pytestmark = [pytest.mark.proof, pytest.mark.shared_data, pytest.mark.timeout(3600)]

DAYS = 42
STARTS_D = (10, 90)
"""In January, and into the hottest weeks."""
BIRDS_M2 = 14.0


class Standing(NamedTuple):
    """What is lent all the time."""

    shift_k: float
    fan_share: float


RESTING = Standing(0.0, 1.0)
STANDING = (
    *(Standing(shift_k, 1.0) for shift_k in (-2.0, -1.0, 0.0, 1.0, 2.0, 3.0)),
    *(Standing(shift_k, fan_share) for fan_share in (0.5, 0.125) for shift_k in (-2.0, 0.0)),
)
POLICY = "policy"
MOST = 1.01
SAVED = 0.12
"""Of the energy that the rules alone take: the least that the fans which it lends are worth."""


@dataclass(slots=True, kw_only=True)
class Came:
    """What came of a flock; of several their sums, a m² of floor."""

    stressed_h: float = 0.0
    electricity_kwh: float = 0.0
    heat_kwh: float = 0.0
    foul_h: float = 0.0
    """Over what is allowed of carbon dioxide or of ammonia."""
    bird_kg: float = 0.0
    shift_k: float = 0.0
    """On the mean."""
    fan_share: float = 0.0
    """That is lent, on the mean."""

    def energy_kwh(self) -> float:
        return self.electricity_kwh + self.heat_kwh

    def add(self, other: "Came") -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def told(self, flocks: int) -> str:
        shift_k, kg = self.shift_k / flocks, self.bird_kg / flocks
        return (
            f"{self.stressed_h:7.1f} h stress {self.electricity_kwh:6.2f} kWh/m2 electricity "
            f"{self.heat_kwh:6.2f} heat {self.foul_h:6.1f} h foul {kg:.3f} kg {shift_k:+.2f} K "
            f"{self.fan_share / flocks:.2f} of the fans"
        )


def points(age_d: float) -> SetPoints:
    """Return what people set by the age of their birds: fans run from a kelvin over comfort on."""
    wanted_c = round(2.0 * comfort_c(age_d, tunnel_house())) / 2.0
    return SetPoints(
        temperature_min_c=wanted_c - 1.0,
        temperature_max_c=wanted_c + 3.0,
        temperature_hard_max_c=wanted_c + 8.0,
    )


def lived(weather: WeatherSeries, start_d: int, standing: Standing | None) -> Came:
    """Return what comes of a flock: by what stands, or by all that a hub decides with."""
    house, cockpit, policy = tunnel_house(), Cockpit(), shipped()
    twin, came = HeldTwin(day_old(BIRDS_M2 * house.floor_m2), house), Came()
    steps = round(DAYS * DAY_S / EVERY_S)
    for step in range(steps):
        at_s = start_d * DAY_S + step * EVERY_S
        moment = Moment(outdoor=weather.at(at_s), hour=at_s % DAY_S / HOUR_S)
        wanted = points(twin.state.age_d)
        held = standing
        if held is None:
            decided = cockpit.decide(asked_of(twin, wanted, moment, at_s, policy))
            held = Standing(decided.shift_k, decided.fan_share)
        rules = HeldRules(points=wanted, shift_k=held.shift_k, fan_share=held.fan_share)
        twin.live(rules, moment, EVERY_S)
        ammonia_ppm = twin.state.ammonia_mg_m3 / AMMONIA_MG_M3_PPM
        is_foul = twin.shown().co2_ppm > CO2_ALLOWED_PPM or ammonia_ppm > AMMONIA_ALLOWED_PPM
        came.foul_h += is_foul * EVERY_S / HOUR_S
        came.shift_k += rules.shift_k / steps
        came.fan_share += rules.fan_share / steps
    came.stressed_h = twin.book.heat_stress_h
    came.electricity_kwh = twin.book.electricity_j / JOULES_A_KWH / house.floor_m2
    came.heat_kwh = twin.book.heaters_j / JOULES_A_KWH / house.floor_m2
    came.bird_kg = twin.state.bird_kg
    return came


def test_on_a_hub_the_shipped_policy_does_no_harm_beside_the_rules(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = read_plan(find_plan(Path("tunnel")))
    ways: dict[str, Standing | None] = {POLICY: None, **{str(one): one for one in STANDING}}
    sums, told = {way: Came() for way in ways}, [""]
    for seen, weather in read_weathers(plan.judge_on, shared_data / "climate" / "weather_epw"):
        for way, standing in ways.items():
            place = Came()
            for start_d in STARTS_D:
                place.add(lived(weather, start_d, standing))
            sums[way].add(place)
            told.append(f"{seen.name} {way}: {place.told(len(STARTS_D))}")
    told += [f"all {way}: {one.told(3 * len(STARTS_D))}" for way, one in sums.items()]
    with capsys.disabled():
        print("\n".join(told))  # noqa: T201 - the figures of the docs
    policy, rules = sums[POLICY], sums[str(RESTING)]
    assert policy.foul_h <= rules.foul_h
    assert policy.stressed_h <= MOST * rules.stressed_h
    assert policy.energy_kwh() <= (1.0 - SAVED) * rules.energy_kwh()
    # No shift alone saves as much.
    shifts = (sums[str(one)].energy_kwh() for one in STANDING if one.fan_share == 1.0)
    assert policy.energy_kwh() < min(shifts)
    assert policy.bird_kg >= rules.bird_kg / MOST
