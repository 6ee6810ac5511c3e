"""A small broiler house: air, litter and birds are the twin's; tank, bin and light stand beside."""

from dataclasses import dataclass
from typing import Final

from tokkatot.climate.physics.air import (
    SEA_LEVEL_PA,
    co2_ppm,
    relative_humidity_pct,
    vapour_of_g_m3_pa,
    vapour_pa,
)
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry.houses import of_floor, settled, tunnel_house
from tokkatot.climate.physics.poultry.model import Controls, Ledger, State
from tokkatot.climate.physics.poultry.step import advance
from tokkatot.climate.physics.units import DAY_S
from tokkatot.sim.body import Body, Station
from tokkatot.sim.relays import Relays

COOP_OUTPUTS: Final = ("pump", "fan1", "fan2", "heater", "light", "feeder", "conveyor")

_BIRDS_PER_M2 = 10.0  # Common stocking of small Cambodian houses; the EU allows 33 kg/m².
_LEAST_INLET = 0.05
_LITRES_PER_BIRD = 0.3  # A header tank for part of a day.
_PUMP_L_MIN_PER_BIRD = 0.04  # A small jet pump; it fills the tank in about 7 minutes.
_FEED_KG_PER_BIRD = 0.24
_AUGER_KG_S = 0.4
_BELT_S = 300.0  # The manure belt is cleared in one run of five minutes.
_BELT_NITROGEN_KG_M2 = 0.015  # What ten birds of four weeks leave on it in about a day,
_BELT_AMMONIACAL_KG_M2 = 5e-4  # and what of it is ammonia already.
_AMMONIA_PPM_PER_MG_M3 = 1.43  # 24.3 L/mol at 23 °C over 17.03 g/mol.

# Live weight (g) at weekly ages 0..6: Ross 308 as-hatched, rounded.
_WEIGHT_G = (44.0, 210.0, 530.0, 1010.0, 1650.0, 2350.0, 3050.0)
_ACTIVE_S = 14 * 3600.0  # Birds eat and drink in the light: of the twin's even day 14 hours.
_NIGHT_SHARE = 0.1
_BUSIER = DAY_S / (_ACTIVE_S + _NIGHT_SHARE * (DAY_S - _ACTIVE_S))  # So that a day is the twin's.
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
class CoopState(Station):
    """What a coop remembers beside its air, its litter and its birds."""

    water_l: float
    pumped_l: float = 0.0
    flow_l_min: float = 0.0
    feed_kg: float
    lux: float = 0.0


class Coop(Body[CoopState, State]):
    """One coop, built as the twin's tunnel house; inlets follow fans, a belt carries the litter."""

    outputs = COOP_OUTPUTS

    def __init__(self, design: CoopDesign) -> None:
        self._tank_l = design.birds * _LITRES_PER_BIRD
        self._pump_l_min = (
            design.birds * _PUMP_L_MIN_PER_BIRD if design.pump_l_min is None else design.pump_l_min
        )
        self._bin_kg = max(design.birds * _FEED_KG_PER_BIRD, 2.0)
        self._built = of_floor(tunnel_house(), design.birds / _BIRDS_PER_M2)
        flock = State(
            birds=float(design.birds),
            age_d=design.age_days,
            bird_kg=by_age(_WEIGHT_G, design.age_days) / 1000.0,
            organic_kg_m2=_BELT_NITROGEN_KG_M2,
            ammoniacal_kg_m2=_BELT_AMMONIACAL_KG_M2,
        )
        super().__init__(
            CoopState(
                outdoor_c=design.air_c,
                outdoor_pa=vapour_pa(design.air_c, 70.0),
                water_l=self._tank_l * design.water_percent / 100.0,
                feed_kg=0.6 * self._bin_kg,
            ),
            settled(flock, air_c=design.air_c, humidity_pct=70.0, co2_ppm=800.0),
        )

    def advance(self, dt_s: float, outdoor: Outdoor, relays: Relays) -> None:
        """Move every balance by `dt_s` seconds."""
        state = self.state
        state.note(outdoor)
        state.lux = _LUX_PER_W_M2 * outdoor.radiation_w_m2 + _LAMP_LUX * relays.share("light")
        active = _NIGHT_SHARE + (1.0 - _NIGHT_SHARE) * min(state.lux / 20.0, 1.0)
        fans = 0.5 * (relays.share("fan1") + relays.share("fan2"))
        controls = Controls(
            fans=fans,
            inlets=max(fans, _LEAST_INLET),
            heaters=relays.share("heater"),
            light=relays.share("light"),
        )
        # A ledger of its own, so that a house that is taken up again goes on as it would have.
        book = Ledger()
        advance(self.twin, controls, outdoor, self._built, book, dt_s)
        self._feed(dt_s, active * _BUSIER * book.feed_kg, relays)
        self._water(dt_s, active * _BUSIER * book.drunk_kg, relays)
        self._clear(min(relays.share("conveyor") * dt_s / _BELT_S, 1.0))

    def measure(self) -> dict[str, float]:
        """Return the true value behind each sensor channel."""
        state, twin = self.state, self.twin
        vapour = vapour_of_g_m3_pa(twin.air_c, 1000.0 * twin.vapour_kg_m3)
        return {
            "tank.water_level": 100.0 * state.water_l / self._tank_l,
            "flow.flow_rate": state.flow_l_min,
            "flow.water_total": state.pumped_l,
            "climate.temperature": twin.air_c,
            "climate.relative_humidity": min(relative_humidity_pct(twin.air_c, vapour), 100.0),
            "gas.co2": co2_ppm(twin.co2_mg_m3, twin.air_c, SEA_LEVEL_PA),
            "gas.ammonia": twin.ammonia_mg_m3 * _AMMONIA_PPM_PER_MG_M3,
            "bin.feed_weight": state.feed_kg,
            "lux.illuminance": state.lux,
            "scale.weight": twin.bird_kg,
            **state.shows(),
        }

    def _feed(self, dt_s: float, eaten_kg: float, relays: Relays) -> None:
        state = self.state
        filled_kg = _AUGER_KG_S * relays.share("feeder") * dt_s
        state.feed_kg = min(max(state.feed_kg + filled_kg - eaten_kg, 0.0), self._bin_kg)

    def _water(self, dt_s: float, drunk_l: float, relays: Relays) -> None:
        state = self.state
        state.flow_l_min = self._pump_l_min * relays.share("pump")
        pumped_l = state.flow_l_min * dt_s / 60.0
        state.pumped_l += pumped_l
        level_l = state.water_l + pumped_l - drunk_l
        # A full tank runs over through its pipe; an empty one leaves the birds thirsty.
        state.water_l = min(max(level_l, 0.0), self._tank_l)

    def _clear(self, share: float) -> None:
        """Carry a share of the litter away; what is left is that much fresher."""
        twin, fresh = self.twin, State()
        twin.organic_kg_m2 *= 1.0 - share
        twin.ammoniacal_kg_m2 *= 1.0 - share
        twin.litter_dry_kg_m2 += share * (fresh.litter_dry_kg_m2 - twin.litter_dry_kg_m2)
        twin.litter_water_kg_m2 += share * (fresh.litter_water_kg_m2 - twin.litter_water_kg_m2)


def by_age(weekly: tuple[float, ...], age_days: float) -> float:
    """Return a weekly table's value at an age, constant beyond its ends."""
    position = min(max(age_days / 7.0, 0.0), len(weekly) - 1.0)
    first = min(int(position), len(weekly) - 2)
    return weekly[first] + (weekly[first + 1] - weekly[first]) * (position - first)
