"""A grower's rules for tomatoes: heat, windows, screen, lamps and carbon dioxide by bands.

Source: D. Katzin, Energy saving by LED lighting in greenhouses, thesis, Wageningen (2021), chapter
4: set-points on pages 119 to 122, equation 4.4 for the bands. Left out is that lamps rest on days
that have had their sun.
"""

from dataclasses import dataclass
from math import exp, log

from tokkatot.climate.physics.air import SEA_LEVEL_PA, co2_ppm, magnus_pa
from tokkatot.climate.physics.greenhouse.model import Controls, State
from tokkatot.climate.physics.outdoor import Outdoor


@dataclass(frozen=True, slots=True, kw_only=True)
class TomatoRules:
    """Set-points; bands are where an actuator goes from a hundredth to all but one."""

    day_c: float = 19.5
    night_c: float = 18.5
    heat_band_k: float = 1.0
    vent_over_k: float = 5.0
    vent_band_k: float = 4.0
    humidity_max_pct: float = 87.0
    humidity_band_pct: float = 50.0
    never_below_k: float = 1.0
    screen_day_c: float = 5.0
    screen_night_c: float = 10.0
    co2_ppm: float = 1000.0
    co2_band_ppm: float = 100.0
    lamps_from_h: float = 0.0
    lamps_until_h: float = 18.0
    lamps_off_w_m2: float = 400.0


def steer_tomatoes(s: State, w: Outdoor, hour: float, rules: TomatoRules) -> Controls:
    """Return what the rules ask for at this hour of the day."""
    in_hours = rules.lamps_from_h <= hour < rules.lamps_until_h
    lamps = in_hours and w.radiation_w_m2 < rules.lamps_off_w_m2
    bright = in_hours or w.radiation_w_m2 > 20.0
    target_c = rules.day_c if bright else rules.night_c
    humidity_pct = 100.0 * s.air_pa / magnus_pa(s.air_c)
    too_warm = _band(s.air_c, target_c + rules.vent_over_k, rules.vent_band_k)
    too_damp = _band(humidity_pct, rules.humidity_max_pct, rules.humidity_band_pct)
    warm_enough = 1.0 - _band(s.air_c, target_c - rules.never_below_k, -1.0)
    screen_c = rules.screen_day_c if w.radiation_w_m2 > 20.0 else rules.screen_night_c
    # A damp house opens its screen, unless it is too cold for that.
    damp = 1.0 - _band(humidity_pct, rules.humidity_max_pct - 2.0, 10.0)
    ppm = co2_ppm(s.air_mg_m3, s.air_c, SEA_LEVEL_PA)
    # Numba wants each field named.
    return Controls(
        heating=_band(s.air_c, target_c, -rules.heat_band_k),
        co2=_band(ppm, rules.co2_ppm, -rules.co2_band_ppm) if bright else 0.0,
        roof_vents=min(warm_enough, max(too_warm, too_damp)),
        side_vents=0.0,
        thermal_screen=min(
            _band(w.temperature_c, screen_c, -1.0),
            1.0 - _band(s.air_c, target_c + 4.0, 1.0),
            max(damp, 1.0 - warm_enough),
        ),
        blackout=0.0,
        lamps=1.0 if lamps else 0.0,
        shade=0.0,
        fans=0.0,
        pad=0.0,
        fog=0.0,
    )


def _band(value: float, set_point: float, band: float) -> float:
    """Return equation 4.4: a hundredth at the set-point, all but one where the band ends."""
    return 1.0 / (
        1.0 + exp(min(-2.0 / band * log(100.0) * (value - set_point - band / 2.0), 500.0))
    )
