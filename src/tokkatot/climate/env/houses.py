"""Houses whose set-points are turned, as Gymnasium environments on the compiled equations."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from typing_extensions import override

from tokkatot.climate.control.crop import GREENHOUSE_SEEN, TomatoPrices
from tokkatot.climate.control.dials import COOP_DIALS, GREENHOUSE_DIALS, Dials
from tokkatot.climate.control.fields import Field
from tokkatot.climate.control.flock import COOP_SEEN, FlockPrices
from tokkatot.climate.control.tariff import Tariff
from tokkatot.climate.env import flock, tomatoes
from tokkatot.climate.env.draws import COOP_UNSURE, GREENHOUSE_UNSURE, varied
from tokkatot.climate.env.season import Season, clock, moved, steps_in
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.known import COOPS, House, coop_of
from tokkatot.climate.weather.series import WeatherSeries

Observation = NDArray[np.float32]
Action = NDArray[np.floating[Any]]
Info = dict[str, Any]

STEP_S = 900.0

BIRDS_M2 = {House.TUNNEL: 15.0, House.OPEN: 10.0, House.HENS: 9.0}
"""How dense they are where nobody says it: for broilers assumptions, hens by article 4 of Council
Directive 1999/74/EC."""


class HouseEnv(gymnasium.Env[Observation, Action]):
    """A season in a house that keeps its rules, while the learner turns their set-points.

    An action is how far each dial turns, of what it may in a step: -1 back, 1 forth. Observed are
    house and weather, the hour as a point on a circle, and each dial as its part of the way from
    end to end. The season ends in a terminal state: the birds leave, the crop is cleared.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own declaration

    def __init__(
        self,
        plant: Callable[[np.random.Generator], Season],
        observed: Sequence[Field],
        dials: Dials,
        steps: int,
    ) -> None:
        """Take what begins a new season; it may draw weather, prices and parameters by chance."""
        lowest = [low for _, low, _ in observed] + [-1.0, -1.0] + [0.0] * len(dials)
        highest = [high for _, _, high in observed] + [1.0, 1.0] + [1.0] * len(dials)
        self.observation_space = spaces.Box(
            np.array(lowest, np.float32), np.array(highest, np.float32), dtype=np.float32
        )
        self.action_space = spaces.Box(-1.0, 1.0, (len(dials),), dtype=np.float32)
        self._plant = plant
        self._steps = steps
        self._lived = 0
        self._season: Season | None = None

    @override
    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Observation, Info]:
        super().reset(seed=seed)
        self._season, self._lived = self._plant(self.np_random), 0
        return self._observed(self._season), {}

    @override
    def step(self, action: Action) -> tuple[Observation, float, bool, bool, Info]:
        season = self._season
        assert season is not None, "call reset first"
        assert self._lived < self._steps, "the season is over; call reset"
        parts = season.step(moved(season, action.tolist()))
        self._lived += 1
        over = self._lived >= self._steps
        return self._observed(season), sum(parts.values()), over, False, dict(parts)

    def _observed(self, season: Season) -> Observation:
        parts = (
            (value - dial.low) / (dial.high - dial.low)
            for value, dial in zip(season.values, season.dials, strict=True)
        )
        seen = np.array((*season.observed(), *clock(season.time_s), *parts), np.float32)
        space = self.observation_space
        assert isinstance(space, spaces.Box)
        return np.clip(seen, space.low, space.high)


def poultry_house(
    weather: WeatherSeries,
    *,
    start_s: float = 0.0,
    days: float = 42.0,
    house: str = House.TUNNEL,
    birds: float | None = None,
    prices: FlockPrices | None = None,
    tariff: Tariff | None = None,
    unsure: float = 0.0,
) -> HouseEnv:
    """Return the environment of a flock on one stretch of weather.

    `house` is `tunnel` or `open`, with broilers from their first day, or `hens`, in lay in an open
    house. By the part `unsure` what nobody measures of a house is off, drawn by the season's seed.

    Raises:
        ValueError: where the weather is shorter than the season, or no flock lives in such a house.
    """
    kind = House(house)
    if kind not in COOPS:
        raise ValueError(f"{house} is no house of a flock; there are {', '.join(COOPS)}")
    built = coop_of(kind, 1.0)[0]
    count = BIRDS_M2[kind] * built.floor_m2 if birds is None else birds
    known, steps = tariff or Tariff(), steps_in(weather, start_s, days, STEP_S)

    def plant(chance: np.random.Generator) -> Season:
        return flock.FlockSeason(
            weather=weather,
            state=coop_of(kind, count)[1],
            parameters=varied(built, COOP_UNSURE, unsure, chance),
            prices=prices or FlockPrices(),
            tariff=known,
            start_s=start_s,
        )

    return HouseEnv(plant, COOP_SEEN, COOP_DIALS, steps)


def greenhouse(
    weather: WeatherSeries,
    *,
    start_s: float = 0.0,
    days: float = 60.0,
    prices: TomatoPrices | None = None,
    tariff: Tariff | None = None,
    unsure: float = 0.0,
) -> HouseEnv:
    """Return the environment of tomatoes under lamps on one stretch of weather.

    By the part `unsure` what nobody measures of a house is off, drawn by the season's seed.

    Raises:
        ValueError: where the weather is shorter than the season.
    """
    known, steps = tariff or Tariff(), steps_in(weather, start_s, days, STEP_S)

    def plant(chance: np.random.Generator) -> Season:
        return tomatoes.TomatoSeason(
            weather=weather,
            parameters=varied(bleiswijk_led(), GREENHOUSE_UNSURE, unsure, chance),
            prices=prices or TomatoPrices(),
            tariff=known,
            start_s=start_s,
        )

    return HouseEnv(plant, GREENHOUSE_SEEN, GREENHOUSE_DIALS, steps)
