"""The published benchmark's tomatoes: its actuators, prices, limits, what is seen and what is paid.

Prices, limits and the size of the penalties are those that the package gl-gym lists in its
description (B. van Laatum and others, GreenLight-Gym, IFAC-PapersOnLine 59-23 (2025) 437-442).
There a step's profit and its violations are each brought to a scale of one before they are summed;
here both are told in euros, so that profit stays what it is.
"""

from dataclasses import dataclass, replace

from tokkatot.climate.control.crop import TomatoParts, TomatoPrices
from tokkatot.climate.control.dials import Dial, Dials
from tokkatot.climate.control.fields import Field
from tokkatot.climate.control.greenhouse import TomatoRules
from tokkatot.climate.physics.air import SEA_LEVEL_PA, co2_ppm, magnus_pa
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.greenhouse.model import Controls, Parameters, State
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.units import HOUR_S, JOULES_A_KWH

STEP_S = 900.0
SLOWNESS = 0.1
"""Part of its range by which an actuator may move in a step."""
BEGINS_AT = 0.5
"""Where the published season finds each actuator."""

TOMATO_DIALS: Dials = tuple(
    Dial(name=name, low=0.0, high=1.0, step=SLOWNESS)
    for name in ("heating", "co2", "thermal_screen", "roof_vents", "lamps", "blackout")
)
"""The actuators themselves, in the benchmark's order."""

BANDS: Dials = tuple(
    Dial(name=name, low=low, high=high, step=high - low)
    for name, low, high in (
        ("day_c", 14.0, 26.0),
        ("night_c", 12.0, 22.0),
        ("heat_band_k", 0.3, 4.0),
        ("vent_over_k", 0.3, 12.0),
        ("vent_band_k", 1.0, 8.0),
        ("humidity_max_pct", 65.0, 95.0),
        ("humidity_band_pct", 2.0, 60.0),
        ("never_below_k", 0.0, 6.0),
        ("screen_day_c", -10.0, 20.0),
        ("screen_night_c", -10.0, 25.0),
        ("co2_ppm", 400.0, 1600.0),
        ("co2_band_ppm", 30.0, 600.0),
        ("lamps_from_h", 0.0, 12.0),
        ("lamps_until_h", 0.0, 24.0),
        ("lamps_off_w_m2", 0.0, 800.0),
    )
)
"""What a search may make of the rules for tomatoes, bands and hours included."""

FOUND = TomatoRules(
    day_c=19.4, night_c=16.15, heat_band_k=0.795, vent_over_k=8.06, vent_band_k=2.21,
    humidity_max_pct=84.2, humidity_band_pct=7.19, never_below_k=1.22, screen_day_c=2.36,
    screen_night_c=16.8, co2_ppm=938.0, co2_band_ppm=117.0, lamps_from_h=7.61, lamps_until_h=3.09,
    lamps_off_w_m2=77.1,
)  # fmt: skip
"""What the search of the shipped plan found, rounded. Its lamps end before they begin: they stay
off, for at these prices light costs more than the fruit that it makes."""

