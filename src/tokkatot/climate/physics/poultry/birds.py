"""What birds give off, eat, drink, gain and suffer.

Sources: CIGR, 4th report of the working group on climatization of animal houses (Pedersen and
Sällvik, 2002), for heat, its parts and carbon dioxide at the animal's level, per unit of 1000 W at
20 °C; X. Tao and H. Xin, Acute synergistic effects of air temperature, humidity, and velocity on
homeostasis of market-size broilers, Transactions of the ASAE 46 (2003) 491-497, for the index of
heat stress; Gompertz (1825) for growth.
"""

from math import exp, log
from typing import NamedTuple

from tokkatot.climate.physics.air import (
    SEA_LEVEL_PA,
    humidity_ratio,
    vapour_of_g_m3_pa,
    wet_bulb_c,
)
from tokkatot.climate.physics.poultry.model import Controls, Parameters, State

DAY_S = 86_400.0
EVAPORATION_J_KG = 2.45e6

CO2_M3_H = 0.163
"""A unit of 1000 W, from the birds alone; with their litter 0.185."""
CO2_KG_M3 = 1.84
"""At 20 °C."""

RESTING = 0.85
"""Heat of birds in the dark over that by light (5.4 over 6.5 W/kg: H. J. Chepete, H. Xin and
others, Technical note: heat and moisture production of W-36 laying hens at 24 °C to 27 °C
temperature conditions, 2011). By light it is CIGR's mean of the day, so that ours is 2 to 5 %
under it over a day."""
FEED_WATER = 0.1
OXIDATION_WATER = 0.35
"""Kg of water in, and made of, a kg of feed. Assumptions, as are the two that follow."""
GAIN_WATER = 0.66
"""Kg of water in a kg that a bird gains or lays."""
DRIEST_DROPPINGS = 1.0
"""Kg of water that leave a bird with a kg of dry droppings, however hot it is."""
THIRST_PER_K = 0.065
"""By this part birds drink more a K above 21 °C (NRC, Nutrient requirements of poultry, 1994)."""
LEAST_KG = 1e-3
"""Of a bird: a curve of weights may begin at nought, of which nothing grows."""
LOST_APPETITE_PER_K = 0.02
"""By this part birds eat less a K over comfort. An assumption."""
LETHAL_OVER_K = 14.5
HALF_DEAD_S = 1800.0
STEEPNESS_K = 0.5
"""So far over comfort half the flock dies in half an hour: grown birds at 36 °C in still, humid
air. An assumption that rests on this one anchor."""

STILL_M_S = 0.2


class Flow(NamedTuple):
    """What the flock gives and takes: W, and kg a second."""

    sensible_w: float
    breathed: float
    co2: float
    gain: float
    eggs: float
    feed: float
    drunk: float
    wet_droppings: float
    """Water in them."""
    dry_droppings: float
    nitrogen_fed: float
    nitrogen_kept: float
    deaths: float
    stressed: float
    """1 where the birds suffer, else 0."""


def comfort_c(age_d: float, p: Parameters) -> float:
    """Return what birds of this age want, falling evenly to that of grown ones."""
    part = min(max(age_d / p.grown_d, 0.0), 1.0)
    return p.chick_c + part * (p.grown_c - p.chick_c)


def stress_index_c(air_c: float, vapour_kg_m3: float, speed_m_s: float) -> float:
    """Return the temperature-humidity-velocity index of Tao and Xin, over that of still air.

    So it reads as a temperature that birds know from air of 0.2 m/s. They measured up to 1.2 m/s:
    faster air counts as that, slower air as still.
    """
    vapour = vapour_of_g_m3_pa(air_c, 1e3 * vapour_kg_m3)
    wet = wet_bulb_c(air_c, humidity_ratio(vapour, SEA_LEVEL_PA), SEA_LEVEL_PA)
    speed = min(max(speed_m_s, STILL_M_S), 1.2)
    return float((0.85 * air_c + 0.15 * wet) * (speed / STILL_M_S) ** -0.058)


def heat_w(s: State, u: Controls, p: Parameters) -> tuple[float, float, float]:
    """Return total and sensible heat of a bird in W, and its size in units of 1000 W at 20 °C."""
    at_20 = p.heat_w_kg * s.bird_kg**0.75 + p.egg_heat_w_kg * p.eggs_kg_d
    awake = RESTING + (1.0 - RESTING) * u.light
    # Beyond these temperatures the rules were never measured.
    air_c = min(max(s.air_c, 5.0), 40.0)
    unit = p.heat_total * at_20 / 1000.0
    total = unit * awake * (1000.0 + 20.0 * (20.0 - air_c))
    sensible = p.heat_sensible * (0.8 * total - 0.38 * unit * awake * air_c * air_c)
    return total, min(max(sensible, 0.0), total), unit


def flock(s: State, u: Controls, p: Parameters, index_c: float) -> Flow:
    """Return what the whole flock gives and takes in this climate."""
    total, sensible, _ = heat_w(s, u, p)
    over_k = index_c - comfort_c(s.age_d, p)
    appetite = max(1.0 - LOST_APPETITE_PER_K * max(over_k, 0.0), 0.3)
    bird_kg = max(s.bird_kg, LEAST_KG)
    gain = appetite * p.growth_per_d * bird_kg * log(p.mature_kg / bird_kg) / DAY_S
    gain, eggs = max(gain, 0.0), appetite * p.eggs_kg_d / DAY_S
    # What is eaten is given off as heat or kept.
    feed = (total + p.gain_j_kg * gain + p.egg_j_kg * eggs) / p.feed_j_kg
    breathed = (total - sensible) / EVAPORATION_J_KG
    dry = (1.0 - FEED_WATER) * (1.0 - p.digested) * feed
    came = (FEED_WATER + OXIDATION_WATER) * feed
    kept = GAIN_WATER * (gain + eggs)
    thirst = p.water_feed_ratio * (1.0 + THIRST_PER_K * max(s.air_c - 21.0, 0.0)) * feed
    drunk = max(thirst, breathed + kept + DRIEST_DROPPINGS * dry - came)
    dying = p.death_per_d / DAY_S + log(2.0) / HALF_DEAD_S * exp(
        min((over_k - LETHAL_OVER_K) / STEEPNESS_K, 3.0)
    )
    n = s.birds
    return Flow(
        sensible_w=n * sensible,
        breathed=n * breathed,
        co2=n * total / 1000.0 * CO2_M3_H / 3600.0 * CO2_KG_M3,
        gain=n * gain,
        eggs=n * eggs,
        feed=n * feed,
        drunk=n * drunk,
        wet_droppings=n * (drunk + came - breathed - kept),
        dry_droppings=n * dry,
        nitrogen_fed=n * p.feed_nitrogen * feed,
        nitrogen_kept=n * (p.gain_nitrogen * gain + p.egg_nitrogen * eggs),
        deaths=n * dying,
        stressed=1.0 if over_k >= 3.0 else 0.0,
    )
