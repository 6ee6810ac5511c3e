"""Seasons as Gymnasium environments, for programs that learn."""

from collections.abc import Callable, Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from typing_extensions import override

from tokkatot.climate.control.lettuce_benchmark import (
    LETTUCE_SEEN,
    LIMITS,
    SLOWNESS,
    Prices,
    seen_in_lettuce,
)
from tokkatot.climate.env.draws import lettuces_varied
from tokkatot.climate.env.lettuce import LettuceSeason
from tokkatot.climate.env.season import steps_in
from tokkatot.climate.physics.lettuce import Controls
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.weather.series import WeatherSeries

Observation = NDArray[np.float32]
Action = NDArray[np.floating[Any]]
Info = dict[str, Any]

LETTUCE = "tokkatot/Lettuce-v0"
GREENHOUSE = "tokkatot/Greenhouse-v0"
POULTRY_HOUSE = "tokkatot/PoultryHouse-v0"

_ENTRY_POINTS = {
    LETTUCE: "tokkatot.climate.env.gym:lettuce",
    GREENHOUSE: "tokkatot.climate.env.houses:greenhouse",
    POULTRY_HOUSE: "tokkatot.climate.env.houses:poultry_house",
}


class LettuceEnv(gymnasium.Env[Observation, Action]):
    """A season of lettuce, observed, steered and paid as the published benchmark does it.

    An action is how far each actuator moves, of what it can in a step: -1 back, 1 forth. The season
    ends in harvest, which is a terminal state and no time limit.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own declaration

    def __init__(self, plant: Callable[[np.random.Generator], LettuceSeason], steps: int) -> None:
        """Take what plants a new season; it may draw weather, prices and parameters by chance."""
        self.observation_space = spaces.Box(
            np.array([field.low for field in LETTUCE_SEEN], np.float32),
            np.array([field.high for field in LETTUCE_SEEN], np.float32),
            dtype=np.float32,
        )
        self.action_space = spaces.Box(-1.0, 1.0, (3,), dtype=np.float32)
        self._plant = plant
        self._steps = steps
        self._season: LettuceSeason | None = None

    @override
    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Observation, Info]:
        super().reset(seed=seed)
        season = self._plant(self.np_random)
        self._season = season
        return self._observed(season, season.outdoor()), {}

    @override
    def step(self, action: Action) -> tuple[Observation, float, bool, bool, Info]:
        season = self._season
        assert season is not None, "call reset first"
        assert season.steps < self._steps, "the season is over; call reset"
        outdoor, now = season.outdoor(), season.controls
        # Gaussian policies overshoot.
        co2, air, heat = (SLOWNESS * min(max(float(part), -1.0), 1.0) for part in action)
        earned = season.step(
            Controls(
                co2_kg_m2_s=now.co2_kg_m2_s + co2 * LIMITS.co2_kg_m2_s,
                ventilation_m_s=now.ventilation_m_s + air * LIMITS.ventilation_m_s,
                heating_w_m2=now.heating_w_m2 + heat * LIMITS.heating_w_m2,
            )
        )
        over = season.steps >= self._steps
        seen = self._observed(season, outdoor if over else season.outdoor())
        return seen, earned.total, over, False, earned._asdict()

    def _observed(self, season: LettuceSeason, outdoor: Outdoor) -> Observation:
        return np.array(
            seen_in_lettuce(season.state, season.controls, outdoor, season.steps / self._steps),
            np.float32,
        )


def lettuce(
    weather: WeatherSeries,
    *,
    start_s: float = 0.0,
    days: float = 40.0,
    prices: Prices | None = None,
    unsure: float = 0.0,
) -> LettuceEnv:
    """Return the environment on one stretch of weather, as the benchmark has it.

    By the part `unsure` house and crop are off, drawn by the season's seed; `prices` are what the
    benchmark pays, unless they are given.

    Raises:
        ValueError: where the weather is shorter than the season.
    """
    paid = prices or Prices()
    steps = steps_in(weather, start_s, days, LettuceSeason(weather=weather).step_s)

    def plant(chance: np.random.Generator) -> LettuceSeason:
        return LettuceSeason(
            weather=weather,
            start_s=start_s,
            parameters=lettuces_varied(unsure, chance),
            prices=paid,
        )

    return LettuceEnv(plant, steps)


def register() -> None:
    """Tell Gymnasium the names; its plug-in group calls this where the package is installed."""
    for name, entry_point in _ENTRY_POINTS.items():
        if name not in gymnasium.registry:
            gymnasium.register(name, entry_point=entry_point)
