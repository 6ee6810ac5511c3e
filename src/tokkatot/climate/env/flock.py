"""A flock's time in its house, and what it earns.

Prices and the cost of a bad climate are round assumptions of ours, to be replaced by its owner's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tokkatot.climate.control.coop import StageRules, steer_coop
from tokkatot.climate.control.dials import COOP_DIALS, Dials, positions, turned
from tokkatot.climate.control.twins import CoopLimits
from tokkatot.climate.env.season import DAY_S, HOUR_S, JOULES_A_KWH, Range
from tokkatot.climate.kernel import Records, advance_coops, records, restored
from tokkatot.climate.physics.air import (
    SEA_LEVEL_PA,
    co2_ppm,
    saturation_pa,
    vapour_of_g_m3_pa,
)
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry.birds import comfort_c
from tokkatot.climate.physics.poultry.litter import AMMONIA_MG_M3_PPM
from tokkatot.climate.physics.poultry.model import Ledger, Parameters, State
from tokkatot.climate.weather.series import WeatherSeries

STEERED_EVERY_S = 300.0
"""The rules look at the air so often, for a house full of birds warms by a kelvin in minutes."""

OBSERVED: tuple[Range, ...] = (
    ("air_c", -20.0, 60.0),
    ("humidity_pct", 0.0, 100.0),
    ("co2_ppm", 0.0, 20_000.0),
    ("ammonia_ppm", 0.0, 500.0),
    ("over_comfort_k", -40.0, 40.0),
    ("litter_c", -20.0, 60.0),
    ("bird_kg", 0.0, 10.0),
    ("age_d", 0.0, 700.0),
    ("birds_m2", 0.0, 50.0),
    ("outdoor_c", -60.0, 60.0),
    ("outdoor_vapour_kpa", 0.0, 10.0),
    ("radiation_w_m2", 0.0, 2000.0),
    ("wind_m_s", 0.0, 90.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlockPrices:
    """In euros."""

    live_kg: float = 1.1
    egg_kg: float = 1.3
    feed_kg: float = 0.4
    electricity_kwh: float = 0.15
    heat_kwh: float = 0.07
    stressed_m2_h: float = 2e-3
    """An hour of heat stress, a m² of floor: what it costs beyond lost growth and deaths."""
    gases_m2_h: float = 2e-3
    """An hour at twice what Directive 2007/43/EC allows, a m²; less of an excess costs as less."""


@dataclass(slots=True, kw_only=True)
class FlockSeason:
    """Birds from the day they come on.

    Raises:
        ValueError: beyond the end of the weather.
    """

    weather: WeatherSeries
    state: State
    parameters: Parameters
    rules: StageRules = field(default_factory=StageRules)
    prices: FlockPrices = field(default_factory=FlockPrices)
    limits: CoopLimits = field(default_factory=CoopLimits)
    start_s: float = 0.0
    step_s: float = 900.0
    elapsed_s: float = 0.0
    book: Ledger = field(default_factory=Ledger)
    outdoor: Outdoor = field(init=False)
    _house: Records = field(init=False)

    def __post_init__(self) -> None:
        self.outdoor = self.weather.at(self.start_s)
        self._house = records([self.parameters])

    @property
    def dials(self) -> Dials:
        """The set-points that may be turned."""
        return COOP_DIALS

    @property
    def values(self) -> tuple[float, ...]:
        """Where they stand."""
        return positions(self.rules, COOP_DIALS)

    def observed(self) -> tuple[float, ...]:
        """Return house and weather in the order of `OBSERVED`."""
        s, w = self.state, self.outdoor
        vapour = vapour_of_g_m3_pa(s.air_c, 1e3 * s.vapour_kg_m3)
        return (
            s.air_c,
            100.0 * vapour / saturation_pa(s.air_c),
            co2_ppm(s.co2_mg_m3, s.air_c, SEA_LEVEL_PA),
            s.ammonia_mg_m3 / AMMONIA_MG_M3_PPM,
            s.air_c - comfort_c(s.age_d, self.parameters),
            s.mass_c,
            s.bird_kg,
            s.age_d,
            s.birds / self.parameters.floor_m2,
            w.temperature_c,
            1e-3 * w.vapour_pa,
            w.radiation_w_m2,
            w.wind_m_s,
        )

    def step(self, values: Sequence[float]) -> Mapping[str, float]:
        """Let the flock live on; return what it brought, in euros a m²."""
        self.outdoor = self.weather.at(self.start_s + self.elapsed_s)
        self.rules = turned(self.rules, COOP_DIALS, values)
        sky = records([self.outdoor])
        mass_kg, begun = self.state.birds * self.state.bird_kg, self.book
        for _ in range(round(self.step_s / STEERED_EVERY_S)):
            hour = (self.start_s + self.elapsed_s) % DAY_S / HOUR_S
            controls = steer_coop(self.state, hour, self.rules, self.parameters)
            states, ledgers = records([self.state]), records([self.book])
            advance_coops(
                states,
                records([controls]),
                sky,
                self._house,
                ledgers,
                STEERED_EVERY_S,
            )
            self.state, self.book = restored(states[0], State), restored(ledgers[0], Ledger)
            self.elapsed_s += STEERED_EVERY_S
        return self._earned(self.state.birds * self.state.bird_kg - mass_kg, begun, self.book)

    def _earned(self, gained_kg: float, before: Ledger, after: Ledger) -> Mapping[str, float]:
        prices, floor_m2 = self.prices, self.parameters.floor_m2
        electricity = (after.electricity_j - before.electricity_j) / JOULES_A_KWH
        heat = (after.heaters_j - before.heaters_j) / JOULES_A_KWH
        eggs_kg = after.eggs_kg - before.eggs_kg
        observed = self.observed()
        beyond = max(observed[2] / self.limits.co2_ppm - 1.0, 0.0) + max(
            observed[3] / self.limits.ammonia_ppm - 1.0, 0.0
        )
        return {
            "birds": (prices.live_kg * gained_kg + prices.egg_kg * eggs_kg) / floor_m2,
            "feed": -prices.feed_kg * (after.feed_kg - before.feed_kg) / floor_m2,
            "electricity": -prices.electricity_kwh * electricity / floor_m2,
            "heat": -prices.heat_kwh * heat / floor_m2,
            "stress": -prices.stressed_m2_h * (after.heat_stress_h - before.heat_stress_h),
            "gases": -prices.gases_m2_h * beyond * self.step_s / HOUR_S,
        }
