"""A season of lettuce and what it earns, with the prices and limits of the published benchmark.

The objective is van Henten's (2003, equation 13): what the crop is worth, less what heating and
carbon dioxide cost. Prices and the soft limits on the climate are those that the literature on
learned control of this model shares (the package lettuce-greenhouse-gym lists them).
"""

from dataclasses import dataclass, field

from tokkatot.climate.env.season import JOULES_A_KWH
from tokkatot.climate.physics.lettuce import (
    Controls,
    Parameters,
    Shown,
    State,
    advance,
    shown,
)
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.weather.series import WeatherSeries

LIMITS = Controls(co2_kg_m2_s=1.2e-6, ventilation_m_s=7.5e-3, heating_w_m2=150.0)
SLOWNESS = 0.1
"""Part of its range by which an actuator may move in a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """In euros: heat a kWh, carbon dioxide a kg, lettuce a kg of dry weight."""

    heat_kwh: float = 0.1281
    co2_kg: float = 0.1906
    dry_weight_kg: float = 22.285125


@dataclass(frozen=True, slots=True, kw_only=True)
class Comfort:
    """What the climate should keep to, and what a step beyond costs a unit."""

    co2_min_ppm: float = 500.0
    co2_max_ppm: float = 1600.0
    air_min_c: float = 10.0
    air_max_c: float = 20.0
    humidity_max_pct: float = 80.0
    co2_cost_ppm: float = 5e-5
    cold_cost_k: float = 3e-3
    heat_cost_k: float = 5e-3
    humidity_cost_pct: float = 7e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """What one step brought, in euros a m²; `violations` is what the soft limits took."""

    crop: float
    heat: float
    co2: float
    violations: float

    @property
    def total(self) -> float:
        """The benchmark's reward."""
        return self.crop - self.heat - self.co2 - self.violations


@dataclass(slots=True, kw_only=True)
class LettuceSeason:
    """A crop from planting on: give it controls, step by step, until the weather ends.

    Raises:
        ValueError: beyond the end of the weather.
    """

    weather: WeatherSeries
    start_s: float = 0.0
    step_s: float = 1800.0
    parameters: Parameters = field(default_factory=Parameters)
    prices: Prices = field(default_factory=Prices)
    comfort: Comfort = field(default_factory=Comfort)
    state: State = field(default_factory=State)
    controls: Controls = field(default_factory=lambda: Controls(heating_w_m2=50.0))
    steps: int = 0
    earned: float = 0.0
    """What all steps brought together, in euros a m²."""

    def outdoor(self) -> Outdoor:
        """Return the weather of the step that comes."""
        return self.weather.at(self.start_s + self.steps * self.step_s)

    def step(self, wanted: Controls) -> Earned:
        """Move the actuators as far towards `wanted` as they can in a step, and let it pass."""
        controls = _reachable(self.controls, wanted)
        before = self.state.dry_weight_kg_m2
        advance(self.state, controls, self.outdoor(), self.parameters, self.step_s)
        self.controls = controls
        self.steps += 1
        heat_kwh = controls.heating_w_m2 * self.step_s / JOULES_A_KWH
        earned = Earned(
            crop=self.prices.dry_weight_kg * (self.state.dry_weight_kg_m2 - before),
            heat=self.prices.heat_kwh * heat_kwh,
            co2=self.prices.co2_kg * controls.co2_kg_m2_s * self.step_s,
            violations=violations(shown(self.state), self.comfort),
        )
        self.earned += earned.total
        return earned


def violations(seen: Shown, comfort: Comfort) -> float:
    """Return what the benchmark takes for a climate beyond its limits."""
    off_ppm = max(comfort.co2_min_ppm - seen.co2_ppm, seen.co2_ppm - comfort.co2_max_ppm, 0.0)
    return (
        comfort.co2_cost_ppm * off_ppm
        + comfort.cold_cost_k * max(comfort.air_min_c - seen.air_c, 0.0)
        + comfort.heat_cost_k * max(seen.air_c - comfort.air_max_c, 0.0)
        + comfort.humidity_cost_pct * max(seen.humidity_pct - comfort.humidity_max_pct, 0.0)
    )


def _reachable(now: Controls, wanted: Controls) -> Controls:
    return Controls(
        co2_kg_m2_s=_toward(now.co2_kg_m2_s, wanted.co2_kg_m2_s, LIMITS.co2_kg_m2_s),
        ventilation_m_s=_toward(
            now.ventilation_m_s, wanted.ventilation_m_s, LIMITS.ventilation_m_s
        ),
        heating_w_m2=_toward(now.heating_w_m2, wanted.heating_w_m2, LIMITS.heating_w_m2),
    )


def _toward(now: float, wanted: float, most: float) -> float:
    reach = SLOWNESS * most
    return min(max(wanted, now - reach, 0.0), now + reach, most)
