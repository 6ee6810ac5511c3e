"""Five layers of soil below the floor, of doubling depth, solved from below.

Source: Vanthoor (2011), equations 8.4, 8.40 and 8.78, table 8.4.
"""

from typing import NamedTuple

from tokkatot.climate.physics.greenhouse.model import Parameters, State
from tokkatot.climate.physics.outdoor import Outdoor

DEPTH_M = 0.04
"""Of the first layer; each next one is twice as deep, and what is below them once more."""


class Layers(NamedTuple):
    """What the layers are for steps of one length, each with those below it eliminated.

    All are W a m² of floor and K but shares, which have no unit.
    """

    to_floor: float
    stored: float
    """What the first layer holds, over the step; each next one holds twice as much."""
    deepest: float
    """From the last layer down."""
    loss1: float
    loss2: float
    loss3: float
    loss4: float
    loss5: float
    share2: float
    """Part of what the second layer is fed that comes up to the first; and so on."""
    share3: float
    share4: float
    share5: float


class Fed(NamedTuple):
    """What each layer is fed by what it was and what lies below it, W a m² from 0 °C on."""

    fed1: float
    fed2: float
    fed3: float
    fed4: float
    fed5: float


def layers(p: Parameters, dt: float) -> Layers:
    """Return the layers for steps of `dt` seconds."""
    to_floor = 2.0 / (p.floor_m / p.floor_w_m_k + DEPTH_M / p.soil_w_m_k)
    between = 2.0 * p.soil_w_m_k / (3.0 * DEPTH_M)
    stored = DEPTH_M * p.soil_j_m3_k / dt
    deepest = between / 16.0
    loss5 = 16.0 * stored + between / 8.0 + deepest
    share5 = between / 8.0 / loss5
    loss4 = 8.0 * stored + between / 4.0 + between / 8.0 * (1.0 - share5)
    share4 = between / 4.0 / loss4
    loss3 = 4.0 * stored + between / 2.0 + between / 4.0 * (1.0 - share4)
    share3 = between / 2.0 / loss3
    loss2 = 2.0 * stored + between + between / 2.0 * (1.0 - share3)
    share2 = between / loss2
    loss1 = stored + to_floor + between * (1.0 - share2)
    return Layers(
        to_floor, stored, deepest, loss1, loss2, loss3, loss4, loss5, share2, share3, share4, share5
    )


def fed(s: State, w: Outdoor, g: Layers) -> Fed:
    """Return what the layers are fed at a step's beginning."""
    fed5 = 16.0 * g.stored * s.soil5_c + g.deepest * w.ground_c
    fed4 = 8.0 * g.stored * s.soil4_c + g.share5 * fed5
    fed3 = 4.0 * g.stored * s.soil3_c + g.share4 * fed4
    fed2 = 2.0 * g.stored * s.soil2_c + g.share3 * fed3
    fed1 = g.stored * s.soil1_c + g.share2 * fed2
    return Fed(fed1, fed2, fed3, fed4, fed5)


def settle(s: State, g: Layers, f: Fed) -> None:
    """Carry the layers on, once the floor has been."""
    s.soil1_c = (f.fed1 + g.to_floor * s.floor_c) / g.loss1
    s.soil2_c = f.fed2 / g.loss2 + g.share2 * s.soil1_c
    s.soil3_c = f.fed3 / g.loss3 + g.share3 * s.soil2_c
    s.soil4_c = f.fed4 / g.loss4 + g.share4 * s.soil3_c
    s.soil5_c = f.fed5 / g.loss5 + g.share5 * s.soil4_c


def lost_w(s: State, w: Outdoor, g: Layers) -> float:
    """Return what the deepest layer gives to the ground below it, W a m²."""
    return g.deepest * (s.soil5_c - w.ground_c)
