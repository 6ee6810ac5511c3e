"""A grower's rules for lettuce: heat when it is cold, air when it is hot or damp, feed CO2 by day.

The set-points are those of the crops of van Henten, Validation of a dynamic lettuce growth model
for greenhouse climate control, Agricultural Systems 45 (1994) 55-72: 14 °C by day, 10 °C by night,
CO2 to 750 ppm in daylight. The bands and the 80 % are those of the published benchmark (the package
lettuce-greenhouse-gym), so that its figure can be met.
"""

from dataclasses import dataclass

from tokkatot.climate.physics.lettuce import Controls, Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowerRules:
    """Set-points, and how hard each actuator is driven by a distance from them."""

    day_c: float = 14.0
    night_c: float = 10.0
    day_from_w_m2: float = 50.0
    heating_w_m2_k: float = 30.0
    vent_above_k: float = 2.0
    vent_m_s_k: float = 2e-3
    humidity_max_pct: float = 80.0
    vent_m_s_pct: float = 5e-4
    co2_target_ppm: float = 750.0
    co2_kg_m2_s_ppm: float = 6e-9
    co2_below_vent_m_s: float = 2e-3
    """Carbon dioxide is not fed into windows that stand wider open than this."""


def grower(shown: Shown, radiation_w_m2: float, rules: GrowerRules, limits: Controls) -> Controls:
    """Return what the rules ask for, within the limits."""
    by_day = radiation_w_m2 > rules.day_from_w_m2
    target_c = rules.day_c if by_day else rules.night_c
    too_warm_k = max(shown.air_c - target_c - rules.vent_above_k, 0.0)
    too_damp_pct = max(shown.humidity_pct - rules.humidity_max_pct, 0.0)
    ventilation = min(
        rules.vent_m_s_k * too_warm_k + rules.vent_m_s_pct * too_damp_pct, limits.ventilation_m_s
    )
    fed = 0.0
    if by_day and ventilation <= rules.co2_below_vent_m_s:
        fed = rules.co2_kg_m2_s_ppm * (rules.co2_target_ppm - shown.co2_ppm)
    return Controls(
        co2_kg_m2_s=_within(fed, limits.co2_kg_m2_s),
        ventilation_m_s=ventilation,
        heating_w_m2=_within(rules.heating_w_m2_k * (target_c - shown.air_c), limits.heating_w_m2),
    )


def _within(value: float, most: float) -> float:
    return min(max(value, 0.0), most)
