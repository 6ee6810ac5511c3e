"""What a season begins with, some of it by chance: weather, house, what lives in it, prices."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import NamedTuple, TypeVar

import numpy as np

from tokkatot.climate.control.coop import StageRules
from tokkatot.climate.control.crop import TomatoPrices
from tokkatot.climate.control.flock import FlockPrices
from tokkatot.climate.control.greenhouse import TomatoRules
from tokkatot.climate.control.lettuce_benchmark import Prices
from tokkatot.climate.control.tariff import Tariff
from tokkatot.climate.control.tomato_benchmark import BENCHMARK_PRICES, benchmark_house, planted
from tokkatot.climate.physics import lettuce
from tokkatot.climate.physics.greenhouse import model as greenhouse
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.poultry import model as coop
from tokkatot.climate.physics.poultry.houses import day_old, tunnel_house
from tokkatot.climate.physics.units import DAY_S
from tokkatot.climate.weather.series import WeatherSeries

House = TypeVar("House", coop.Parameters, greenhouse.Parameters, lettuce.Parameters)

Ends = tuple[float, float]
"""The least and the most; alike where nothing is drawn."""

COOP_UNSURE = (
    "wall_w_m2_k", "roof_w_m2_k", "roof_sun_share", "fan_m3_s", "leak_m2", "pad_efficiency",
    "fog_kg_s", "heat_total", "heat_sensible", "litter_transfer_m_h", "mass_w_m2_k",
)  # fmt: skip
GREENHOUSE_UNSURE = (
    "leak", "roof_par_through", "cover_outside_w_m2_k", "wind_pressure", "thermal_leak",
    "soil_w_m_k", "pipe_emission", "leaf_air_w_m2_k", "stomata_s_m", "electrons_25_umol_m2_s",
)  # fmt: skip
LETTUCE_UNSURE = (
    "leak_m_s", "heat_capacity_j_m2_k", "cover_w_m2_k", "sun_heat_share", "leaf_area_m2_kg",
    "light_use_kg_j", "transpiration_m_s",
)  # fmt: skip
"""What differs from house to house and nobody measures."""


class Begun(NamedTuple):
    """Where in which weather a season begins."""

    weather: int
    start_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seasons:
    """Stretches of weather that a season may be: any that begins at midnight and is whole."""

    weathers: Sequence[WeatherSeries]
    days: float
    step_s: float = 900.0
    first_day: int = 0
    every_days: int = 1

    def drawn(self, chance: np.random.Generator) -> Begun:
        """Return one of them."""
        which = int(chance.integers(len(self.weathers)))
        return Begun(which, float(chance.choice(self._starts(which))) * DAY_S)

    def all(self) -> tuple[Begun, ...]:
        """Return each of them, to judge on."""
        return tuple(
            Begun(which, day * DAY_S)
            for which in range(len(self.weathers))
            for day in self._starts(which)
        )

    def _starts(self, which: int) -> range:
        series = self.weathers[which]
        # The last step must still begin in the series.
        ended = ceil((series.duration_s + self.step_s) / DAY_S - self.days)
        if ended <= self.first_day:
            raise ValueError(f"weather {which} is shorter than a season of {self.days:g} days")
        return range(self.first_day, ended, self.every_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlockStart:
    """A flock that comes."""

    begun: Begun
    state: coop.State
    parameters: coop.Parameters
    rules: StageRules
    prices: FlockPrices


@dataclass(frozen=True, slots=True, kw_only=True)
class FlockDraw:
    """Draws flocks."""

    seasons: Seasons
    house: coop.Parameters = field(default_factory=tunnel_house)
    rules: StageRules = field(default_factory=StageRules)
    prices: FlockPrices = field(default_factory=FlockPrices)
    birds_m2: Ends = (15.0, 15.0)
    unsure: float = 0.0
    """By this part what nobody measures is more or less than it is said to be."""
    electricity_kwh: Ends = (0.15, 0.15)
    stressed_m2_h: Ends = (2e-3, 2e-3)
    """Both are drawn evenly over their orders of magnitude."""
    heat_to_electricity: float | None = None
    """So many times the price of electricity is that of heat; none leaves it as it is."""
    tariff: Tariff = field(default_factory=Tariff)

    def drawn(self, chance: np.random.Generator) -> FlockStart:
        """Return a flock by chance."""
        return self.begun(self.seasons.drawn(chance), chance)

    def begun(self, begun: Begun, chance: np.random.Generator) -> FlockStart:
        """Return a flock of this stretch of weather, all else by chance."""
        birds = float(chance.uniform(*self.birds_m2)) * self.house.floor_m2
        parameters = varied(self.house, COOP_UNSURE, self.unsure, chance)
        electricity, stressed = np.exp(
            [chance.uniform(*np.log(ends)) for ends in (self.electricity_kwh, self.stressed_m2_h)]
        )
        dear = self.heat_to_electricity
        return FlockStart(
            begun=begun,
            state=day_old(birds),
            parameters=parameters,
            rules=self.rules,
            prices=replace(
                self.prices,
                electricity_kwh=float(electricity),
                heat_kwh=self.prices.heat_kwh if dear is None else float(dear * electricity),
                stressed_m2_h=float(stressed),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TomatoStart:
    """A crop of tomatoes that begins."""

    begun: Begun
    state: greenhouse.State
    parameters: greenhouse.Parameters
    rules: TomatoRules
    prices: TomatoPrices


@dataclass(frozen=True, slots=True, kw_only=True)
class TomatoDraw:
    """Draws crops of tomatoes."""

    seasons: Seasons
    house: greenhouse.Parameters = field(default_factory=bleiswijk_led)
    rules: TomatoRules = field(default_factory=TomatoRules)
    prices: TomatoPrices = field(default_factory=TomatoPrices)
    unsure: float = 0.0
    electricity_kwh: Ends = (0.2, 0.2)
    heat_kwh: Ends = (0.09, 0.09)
    tariff: Tariff = field(default_factory=Tariff)

    def drawn(self, chance: np.random.Generator) -> TomatoStart:
        """Return a crop by chance."""
        return self.begun(self.seasons.drawn(chance), chance)

    def begun(self, begun: Begun, chance: np.random.Generator) -> TomatoStart:
        """Return a crop of this stretch of weather, all else by chance."""
        return TomatoStart(
            begun=begun,
            state=greenhouse.State(),
            parameters=varied(self.house, GREENHOUSE_UNSURE, self.unsure, chance),
            rules=self.rules,
            prices=replace(
                self.prices,
                electricity_kwh=float(chance.uniform(*self.electricity_kwh)),
                heat_kwh=float(chance.uniform(*self.heat_kwh)),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkTomatoStart:
    """A crop of the published benchmark that begins."""

    begun: Begun
    state: greenhouse.State
    parameters: greenhouse.Parameters
    prices: TomatoPrices


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkTomatoDraw:
    """Draws the published benchmark's crops."""

    seasons: Seasons
    house: greenhouse.Parameters = field(default_factory=benchmark_house)
    prices: TomatoPrices = BENCHMARK_PRICES
    unsure: float = 0.0

    def drawn(self, chance: np.random.Generator) -> BenchmarkTomatoStart:
        """Return a crop by chance."""
        return self.begun(self.seasons.drawn(chance), chance)

    def begun(self, begun: Begun, chance: np.random.Generator) -> BenchmarkTomatoStart:
        """Return a crop of this stretch of weather, all else by chance."""
        outside = self.seasons.weathers[begun.weather].at(begun.start_s)
        return BenchmarkTomatoStart(
            begun=begun,
            state=planted(outside.ground_c, outside.co2_mg_m3),
            parameters=varied(self.house, GREENHOUSE_UNSURE, self.unsure, chance),
            prices=self.prices,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LettuceStart:
    """A crop of lettuce that begins."""

    begun: Begun
    state: lettuce.State = field(default_factory=lettuce.State)
    parameters: lettuce.Parameters = field(default_factory=lettuce.Parameters)
    prices: Prices = field(default_factory=Prices)


@dataclass(frozen=True, slots=True, kw_only=True)
class LettuceDraw:
    """Draws crops of lettuce; the published benchmark's are all alike but for their weather."""

    seasons: Seasons
    unsure: float = 0.0

    def drawn(self, chance: np.random.Generator) -> LettuceStart:
        """Return a crop by chance."""
        return self.begun(self.seasons.drawn(chance), chance)

    def begun(self, begun: Begun, chance: np.random.Generator) -> LettuceStart:
        """Return a crop of this stretch of weather, all else by chance."""
        return LettuceStart(begun=begun, parameters=lettuces_varied(self.unsure, chance))


def lettuces_varied(part: float, chance: np.random.Generator) -> lettuce.Parameters:
    """Return the benchmark's house and crop, off by up to this part, each constant by chance."""
    if part == 0.0:
        # Nothing is drawn: what was learned of the benchmark by a seed is learned of it again.
        return lettuce.Parameters()
    return varied(lettuce.Parameters(), LETTUCE_UNSURE, part, chance)


def varied(house: House, names: Sequence[str], part: float, chance: np.random.Generator) -> House:
    """Return a house whose parameters of these names are off by up to this part, each by chance."""
    factors = chance.uniform(1.0 - part, 1.0 + part, len(names))
    changed = {
        name: float(getattr(house, name) * factor)
        for name, factor in zip(names, factors, strict=True)
    }
    # What passes through a cover or a pad can be no more than all.
    for name in ("roof_par_through", "pad_efficiency", "pipe_emission"):
        if name in changed:
            changed[name] = min(changed[name], 0.98)
    return replace(house, **changed)
