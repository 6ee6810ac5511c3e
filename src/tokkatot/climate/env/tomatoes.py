"""A season of tomatoes, and what it earns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tokkatot.climate.control.crop import (
    TomatoPrices,
    seen_in_greenhouse,
    tomato_parts,
)
from tokkatot.climate.control.dials import GREENHOUSE_DIALS, Dials, positions, turned
from tokkatot.climate.control.greenhouse import TomatoRules, steer_tomatoes
from tokkatot.climate.control.tariff import Tariff, priced
from tokkatot.climate.kernel import Records, advance_greenhouses, records, restored
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.greenhouse.model import Ledger, Parameters, State
from tokkatot.climate.physics.greenhouse.step import SUBSTEPS
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.units import DAY_S, HOUR_S
from tokkatot.climate.weather.series import WeatherSeries


@dataclass(slots=True, kw_only=True)
class TomatoSeason:
    """A crop from the state that it is given in.

    Raises:
        ValueError: beyond the end of the weather.
    """

    weather: WeatherSeries
    state: State = field(default_factory=State)
    parameters: Parameters = field(default_factory=bleiswijk_led)
    rules: TomatoRules = field(default_factory=TomatoRules)
    prices: TomatoPrices = field(default_factory=TomatoPrices)
    tariff: Tariff = field(default_factory=Tariff)
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
    def time_s(self) -> float:
        """When it is, on the clock of the weather."""
        return self.start_s + self.elapsed_s

    @property
    def dials(self) -> Dials:
        """The set-points that may be turned."""
        return GREENHOUSE_DIALS

    @property
    def values(self) -> tuple[float, ...]:
        """Where they stand."""
        return positions(self.rules, GREENHOUSE_DIALS)

    def observed(self) -> tuple[float, ...]:
        """Return house, weather and prices in the order of `GREENHOUSE_SEEN`."""
        return seen_in_greenhouse(self.state, self.outdoor, self._prices_now())

    def step(self, values: Sequence[float]) -> Mapping[str, float]:
        """Let the crop grow on; return what it brought, in euros a m²."""
        self.outdoor = self.weather.at(self.time_s)
        self.rules = turned(self.rules, GREENHOUSE_DIALS, values)
        prices = self._prices_now()
        controls = steer_tomatoes(self.state, self.outdoor, self._hour(), self.rules)
        fruit_mg, begun = self.state.fruit_mg_m2, self.book
        states, ledgers = records([self.state]), records([self.book])
        advance_greenhouses(
            states,
            records([controls]),
            records([self.outdoor]),
            self._house,
            ledgers,
            self.step_s,
            SUBSTEPS,
        )
        self.state, self.book = restored(states[0], State), restored(ledgers[0], Ledger)
        self.elapsed_s += self.step_s
        return tomato_parts(
            self.state.fruit_mg_m2 - fruit_mg, begun, self.book, self.state, self.parameters,
            prices, self.step_s,
        )._asdict()  # fmt: skip

    def _hour(self) -> float:
        return self.time_s % DAY_S / HOUR_S

    def _prices_now(self) -> TomatoPrices:
        return priced(self.prices, self.tariff, self._hour())
