"""A plastic-covered greenhouse with a grown crop: air, light and soil answer to its relays."""

from dataclasses import dataclass
from typing import Final

from tokkatot.sim.air import (
    AIR_HEAT_J_M3K,
    EVAPORATION_J_G,
    OUTDOOR_CO2_PPM,
    mix,
    relative_humidity,
    saturation_g_m3,
    settle,
    vpd_kpa,
)
from tokkatot.sim.body import Body
from tokkatot.sim.relays import Relays
from tokkatot.sim.weather import Outdoors

GREENHOUSE_OUTPUTS: Final = ("vent", "fan", "heater", "irrigation", "screen", "co2", "light")

_HEIGHT_M = 4.0
_COVER_W_M2K = 8.0  # Single polythene 6 W/m²K over 1.35 m² of cover per m² of floor.
_TRANSMITTED = 0.7
_SCREEN_SHADE = 0.5  # A 50 % shade screen, fully drawn.
_HEATED_SHARE = 0.85  # Of the light that comes in; the rest is reflected out again.
_CAPACITY_J_M2K = 50_000.0  # Wet canopy and the top of the soil that follow the air.
_LEAK_AIR_CHANGES_H = 1.0
_VENT_AIR_CHANGES_H = 25.0  # Roof vents fully open in a light wind (Boulard, Baille 1995).
_FAN_AIR_CHANGES_H = 35.0
_HEATER_W_M2 = 120.0
_LAMP_PPFD = 120.0
_LAMP_W_M2 = 45.0
_PPFD_PER_W_M2 = 2.1  # PAR is 46 % of global radiation at 4.57 µmol/J (McCree 1972).
_CO2_KG_S_M2 = 2.5e-6  # 9 g/m² and hour, a common dosing.
_CO2_M3_PER_KG = 0.556  # 24.45 L/mol over 44 g/mol.
_UPTAKE_MAX = 25.0  # µmol CO2 m⁻² s⁻¹ of a closed canopy in strong light.
_RESPIRATION = 3.0
_AIR_MOL_M3 = 41.0
# Baille, Baille, Laury 1994, as used for tomato: transpired W/m² = A light + B deficit.
_TRANSPIRE_PER_W = 0.45
_TRANSPIRE_PER_KPA = 18.0
_ROOT_DEPTH_MM = 300.0
_FIELD_CAPACITY = 34.0  # % by volume of a loam (FAO 56, table 19).
_WILTING = 14.0
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
class GreenhouseState:
    """Everything that a greenhouse remembers."""

    air_c: float
    vapour_g_m3: float
    co2_ppm: float
    soil_percent: float
    ppfd: float
    flow_l_min: float
    irrigated_l: float
    outdoor_c: float
    outdoor_vapour_g_m3: float
    radiation_w_m2: float


