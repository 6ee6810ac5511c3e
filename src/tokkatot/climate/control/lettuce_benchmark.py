"""The published benchmark's lettuce: its limits and prices, what is seen, what a step is worth.

The objective is van Henten's (2003, equation 13): what the crop is worth, less what heating and
carbon dioxide cost. Prices and the soft limits on the climate are those that the literature on
learned control of this model shares (the package lettuce-greenhouse-gym lists them).
"""

from dataclasses import dataclass
from typing import NamedTuple

from tokkatot.climate.control.dials import Dial, Dials
from tokkatot.climate.control.fields import Field
from tokkatot.climate.physics.air import vapour_g_m3
from tokkatot.climate.physics.lettuce import Controls, Shown, State, shown
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.units import JOULES_A_KWH

LIMITS = Controls(co2_kg_m2_s=1.2e-6, ventilation_m_s=7.5e-3, heating_w_m2=150.0)
SLOWNESS = 0.1
"""Part of its range by which an actuator may move in a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """In euros: heat a kWh, carbon dioxide a kg, lettuce a kg of dry weight."""

    heat_kwh: float = 0.1281
    co2_kg: float = 0.1906
    dry_weight_kg: float = 22.285125


@dataclass(frozen=True, slots=True, kw_only=True)
class Comfort:
    """What the climate should keep to, and what a step beyond costs a unit."""

    co2_min_ppm: float = 500.0
    co2_max_ppm: float = 1600.0
    air_min_c: float = 10.0
    air_max_c: float = 20.0
    humidity_max_pct: float = 80.0
    co2_cost_ppm: float = 5e-5
    cold_cost_k: float = 3e-3
    heat_cost_k: float = 5e-3
    humidity_cost_pct: float = 7e-4


class Earned(NamedTuple):
    """What one step brought, in euros a m²; `violations` is what the soft limits took."""

    crop: float
    heat: float
    co2: float
    violations: float

    @property
    def total(self) -> float:
        """The benchmark's reward."""
        return self.crop - self.heat - self.co2 - self.violations


LETTUCE_SEEN: tuple[Field, ...] = (
    Field("dry_weight_kg_m2", 0.0, 0.6),
    Field("co2_ppm", 0.0, 2400.0),
    Field("air_c", 5.0, 40.0),
    Field("humidity_pct", 0.0, 100.0),
    Field("co2_mg_m2_s", 0.0, 1.2),
    Field("ventilation_mm_s", 0.0, 7.5),
    Field("heating_w_m2", 0.0, 150.0),
    Field("season_part", 0.0, 1.0),
    Field("radiation_w_m2", 0.0, 2000.0),
    Field("outdoor_co2_kg_m3", 0.0, 0.01),
    Field("outdoor_c", -60.0, 60.0),
    Field("outdoor_vapour_kg_m3", 0.0, 0.1),
)

FORESEEN_STEPS = 12
"""The benchmark's other observation tells the weather of so many steps more; what was learned best
there had it."""
FORESEEN = (
    ("radiation_w_m2", Field("radiation_w_m2", 0.0, 2000.0)),
    ("temperature_c", Field("outdoor_c", -60.0, 60.0)),
    ("vapour_pa", Field("outdoor_vapour_pa", 0.0, 10_000.0)),
)
"""What of an `Outdoor` is foreseen, and between which ends."""

LETTUCE_TOLD: tuple[Field, ...] = (
    *LETTUCE_SEEN,
    *(
        Field(f"{field.name}_in_{step}", field.low, field.high)
        for _, field in FORESEEN
        for step in range(1, FORESEEN_STEPS + 1)
    ),
)
"""What a policy is told: what is seen, and the weather of the steps ahead."""

LETTUCE_DIALS: Dials = tuple(
    Dial(name=name, low=0.0, high=most, step=SLOWNESS * most)
    for name, most in LIMITS._asdict().items()
)
"""The actuators themselves: the benchmark has no rules to turn the set-points of."""

LettuceSeen = tuple[
    float, float, float, float, float, float, float, float, float, float, float, float
]


def seen_in_lettuce(s: State, u: Controls, w: Outdoor, season_part: float) -> LettuceSeen:
    """Return crop, climate, actuators, time and weather in the order of `LETTUCE_SEEN`."""
    inside = shown(s)
    return (
        s.dry_weight_kg_m2,
        inside.co2_ppm,
        inside.air_c,
        inside.humidity_pct,
        1e6 * u.co2_kg_m2_s,
        1e3 * u.ventilation_m_s,
        u.heating_w_m2,
        season_part,
        w.radiation_w_m2,
        1e-6 * w.co2_mg_m3,
        w.temperature_c,
        1e-3 * vapour_g_m3(w.temperature_c, w.vapour_pa),
    )


def lettuce_earned(
    before_kg_m2: float, s: State, u: Controls, prices: Prices, comfort: Comfort, duration_s: float
) -> Earned:
    """Return what a step was worth that began with this dry weight and ended in this state."""
    return Earned(
        crop=prices.dry_weight_kg * (s.dry_weight_kg_m2 - before_kg_m2),
        heat=prices.heat_kwh * (u.heating_w_m2 * duration_s / JOULES_A_KWH),
        co2=prices.co2_kg * u.co2_kg_m2_s * duration_s,
        violations=violations(shown(s), comfort),
    )


def violations(seen: Shown, comfort: Comfort) -> float:
    """Return what the benchmark takes for a climate beyond its limits."""
    off_ppm = max(comfort.co2_min_ppm - seen.co2_ppm, seen.co2_ppm - comfort.co2_max_ppm, 0.0)
    return (
        comfort.co2_cost_ppm * off_ppm
        + comfort.cold_cost_k * max(comfort.air_min_c - seen.air_c, 0.0)
        + comfort.heat_cost_k * max(seen.air_c - comfort.air_max_c, 0.0)
        + comfort.humidity_cost_pct * max(seen.humidity_pct - comfort.humidity_max_pct, 0.0)
    )
