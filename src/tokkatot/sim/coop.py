"""A small closed broiler house: water, air, gases, feed and light answer to birds and relays."""

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
)
from tokkatot.sim.body import Body
from tokkatot.sim.relays import Relays
from tokkatot.sim.weather import Outdoors

COOP_OUTPUTS: Final = ("pump", "fan1", "fan2", "heater", "light", "feeder", "conveyor")

_BIRDS_PER_M2 = 10.0  # Common stocking of small Cambodian houses; the EU allows 33 kg/m².
_HEIGHT_M = 2.5
_FAN_M3_S_PER_BIRD = 0.0045  # Tunnel ventilation: the air of the house changes once a minute.
_LEAK_AIR_CHANGES_H = 1.5  # A closed house with curtains down.
_STRUCTURE_J_M2K = (
    30_000.0  # Litter, feed pans and inner surfaces that follow the air, per m² floor.
)
_ENVELOPE_W_M2K = 4.0  # Sheet roof and brick walls, per m² of floor.
_ROOF_SUN_SHARE = 0.05  # Absorbed 0.6, then 2 W/m²K inward of 20 W/m²K outward (sol-air method).
_HEATER_W_PER_BIRD = 12.0
_LITRES_PER_BIRD = 0.3  # A header tank for part of a day.
_PUMP_L_MIN_PER_BIRD = 0.04  # A small jet pump; it fills the tank in about 7 minutes.
_FEED_KG_PER_BIRD = 0.24
_AUGER_KG_S = 0.4
_BELT_S = 300.0  # The manure belt is cleared in one run of five minutes.
_AMMONIA_MG_S_BIRD = 0.0035  # 0.3 g per bird and day on built-up litter (Wathes et al. 1997).
_AMMONIA_PPM_PER_MG_M3 = 1.43  # 24.3 L/mol at 23 °C over 17.03 g/mol.
_CO2_M3_S_PER_KW = 0.185 / 3600.0  # CIGR 2002: 0.185 m³/h per 1000 W of total heat at house level.
_MANURE_PER_S = 1.0 / (3 * 86400.0)  # The belt is full after three days.

# Live weight (g) and daily feed (g) at weekly ages 0..6: Ross 308 as-hatched, rounded.
_WEIGHT_G = (44.0, 210.0, 530.0, 1010.0, 1650.0, 2350.0, 3050.0)
_FEED_G = (13.0, 35.0, 65.0, 105.0, 145.0, 180.0, 200.0)
_WATER_PER_FEED = 1.8  # By weight at 21 °C (NRC 1994).
_WATER_PER_DEGREE = 0.07  # NRC 1994: about 7 % more for each °C above 21.
_ACTIVE_S = 14 * 3600.0  # Birds eat and drink in the light; the table's day is 14 hours of it.
_NIGHT_SHARE = 0.1
_LUX_PER_W_M2 = 110.0 * 0.004  # 110 lm/W of daylight, 0.4 % of it through slots and curtains.
_LAMP_LUX = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CoopDesign:
    """How large a coop is and who lives in it."""

    birds: int = 500
    age_days: float = 28.0
    pump_l_min: float | None = None
    """None: as large as the flock needs; 0: a dry well."""
    water_percent: float = 70.0
    air_c: float = 27.0

    def __post_init__(self) -> None:
        if not 1 <= self.birds <= 100_000:
            raise ValueError("birds must lie between 1 and 100000")
        if not 0 <= self.age_days <= 3650:
            raise ValueError("age_days must lie between 0 and 3650")
        if self.pump_l_min is not None and not 0 <= self.pump_l_min <= 10_000:
            raise ValueError("pump_l_min must lie between 0 and 10000")
        if not -20 <= self.air_c <= 60:
            raise ValueError("air_c must lie between -20 and 60")
        if not 0 <= self.water_percent <= 100:
            raise ValueError("water_percent must lie between 0 and 100")