class Greenhouse(Body[GreenhouseState]):
    """The balances of one greenhouse per m² of floor; each call moves them by a step of seconds."""

    outputs = GREENHOUSE_OUTPUTS

    def __init__(self, design: GreenhouseDesign) -> None:
        self._floor_m2 = design.floor_m2
        state = GreenhouseState(
            air_c=design.air_c,
            vapour_g_m3=0.75 * saturation_g_m3(design.air_c),
            co2_ppm=OUTDOOR_CO2_PPM,
            soil_percent=design.soil_percent,
            ppfd=0.0,
            flow_l_min=0.0,
            irrigated_l=0.0,
            outdoor_c=design.air_c,
            outdoor_vapour_g_m3=0.7 * saturation_g_m3(design.air_c),
            radiation_w_m2=0.0,
        )
        super().__init__(state)

    def advance(self, dt_s: float, outdoors: Outdoors, relays: Relays) -> None:
        """Move every balance by `dt_s` seconds."""
        state = self.state
        state.outdoor_c = outdoors.temperature_c
        state.outdoor_vapour_g_m3 = outdoors.vapour_g_m3
        state.radiation_w_m2 = outdoors.radiation_w_m2
        shade = 1.0 - _SCREEN_SHADE * relays.share("screen")
        light_w_m2 = outdoors.radiation_w_m2 * _TRANSMITTED * shade
        state.ppfd = light_w_m2 * _PPFD_PER_W_M2 + _LAMP_PPFD * relays.share("light")
        changes_h = (
            _LEAK_AIR_CHANGES_H
            + _VENT_AIR_CHANGES_H * relays.share("vent")
            + _FAN_AIR_CHANGES_H * relays.share("fan")
        )
        flow_m_s = changes_h * _HEIGHT_M / 3600.0
        vapour_g_s_m2 = self._transpired_w_m2(light_w_m2) / EVAPORATION_J_G
        self._soil(dt_s, relays, vapour_g_s_m2=vapour_g_s_m2)
        self._warmth(
            dt_s,
            outdoors,
            relays,
            light_w_m2=light_w_m2,
            flow_m_s=flow_m_s,
            evaporating_w_m2=vapour_g_s_m2 * EVAPORATION_J_G,
        )
        state.vapour_g_m3 = min(
            mix(
                state.vapour_g_m3,
                outside=outdoors.vapour_g_m3,
                source_per_s=vapour_g_s_m2,
                flow_m3_s=flow_m_s,
                volume_m3=_HEIGHT_M,
                dt_s=dt_s,
            ),
            saturation_g_m3(state.air_c),
        )
        self._carbon(dt_s, relays, flow_m_s=flow_m_s)

    def measure(self) -> dict[str, float]:
        """Return the true value behind each sensor channel."""
        state = self.state
        return {
            "climate.temperature": state.air_c,
            "climate.relative_humidity": relative_humidity(state.vapour_g_m3, state.air_c),
            "gas.co2": state.co2_ppm,
            "par.ppfd": state.ppfd,
            "soil.soil_moisture": state.soil_percent,
            "flow.flow_rate": state.flow_l_min,
            "flow.water_total": state.irrigated_l,
            "station.temperature": state.outdoor_c,
            "station.relative_humidity": relative_humidity(
                state.outdoor_vapour_g_m3, state.outdoor_c
            ),
            "station.global_radiation": state.radiation_w_m2,
        }

    def _transpired_w_m2(self, light_w_m2: float) -> float:
        state = self.state
        deficit_kpa = vpd_kpa(state.vapour_g_m3, state.air_c)
        wet = (state.soil_percent - _WILTING) / (0.6 * (_FIELD_CAPACITY - _WILTING))
        stress = min(max(wet, 0.0), 1.0)
        return stress * (_TRANSPIRE_PER_W * light_w_m2 + _TRANSPIRE_PER_KPA * deficit_kpa)

    def _soil(self, dt_s: float, relays: Relays, *, vapour_g_s_m2: float) -> None:
        state = self.state
        rain_mm = _IRRIGATION_MM_S * relays.share("irrigation") * dt_s
        state.flow_l_min = _IRRIGATION_MM_S * relays.share("irrigation") * 60.0 * self._floor_m2
        state.irrigated_l += rain_mm * self._floor_m2
        used_mm = vapour_g_s_m2 * dt_s / 1000.0
        moisture = state.soil_percent + 100.0 * (rain_mm - used_mm) / _ROOT_DEPTH_MM
        if moisture > _FIELD_CAPACITY:
            moisture = settle(moisture, toward=_FIELD_CAPACITY, rate_per_s=_DRAIN_PER_S, dt_s=dt_s)
        state.soil_percent = min(max(moisture, 0.0), 60.0)

    def _warmth(
        self,
        dt_s: float,
        outdoors: Outdoors,
        relays: Relays,
        *,
        light_w_m2: float,
        flow_m_s: float,
        evaporating_w_m2: float,
    ) -> None:
        gain_w_m2 = (
            _HEATED_SHARE * light_w_m2
            + _HEATER_W_M2 * relays.share("heater")
            + _LAMP_W_M2 * relays.share("light")
            - evaporating_w_m2
        )
        loss_w_m2k = _COVER_W_M2K + AIR_HEAT_J_M3K * flow_m_s
        capacity_j_m2k = _CAPACITY_J_M2K + AIR_HEAT_J_M3K * _HEIGHT_M
        self.state.air_c = settle(
            self.state.air_c,
            toward=outdoors.temperature_c + gain_w_m2 / loss_w_m2k,
            rate_per_s=loss_w_m2k / capacity_j_m2k,
            dt_s=dt_s,
        )

    def _carbon(self, dt_s: float, relays: Relays, *, flow_m_s: float) -> None:
        state = self.state
        light_share = state.ppfd / (state.ppfd + 400.0)
        carbon_share = state.co2_ppm / (state.co2_ppm + 400.0)
        uptake = 2.0 * _UPTAKE_MAX * light_share * carbon_share - _RESPIRATION
        dosed_m3_s = _CO2_KG_S_M2 * _CO2_M3_PER_KG * relays.share("co2")
        state.co2_ppm = max(
            mix(
                state.co2_ppm,
                outside=OUTDOOR_CO2_PPM,
                source_per_s=dosed_m3_s * 1e6 - uptake / _AIR_MOL_M3,
                flow_m3_s=flow_m_s,
                volume_m3=_HEIGHT_M,
                dt_s=dt_s,
            ),
            50.0,
        )
