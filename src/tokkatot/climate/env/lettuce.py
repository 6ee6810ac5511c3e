"""A season of lettuce, and what it earns."""

from dataclasses import dataclass, field

from tokkatot.climate.control.lettuce_benchmark import (
    LIMITS,
    SLOWNESS,
    Comfort,
    Earned,
    Prices,
    lettuce_earned,
)
from tokkatot.climate.physics.lettuce import Controls, Parameters, State, advance
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.weather.series import WeatherSeries


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
        earned = lettuce_earned(
            before, self.state, controls, self.prices, self.comfort, self.step_s
        )
        self.earned += earned.total
        return earned


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
