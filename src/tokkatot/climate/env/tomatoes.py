"""A season of tomatoes, and what it earns.

Prices and the cost of a bad climate are round assumptions of ours, to be replaced by its owner's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tokkatot.climate.control.dials import GREENHOUSE_DIALS, Dials, positions, turned
from tokkatot.climate.control.greenhouse import TomatoRules, steer_tomatoes
from tokkatot.climate.env.season import DAY_S, HOUR_S, JOULES_A_KWH, Range
from tokkatot.climate.kernel import Records, advance_greenhouses, records, restored
from tokkatot.climate.physics.air import SEA_LEVEL_PA, co2_ppm, magnus_pa
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.greenhouse.model import Ledger, Parameters, State
from tokkatot.climate.physics.greenhouse.step import SUBSTEPS
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.weather.series import WeatherSeries

OBSERVED: tuple[Range, ...] = (
    ("air_c", -30.0, 70.0),
    ("humidity_pct", 0.0, 100.0),
    ("co2_ppm", 0.0, 20_000.0),
    ("canopy_c", -30.0, 70.0),
    ("pipe_c", -30.0, 120.0),
    ("canopy_day_c", -30.0, 70.0),
    ("buffer_g_m2", 0.0, 50.0),
    ("leaf_g_m2", 0.0, 500.0),
    ("fruit_g_m2", 0.0, 1000.0),
    ("outdoor_c", -60.0, 60.0),
    ("outdoor_vapour_kpa", 0.0, 10.0),
    ("radiation_w_m2", 0.0, 2000.0),
    ("wind_m_s", 0.0, 90.0),
    ("sky_c", -120.0, 60.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TomatoPrices:
    """In euros; a bad climate costs an hour and m², beyond what the crop loses by itself."""

    fruit_kg: float = 1.6
    """Fresh."""
    fruit_dry_share: float = 0.06
    electricity_kwh: float = 0.2
    heat_kwh: float = 0.09
    co2_kg: float = 0.3
    cold_below_c: float = 15.0
    hot_above_c: float = 30.0
    k_m2_h: float = 2e-3
    damp_above_pct: float = 88.0
    pct_m2_h: float = 3e-4


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
        return GREENHOUSE_DIALS

    @property
    def values(self) -> tuple[float, ...]:
        """Where they stand."""
        return positions(self.rules, GREENHOUSE_DIALS)

    def observed(self) -> tuple[float, ...]:
        """Return house and weather in the order of `OBSERVED`."""
        s, w = self.state, self.outdoor
        return (
            s.air_c,
            100.0 * s.air_pa / magnus_pa(s.air_c),
            co2_ppm(s.air_mg_m3, s.air_c, SEA_LEVEL_PA),
            s.canopy_c,
            s.pipe_c,
            s.day_c,
            1e-3 * s.buffer_mg_m2,
            1e-3 * s.leaf_mg_m2,
            1e-3 * s.fruit_mg_m2,
            w.temperature_c,
            1e-3 * w.vapour_pa,
            w.radiation_w_m2,
            w.wind_m_s,
            w.sky_c,
        )

    def step(self, values: Sequence[float]) -> Mapping[str, float]:
        """Let the crop grow on; return what it brought, in euros a m²."""
        self.outdoor = self.weather.at(self.start_s + self.elapsed_s)
        self.rules = turned(self.rules, GREENHOUSE_DIALS, values)
        hour = (self.start_s + self.elapsed_s) % DAY_S / HOUR_S
        controls = steer_tomatoes(self.state, self.outdoor, hour, self.rules)
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
        return self._earned(self.state.fruit_mg_m2 - fruit_mg, begun, self.book)

    def _earned(self, grown_mg: float, before: Ledger, after: Ledger) -> Mapping[str, float]:
        prices, hours = self.prices, self.step_s / HOUR_S
        # What ripens on the plants is worth as much as what was picked.
        dry_kg = 1e-6 * (grown_mg + after.fruit_harvested_mg - before.fruit_harvested_mg)
        lamps_j = (after.lamps_j - before.lamps_j) / (1.0 - self.parameters.lamp_cooled)
        air_c, humidity_pct = self.observed()[:2]
        off_k = max(prices.cold_below_c - air_c, air_c - prices.hot_above_c, 0.0)
        damp_pct = max(humidity_pct - prices.damp_above_pct, 0.0)
        return {
            "fruit": prices.fruit_kg * dry_kg / prices.fruit_dry_share,
            "electricity": -prices.electricity_kwh * lamps_j / JOULES_A_KWH,
            "heat": -prices.heat_kwh * (after.boiler_j - before.boiler_j) / JOULES_A_KWH,
            "co2": -prices.co2_kg * 1e-6 * (after.dosed_mg - before.dosed_mg),
            "climate": -hours * (prices.k_m2_h * off_k + prices.pct_m2_h * damp_pct),
        }
