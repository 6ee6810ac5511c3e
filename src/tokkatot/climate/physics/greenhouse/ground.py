"""Five layers of soil below the floor, of doubling depth, solved from below.

Source: Vanthoor (2011), equations 8.4, 8.40 and 8.78, table 8.4.
"""

from typing import NamedTuple

from tokkatot.climate.physics.greenhouse.model import Parameters, State
from tokkatot.climate.physics.outdoor import Outdoor

DEPTH_M = 0.04
"""Of the first layer; each next one is twice as deep, and what is below them once more."""


class Ground(NamedTuple):
    """Each layer's loss, what it is fed, and conductances from layer to layer.

    Losses and conductances are in W a m² of floor and K, what is fed in W a m², from 0 °C on.
    """

    loss1: float
    loss2: float
    loss3: float
    loss4: float
    loss5: float
    fed1: float
    fed2: float
    fed3: float
    fed4: float
    fed5: float
    to_floor: float
    between: float
    """From the first layer to the second; from layer to layer below it halves."""


def ground(s: State, w: Outdoor, p: Parameters, dt: float) -> Ground:
    """Return the layers with each one below eliminated, for a step of `dt` seconds."""
    to_floor = 2.0 / (p.floor_m / p.floor_w_m_k + DEPTH_M / p.soil_w_m_k)
    between = 2.0 * p.soil_w_m_k / (3.0 * DEPTH_M)
    stored = DEPTH_M * p.soil_j_m3_k / dt
    deepest = between / 16.0
    loss5 = 16.0 * stored + between / 8.0 + deepest
    fed5 = 16.0 * stored * s.soil5_c + deepest * w.ground_c
    down = between / 8.0
    loss4 = 8.0 * stored + between / 4.0 + down - down * down / loss5
    fed4 = 8.0 * stored * s.soil4_c + down * fed5 / loss5
    down = between / 4.0
    loss3 = 4.0 * stored + between / 2.0 + down - down * down / loss4
    fed3 = 4.0 * stored * s.soil3_c + down * fed4 / loss4
    down = between / 2.0
    loss2 = 2.0 * stored + between + down - down * down / loss3
    fed2 = 2.0 * stored * s.soil2_c + down * fed3 / loss3
    loss1 = stored + to_floor + between - between * between / loss2
    fed1 = stored * s.soil1_c + between * fed2 / loss2
    return Ground(
        loss1, loss2, loss3, loss4, loss5, fed1, fed2, fed3, fed4, fed5, to_floor, between
    )  # fmt: skip


def settle(s: State, g: Ground) -> None:
    """Carry the layers on, once the floor has been."""
    s.soil1_c = (g.fed1 + g.to_floor * s.floor_c) / g.loss1
    s.soil2_c = (g.fed2 + g.between * s.soil1_c) / g.loss2
    s.soil3_c = (g.fed3 + g.between / 2.0 * s.soil2_c) / g.loss3
    s.soil4_c = (g.fed4 + g.between / 4.0 * s.soil3_c) / g.loss4
    s.soil5_c = (g.fed5 + g.between / 8.0 * s.soil4_c) / g.loss5


def lost_w(s: State, w: Outdoor, p: Parameters) -> float:
    """Return what the deepest layer gives to the ground below it."""
    return 2.0 * p.soil_w_m_k / (3.0 * DEPTH_M) / 16.0 * (s.soil5_c - w.ground_c)