BENCHMARK_PRICES = TomatoPrices(
    fruit_kg=1.6, fruit_dry_share=0.065, electricity_kwh=0.3, heat_kwh=0.09, co2_kg=0.3
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TomatoComfort:
    """What the climate should keep to, and what an hour beyond costs a unit and m², in euros."""

    co2_min_ppm: float = 300.0
    co2_max_ppm: float = 1600.0
    air_min_c: float = 15.0
    air_max_c: float = 34.0
    humidity_min_pct: float = 50.0
    humidity_max_pct: float = 85.0
    ppm_m2_h: float = 0.0
    k_m2_h: float = 0.0
    pct_m2_h: float = 0.0


def benchmark_house() -> Parameters:
    """Return the compartment with LED lamps, in which nothing is picked during the season."""
    return replace(bleiswijk_led(), fruit_max_mg_m2=1e9)


def benchmark_comfort(weight: float = 1.0) -> TomatoComfort:
    """Return the published limits, whose penalties count so many times.

    A penalty of one is there worth as much as lies between the best profit of a step and its worst,
    and is reached 2500 ppm, 15 K or 15 % beyond a limit.
    """
    p, prices = benchmark_house(), BENCHMARK_PRICES
    best = prices.fruit_kg * 1e-6 * p.fruit_growth_mg_m2_s * HOUR_S / prices.fruit_dry_share
    worst = (
        prices.heat_kwh * p.boiler_w_m2 * HOUR_S / JOULES_A_KWH
        + prices.electricity_kwh * p.lamp_w_m2 * HOUR_S / JOULES_A_KWH
        + prices.co2_kg * 1e-6 * p.co2_mg_m2_s * HOUR_S
    )
    whole = weight * (best + worst)
    return TomatoComfort(ppm_m2_h=whole / 2500.0, k_m2_h=whole / 15.0, pct_m2_h=whole / 15.0)


TOMATO_SEEN: tuple[Field, ...] = (
    Field("canopy_day_c", -30.0, 70.0),
    Field("fruit_g_m2", 0.0, 2000.0),
    Field("canopy_sum_c_d", 0.0, 10_000.0),
    Field("co2_ppm", 0.0, 20_000.0),
    Field("air_c", -30.0, 70.0),
    Field("humidity_pct", 0.0, 100.0),
    Field("pipe_c", -30.0, 120.0),
    Field("radiation_w_m2", 0.0, 2000.0),
    Field("outdoor_c", -60.0, 60.0),
    Field("outdoor_humidity_pct", 0.0, 100.0),
    Field("wind_m_s", 0.0, 90.0),
)
"""What the benchmark shows, less what never changes there and the day of the year."""

TomatoSeen = tuple[
    float, float, float, float, float, float, float, float, float, float, float
]  # fmt: skip


def seen_in_benchmark(s: State, w: Outdoor) -> TomatoSeen:
    """Return crop, climate and weather in the order of `TOMATO_SEEN`."""
    return (
        s.day_c,
        1e-3 * s.fruit_mg_m2,
        s.sum_c_d,
        co2_ppm(s.air_mg_m3, s.air_c, SEA_LEVEL_PA),
        s.air_c,
        min(100.0 * s.air_pa / magnus_pa(s.air_c), 100.0),
        s.pipe_c,
        w.radiation_w_m2,
        w.temperature_c,
        min(100.0 * w.vapour_pa / magnus_pa(w.temperature_c), 100.0),
        w.wind_m_s,
    )


def benchmark_parts(
    grown_mg: float, s: State, u: Controls, p: Parameters, prices: TomatoPrices,
    comfort: TomatoComfort, duration_s: float,
) -> TomatoParts:  # fmt: skip
    """Return what a step was worth that ended in this state, with the climate as it then is."""
    kwh = duration_s / JOULES_A_KWH
    ppm = co2_ppm(s.air_mg_m3, s.air_c, SEA_LEVEL_PA)
    humidity_pct = min(100.0 * s.air_pa / magnus_pa(s.air_c), 100.0)
    off_ppm = max(comfort.co2_min_ppm - ppm, ppm - comfort.co2_max_ppm, 0.0)
    off_k = max(comfort.air_min_c - s.air_c, s.air_c - comfort.air_max_c, 0.0)
    off_pct = max(
        comfort.humidity_min_pct - humidity_pct, humidity_pct - comfort.humidity_max_pct, 0.0
    )
    penalties = comfort.ppm_m2_h * off_ppm + comfort.k_m2_h * off_k + comfort.pct_m2_h * off_pct
    return TomatoParts(
        fruit=prices.fruit_kg * 1e-6 * grown_mg / prices.fruit_dry_share,
        electricity=-prices.electricity_kwh * u.lamps * p.lamp_w_m2 * kwh,
        heat=-prices.heat_kwh * u.heating * p.boiler_w_m2 * kwh,
        co2=-prices.co2_kg * 1e-6 * u.co2 * p.co2_mg_m2_s * duration_s,
        climate=-duration_s / HOUR_S * penalties,
    )


def planted(ground_c: float, co2_mg_m3: float) -> State:
    """Return the crop and the house that the published season begins with.

    The house stands at 16.5 °C and 90 % humidity with air as it is outside; below the floor it goes
    over into the ground in steps of a quarter.
    """
    air_c = 16.5
    vapour = 0.9 * magnus_pa(air_c)
    return State(
        air_c=air_c, top_c=air_c, canopy_c=air_c + 4.0, cover_in_c=air_c, cover_out_c=air_c,
        thermal_c=air_c, blackout_c=air_c, floor_c=air_c, pipe_c=air_c, lamp_c=air_c,
        air_pa=vapour, top_pa=vapour, soil1_c=air_c, soil2_c=0.75 * air_c + 0.25 * ground_c,
        soil3_c=0.5 * (air_c + ground_c), soil4_c=0.25 * air_c + 0.75 * ground_c, soil5_c=ground_c,
        air_mg_m3=co2_mg_m3, top_mg_m3=co2_mg_m3, day_c=air_c + 4.0, sum_c_d=3097.8,
        buffer_mg_m2=0.0, leaf_mg_m2=95_283.0, stem_mg_m2=251_070.0, fruit_mg_m2=55_338.0,
    )  # fmt: skip
