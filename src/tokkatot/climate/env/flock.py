"""A flock's time in its house, and what it earns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tokkatot.climate.control.coop import StageRules, steer_coop
from tokkatot.climate.control.dials import COOP_DIALS, Dials, positions, turned
from tokkatot.climate.control.flock import FlockPrices, flock_parts, seen_in_coop
from tokkatot.climate.control.tariff import Tariff, priced
from tokkatot.climate.control.twins import CoopLimits
from tokkatot.climate.kernel import Records, advance_coops, records, restored
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry.model import Ledger, Parameters, State
from tokkatot.climate.physics.units import DAY_S, HOUR_S
from tokkatot.climate.weather.series import WeatherSeries

STEERED_EVERY_S = 300.0
"""The rules look at the air so often, for a house full of birds warms by a kelvin in minutes."""


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
    tariff: Tariff = field(default_factory=Tariff)
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
    def time_s(self) -> float:
        """When it is, on the clock of the weather."""
        return self.start_s + self.elapsed_s

    @property
    def dials(self) -> Dials:
        """The set-points that may be turned."""
        return COOP_DIALS

    @property
    def values(self) -> tuple[float, ...]:
        """Where they stand."""
        return positions(self.rules, COOP_DIALS)

    def observed(self) -> tuple[float, ...]:
        """Return house, weather and prices in the order of `COOP_SEEN`."""
        return seen_in_coop(self.state, self.outdoor, self.parameters, self._prices_now())

    def step(self, values: Sequence[float]) -> Mapping[str, float]:
        """Let the flock live on; return what it brought, in euros a m²."""
        self.outdoor = self.weather.at(self.time_s)
        self.rules = turned(self.rules, COOP_DIALS, values)
        sky, prices = records([self.outdoor]), self._prices_now()
        mass_kg, begun = self.state.birds * self.state.bird_kg, self.book
        for _ in range(round(self.step_s / STEERED_EVERY_S)):
            controls = steer_coop(self.state, self._hour(), self.rules, self.parameters)
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
        return flock_parts(
            self.state.birds * self.state.bird_kg - mass_kg, begun, self.book, self.state,
            self.parameters, prices, self.limits, self.step_s,
        )._asdict()  # fmt: skip

    def _hour(self) -> float:
        return self.time_s % DAY_S / HOUR_S

    def _prices_now(self) -> FlockPrices:
        return priced(self.prices, self.tariff, self._hour())
