"""A greenhouse with a grown crop: its air is the twin's, light and soil are balances beside it."""

import math
from dataclasses import dataclass, replace
from typing import Final

from tokkatot.climate.physics.air import SEA_LEVEL_PA, co2_ppm, relative_humidity_pct, vapour_pa
from tokkatot.climate.physics.greenhouse import network
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led, of_floor, settled
from tokkatot.climate.physics.greenhouse.model import Controls, Ledger, State
from tokkatot.climate.physics.greenhouse.step import advance
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.sim.body import Body, Station
from tokkatot.sim.relays import Relays
from tokkatot.sim.weather import KANDAL, OUTDOOR_CO2_PPM, mean_c

GREENHOUSE_OUTPUTS: Final = ("vent", "fan", "heater", "irrigation", "screen", "co2", "light")

_SCREEN_SHADE = 0.5  # A 50 % shade screen, fully drawn.
_FAN_M3_S_M2 = 35.0 * 4.0 / 3600.0  # 35 air changes an hour of a house of 4 m.
_HEATER_W_M2 = 120.0
_LAMP_PPFD = 120.0
_LAMP_W_M2 = 45.0
_PPFD_PER_W_M2 = 2.1  # PAR is 46 % of global radiation at 4.57 µmol/J (McCree 1972).
_CO2_MG_S_M2 = 2.5  # 9 g/m² and hour, a common dosing.
_ROOT_DEPTH_MM = 300.0
_FIELD_CAPACITY = 34.0  # % by volume of a loam (FAO 56, table 19).
_DRAIN_PER_S = 1.0 / (12 * 3600.0)
_IRRIGATION_MM_S = 6.0 / 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenhouseDesign:
    """How large a greenhouse is and how it starts."""

    floor_m2: float = 200.0
    soil_percent: float = 27.0
    air_c: float = 26.0

    def __post_init__(self) -> None:
        if not 1 <= self.floor_m2 <= 1e6:
            raise ValueError("floor_m2 must lie between 1 and 1000000")
        if not 0 <= self.soil_percent <= 60:
            raise ValueError("soil_percent must lie between 0 and 60")
        if not -20 <= self.air_c <= 60:
            raise ValueError("air_c must lie between -20 and 60")


@dataclass(slots=True, kw_only=True)
class GreenhouseState(Station):
    """What a greenhouse remembers beside its air and its crop."""

    soil_percent: float
    ppfd: float = 0.0
    flow_l_min: float = 0.0
    irrigated_l: float = 0.0


class Greenhouse(Body[GreenhouseState, State]):
    """The house that the twin was checked on, over another floor, with fans and a shade."""

    outputs = GREENHOUSE_OUTPUTS

    def __init__(self, design: GreenhouseDesign) -> None:
        self._floor_m2 = design.floor_m2
        self._built = replace(
            of_floor(bleiswijk_led(), design.floor_m2),
            fan_m3_s=_FAN_M3_S_M2 * design.floor_m2,
            boiler_w_m2=_HEATER_W_M2,
            lamp_w_m2=_LAMP_W_M2,
            co2_mg_m2_s=_CO2_MG_S_M2,
        )
        self._book = Ledger()
        self._buffer = [0.0] * network.SIZE
        super().__init__(
            GreenhouseState(
                outdoor_c=design.air_c,
                outdoor_pa=vapour_pa(design.air_c, 70.0),
                soil_percent=design.soil_percent,
            ),
            settled(
                State(),
                air_c=design.air_c,
                humidity_pct=75.0,
                co2_ppm=OUTDOOR_CO2_PPM,
                ground_c=mean_c(KANDAL),
            ),
        )

    def advance(self, dt_s: float, outdoor: Outdoor, relays: Relays) -> None:
        """Move every balance by `dt_s` seconds."""
        state = self.state
        state.note(outdoor)
        shade = 1.0 - _SCREEN_SHADE * relays.share("screen")
        light_w_m2 = outdoor.radiation_w_m2 * self._built.roof_par_through * shade
        state.ppfd = light_w_m2 * _PPFD_PER_W_M2 + _LAMP_PPFD * relays.share("light")
        controls = Controls(
            heating=relays.share("heater"),
            co2=relays.share("co2"),
            roof_vents=relays.share("vent"),
            lamps=relays.share("light"),
            shade=relays.share("screen"),
            fans=relays.share("fan"),
        )
        book, before_kg = self._book, self._book.transpired_kg
        advance(self.twin, controls, outdoor, self._built, book, self._buffer, dt_s, substeps=1)
        self._soil(dt_s, relays, used_mm=book.transpired_kg - before_kg)

    def measure(self) -> dict[str, float]:
        """Return the true value behind each sensor channel."""
        state, twin = self.state, self.twin
        return {
            "climate.temperature": twin.air_c,
            "climate.relative_humidity": min(relative_humidity_pct(twin.air_c, twin.air_pa), 100.0),
            "gas.co2": co2_ppm(twin.air_mg_m3, twin.air_c, SEA_LEVEL_PA),
            "par.ppfd": state.ppfd,
            "soil.soil_moisture": state.soil_percent,
            "flow.flow_rate": state.flow_l_min,
            "flow.water_total": state.irrigated_l,
            **state.shows(),
        }

    def _soil(self, dt_s: float, relays: Relays, *, used_mm: float) -> None:
        state = self.state
        rain_mm = _IRRIGATION_MM_S * relays.share("irrigation") * dt_s
        state.flow_l_min = _IRRIGATION_MM_S * relays.share("irrigation") * 60.0 * self._floor_m2
        state.irrigated_l += rain_mm * self._floor_m2
        moisture = state.soil_percent + 100.0 * (rain_mm - used_mm) / _ROOT_DEPTH_MM
        if moisture > _FIELD_CAPACITY:
            left = math.exp(-_DRAIN_PER_S * dt_s)
            moisture = _FIELD_CAPACITY + (moisture - _FIELD_CAPACITY) * left
        state.soil_percent = min(max(moisture, 0.0), 60.0)
