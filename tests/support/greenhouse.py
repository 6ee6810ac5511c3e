"""Weather and controls by formula, that swing through all that a greenhouse may meet."""

from math import cos, pi, sin

from tokkatot.climate.physics.air import magnus_pa
from tokkatot.climate.physics.greenhouse.model import Controls
from tokkatot.climate.physics.outdoor import Outdoor

STEP_S = 900.0
A_DAY = 96


def outdoor(step: int) -> Outdoor:
    """Return a spring of fair and dull days."""
    day = sin(2 * pi * (step / A_DAY - 0.25))
    temperature_c = 9 + 6 * day + 4 * sin(step / 150)
    return Outdoor(
        radiation_w_m2=max(650 * day * (0.65 + 0.35 * sin(step / 37)), 0.0),
        temperature_c=temperature_c,
        vapour_pa=magnus_pa(temperature_c) * (0.75 + 0.15 * sin(step / 91)),
        co2_mg_m3=760,
        wind_m_s=3.5 + 3 * sin(step / 23),
        sky_c=temperature_c - 14 + 6 * sin(step / 61),
        ground_c=10,
    )


def controls(step: int) -> Controls:
    """Return actuators that all move, some of them against each other."""
    night = sin(2 * pi * (step / A_DAY - 0.25)) < -0.1
    return Controls(
        heating=0.4 + 0.4 * cos(step / 13),
        co2=0.0 if night else 0.3,
        roof_vents=max(sin(step / 17), 0.0) ** 2,
        side_vents=max(sin(step / 29), 0.0),
        thermal_screen=0.95 if night else 0.0,
        blackout=1.0 if night and step % 3 == 0 else 0.0,
        lamps=1.0 if step % A_DAY < 70 else 0.0,
        shade=max(sin(step / 47), 0.0) * 0.5,
        fans=max(sin(step / 31), 0.0),
        pad=max(cos(step / 19), 0.0),
        fog=0.1,
    )
