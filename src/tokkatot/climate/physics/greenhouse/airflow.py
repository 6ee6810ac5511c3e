"""How much air goes through windows, leaks, screens, fans and pad.

Source: Vanthoor (2011), equations 8.41, 8.59, 8.65 to 8.76; Katzin (2021), equations 7.37, 7.38 and
7.42. Flows are in m³ a second and m² of floor.
"""

from math import sqrt
from typing import NamedTuple

from tokkatot.climate.physics.air import ZERO_C_K
from tokkatot.climate.physics.greenhouse.model import Controls, Parameters, State
from tokkatot.climate.physics.outdoor import Outdoor

GRAVITY_M_S2 = 9.81
GAS_J_KMOL_K = 8314.0
"""As tables 8.1 and 9.1 have them."""

MOSTLY_ROOF = 0.9
"""From this share of roof windows on there is no draught from side to roof (table 8.1)."""


class Flows(NamedTuple):
    """Where air goes."""

    top_out: float
    air_out: float
    """Through side windows, leaks and fans."""
    air_top: float
    """To and fro through the screens."""
    pad: float
    """In through the pad, and out again."""


def flows(s: State, u: Controls, w: Outdoor, p: Parameters) -> Flows:
    """Return all flows at this climate and this weather."""
    screened = max(u.thermal_screen, u.blackout)
    windows = window_flows(s.air_c, screened, u, w, p)
    # Equation 8.71: there is no weather so calm that nothing leaks.
    leaking = p.leak * max(w.wind_m_s, 0.25)
    net = p.insect_porosity * (2.0 - p.insect_porosity)
    fans = u.fans * p.fan_m3_s / p.floor_m2
    return Flows(
        top_out=net * windows[0] + p.leak_top_share * leaking,
        air_out=net * (windows[1] + fans) + (1.0 - p.leak_top_share) * leaking,
        air_top=screen_flow(s, u, p),
        pad=u.pad * p.pad_m3_s / p.floor_m2,
    )


def window_flows(
    air_c: float, screened: float, u: Controls, w: Outdoor, p: Parameters
) -> tuple[float, float]:
    """Return what goes through roof and side windows (8.65 to 8.69, 8.72 to 8.75).

    `screened` is the part of the house that a screen is drawn over.
    """
    discharge = p.discharge * (1.0 - p.shade_discharge_loss * u.shade)
    wind = p.wind_pressure * (1.0 - p.shade_wind_loss * u.shade) * w.wind_m_s * w.wind_m_s
    lift = GRAVITY_M_S2 * (air_c - w.temperature_c)
    lift /= 0.5 * (air_c + w.temperature_c) + ZERO_C_K
    roof_m2, side_m2 = u.roof_vents * p.roof_vent_m2, u.side_vents * p.side_vent_m2
    roof = roof_m2 * discharge * sqrt(abs(0.5 * p.vent_height_m * lift + wind))
    roof /= 2.0 * p.floor_m2
    side = side_m2 * discharge * sqrt(wind) / (2.0 * p.floor_m2)
    whole = p.roof_vent_m2 + p.side_vent_m2
    roof_share = p.roof_vent_m2 / whole if whole > 0.0 else 1.0
    if roof_share >= MOSTLY_ROOF:
        return roof, side
    squares = max(roof_m2 * roof_m2 + side_m2 * side_m2, 0.01)
    chimney = (roof_m2 * side_m2) ** 2 / squares * 2.0 * p.side_to_roof_m * lift
    through = chimney + (0.5 * (roof_m2 + side_m2)) ** 2 * wind
    draught = discharge / p.floor_m2 * sqrt(max(through, 0.0))
    return (
        screened * roof + (1.0 - screened) * roof_share * draught,
        screened * side + (1.0 - screened) * (1.0 - roof_share) * draught,
    )


def screen_flow(s: State, u: Controls, p: Parameters) -> float:
    """Return m³ a second and m² that pass both screens, through cloth and gaps (7.37, 7.38).

    Densities stand in 8.41 only as a part of each other: the pressure, which they share, cancels.
    """
    below, above = s.air_c + ZERO_C_K, s.top_c + ZERO_C_K
    drawn = u.thermal_screen > 0.0 or u.blackout > 0.0
    cloth = abs(s.air_c - s.top_c) ** 0.66 if drawn else 0.0
    # Equation 8.41 as de Zwart (1996, 5.68) has it: with the air above the screen, not outside.
    gap = sqrt(GRAVITY_M_S2 * abs(s.air_c - s.top_c) / (below + above))
    thermal_open, blackout_open = 1.0 - u.thermal_screen, 1.0 - u.blackout
    # What is open counts to the power 1.5.
    thermal = u.thermal_screen * p.thermal_leak * cloth + thermal_open * sqrt(thermal_open) * gap
    blackout = u.blackout * p.blackout_leak * cloth + blackout_open * sqrt(blackout_open) * gap
    return float(min(thermal, blackout))