@dataclass(slots=True, kw_only=True)
class CoopState:
    """Everything that a coop remembers."""

    age_days: float
    water_l: float
    pumped_l: float
    flow_l_min: float
    air_c: float
    vapour_g_m3: float
    co2_ppm: float
    ammonia_mg_m3: float
    feed_kg: float
    manure: float
    lux: float
    outdoor_c: float
    outdoor_vapour_g_m3: float
    radiation_w_m2: float


class Coop(Body[CoopState]):
    """The balances of one coop; each call moves them by a step of seconds."""

    outputs = COOP_OUTPUTS

    def __init__(self, design: CoopDesign) -> None:
        self._birds = design.birds
        self._floor_m2 = design.birds / _BIRDS_PER_M2
        self._volume_m3 = self._floor_m2 * _HEIGHT_M
        self._tank_l = design.birds * _LITRES_PER_BIRD
        self._pump_l_min = (
            design.birds * _PUMP_L_MIN_PER_BIRD if design.pump_l_min is None else design.pump_l_min
        )
        self._bin_kg = max(design.birds * _FEED_KG_PER_BIRD, 2.0)
        state = CoopState(
            age_days=design.age_days,
            water_l=self._tank_l * design.water_percent / 100.0,
            pumped_l=0.0,
            flow_l_min=0.0,
            air_c=design.air_c,
            vapour_g_m3=0.7 * saturation_g_m3(design.air_c),
            co2_ppm=800.0,
            ammonia_mg_m3=2.0,
            feed_kg=0.6 * self._bin_kg,
            manure=0.3,
            lux=0.0,
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
        state.age_days += dt_s / 86400.0
        state.lux = _LUX_PER_W_M2 * outdoors.radiation_w_m2 + _LAMP_LUX * relays.share("light")
        active = _NIGHT_SHARE + (1.0 - _NIGHT_SHARE) * min(state.lux / 20.0, 1.0)
        self._feed(dt_s, active, relays)
        self._water(dt_s, active, relays)
        fans = relays.share("fan1") + relays.share("fan2")
        flow_m3_s = (
            fans * self._birds * _FAN_M3_S_PER_BIRD / 2.0
            + _LEAK_AIR_CHANGES_H * self._volume_m3 / 3600.0
        )
        self._air(dt_s, outdoors, relays, flow_m3_s=flow_m3_s)

    def measure(self) -> dict[str, float]:
        """Return the true value behind each sensor channel."""
        state = self.state
        return {
            "tank.water_level": 100.0 * state.water_l / self._tank_l,
            "flow.flow_rate": state.flow_l_min,
            "flow.water_total": state.pumped_l,
            "climate.temperature": state.air_c,
            "climate.relative_humidity": relative_humidity(state.vapour_g_m3, state.air_c),
            "gas.co2": state.co2_ppm,
            "gas.ammonia": state.ammonia_mg_m3 * _AMMONIA_PPM_PER_MG_M3,
            "bin.feed_weight": state.feed_kg,
            "lux.illuminance": state.lux,
            "scale.weight": by_age(_WEIGHT_G, state.age_days) / 1000.0,
            "station.temperature": state.outdoor_c,
            "station.relative_humidity": relative_humidity(
                state.outdoor_vapour_g_m3, state.outdoor_c
            ),
            "station.global_radiation": state.radiation_w_m2,
        }

    def _feed(self, dt_s: float, active: float, relays: Relays) -> None:
        state = self.state
        eaten_kg = (
            self._birds * by_age(_FEED_G, state.age_days) / 1000.0 * active * dt_s / _ACTIVE_S
        )
        filled_kg = _AUGER_KG_S * relays.share("feeder") * dt_s
        state.feed_kg = min(max(state.feed_kg + filled_kg - eaten_kg, 0.0), self._bin_kg)

    def _water(self, dt_s: float, active: float, relays: Relays) -> None:
        state = self.state
        warmth = 1.0 + _WATER_PER_DEGREE * min(max(state.air_c - 21.0, -5.0), 20.0)
        daily_l = self._birds * by_age(_FEED_G, state.age_days) / 1000.0 * _WATER_PER_FEED * warmth
        state.flow_l_min = self._pump_l_min * relays.share("pump")
        pumped_l = state.flow_l_min * dt_s / 60.0
        state.pumped_l += pumped_l
        level_l = state.water_l + pumped_l - daily_l * active * dt_s / _ACTIVE_S
        # A full tank runs over through its pipe; an empty one leaves the birds thirsty.
        state.water_l = min(max(level_l, 0.0), self._tank_l)

    def _air(self, dt_s: float, outdoors: Outdoors, relays: Relays, *, flow_m3_s: float) -> None:
        state = self.state
        total_w, sensible_w = bird_heat_w(self._birds, state.age_days, state.air_c)
        gain_w = (
            sensible_w
            + _HEATER_W_PER_BIRD * self._birds * relays.share("heater")
            + _ROOF_SUN_SHARE * outdoors.radiation_w_m2 * self._floor_m2
        )
        loss_w_k = _ENVELOPE_W_M2K * self._floor_m2 + AIR_HEAT_J_M3K * flow_m3_s
        capacity_j_k = _STRUCTURE_J_M2K * self._floor_m2 + AIR_HEAT_J_M3K * self._volume_m3
        state.air_c = settle(
            state.air_c,
            toward=outdoors.temperature_c + gain_w / loss_w_k,
            rate_per_s=loss_w_k / capacity_j_k,
            dt_s=dt_s,
        )
        state.vapour_g_m3 = min(
            mix(
                state.vapour_g_m3,
                outside=outdoors.vapour_g_m3,
                source_per_s=(total_w - sensible_w) / EVAPORATION_J_G,
                flow_m3_s=flow_m3_s,
                volume_m3=self._volume_m3,
                dt_s=dt_s,
            ),
            saturation_g_m3(state.air_c),
        )
        state.co2_ppm = mix(
            state.co2_ppm,
            outside=OUTDOOR_CO2_PPM,
            source_per_s=_CO2_M3_S_PER_KW * total_w / 1000.0 * 1e6,
            flow_m3_s=flow_m3_s,
            volume_m3=self._volume_m3,
            dt_s=dt_s,
        )
        cleared = relays.share("conveyor") * dt_s / _BELT_S
        state.manure = min(max(state.manure + _MANURE_PER_S * dt_s - cleared, 0.02), 1.0)
        state.ammonia_mg_m3 = mix(
            state.ammonia_mg_m3,
            outside=0.0,
            source_per_s=_AMMONIA_MG_S_BIRD * self._birds * state.manure,
            flow_m3_s=flow_m3_s,
            volume_m3=self._volume_m3,
            dt_s=dt_s,
        )


def bird_heat_w(birds: int, age_days: float, air_c: float) -> tuple[float, float]:
    """Return the total and the sensible heat of a flock of broilers.

    CIGR, 4th report of the working group on climatization of animal houses (Pedersen, Sällvik
    2002): 10.62 m^0.75 W a bird at 20 °C; per 1000 W of that, 1000 + 20 (20 - t) in all, of which
    0.61 of the total less 0.228 t² is sensible at house level. Bounded where the fit ends.
    """
    weight_kg = by_age(_WEIGHT_G, age_days) / 1000.0
    units_kw = birds * 10.62 * weight_kg**0.75 / 1000.0
    total_w = units_kw * min(max(1000.0 + 20.0 * (20.0 - air_c), 400.0), 1500.0)
    sensible_w = 0.61 * total_w - 0.228 * air_c * abs(air_c) * units_kw
    return total_w, min(max(sensible_w, 0.0), total_w)


def by_age(weekly: tuple[float, ...], age_days: float) -> float:
    """Return a weekly table's value at an age, constant beyond its ends."""
    position = min(max(age_days / 7.0, 0.0), len(weekly) - 1.0)
    first = min(int(position), len(weekly) - 2)
    return weekly[first] + (weekly[first + 1] - weekly[first]) * (position - first)
