"""Weather and controls by formula for poultry houses, and the sum of what they hold."""

from math import cos, pi, sin

from tokkatot.climate.physics.air import magnus_pa
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry.model import Controls

STEP_S = 900.0
A_DAY = 96


def outdoor(step: int) -> Outdoor:
    """Return days of the dry season by the Mekong."""
    day = sin(2 * pi * (step / A_DAY - 0.375))
    return Outdoor(
        radiation_w_m2=max(850 * sin(2 * pi * (step / A_DAY - 0.25)), 0.0),
        temperature_c=28 + 6 * day,
        vapour_pa=magnus_pa(21),
        co2_mg_m3=770,
        wind_m_s=1.5 + sin(step / 23),
        sky_c=14,
        ground_c=27,
    )


def controls(step: int) -> Controls:
    """Return actuators that all move, some of them against each other."""
    return Controls(
        fans=0.6 + 0.35 * sin(step / 13),
        inlets=0.6 + 0.4 * cos(step / 17),
        curtains=0.6 + 0.4 * sin(step / 29),
        pad=max(sin(step / 19), 0.0),
        fog=max(cos(step / 31), 0.0) * 0.3,
        heaters=0.2 if step % 40 == 0 else 0.0,
        light=1.0 if step % A_DAY < 80 else 0.0,
        stir=max(sin(step / 11), 0.0),
    )
