"""How a greenhouse goes on while its actuators rest and the weather stands."""

from math import exp
from typing import NamedTuple

from tokkatot.climate.physics.greenhouse import exchange
from tokkatot.climate.physics.greenhouse import network as n
from tokkatot.climate.physics.greenhouse.airflow import Flows, flows
from tokkatot.climate.physics.greenhouse.ground import ground, lost_w, settle
from tokkatot.climate.physics.greenhouse.light import Light, light
from tokkatot.climate.physics.greenhouse.model import Controls, Ledger, Parameters, State
from tokkatot.climate.physics.greenhouse.tomato import (
    DAY_S,
    co2_taken_mg,
    growth,
    transpiration_kg_pa,
)
from tokkatot.climate.physics.greenhouse.views import Views, views
from tokkatot.climate.physics.outdoor import Outdoor

SUBSTEPS = 16
"""Short steps of one long one of 15 minutes; the air is then 0.03 K (rms) off its exact course.

Longer and longer ones, to follow what changes fast after an actuator has moved, were worse at the
end of the long step, which is all that anybody sees.
"""


class Moment(NamedTuple):
    """What a short step takes from its beginning."""

    flow: Flows
    seen: Views
    lit: Light


def advance(
    s: State,
    u: Controls,
    w: Outdoor,
    p: Parameters,
    book: Ledger,
    a: n.Buffer,
    duration_s: float,
    substeps: int = SUBSTEPS,
) -> None:
    """Carry state and ledger on; `a` is a buffer of `network.SIZE` that needs no content."""
    area = exchange.leaf_area(s, p)
    seen = views(area, u, p)
    lit = light(w.radiation_w_m2, area, u, p)
    dt = duration_s / substeps
    for _ in range(substeps):
        flow = flows(s, u, w, p)
        _breathe(s, u, w, p, book, flow, lit, dt)
        _exchange(s, u, w, p, book, a, Moment(flow, seen, lit), dt)


def _exchange(
    s: State,
    u: Controls,
    w: Outdoor,
    p: Parameters,
    book: Ledger,
    a: n.Buffer,
    now: Moment,
    dt: float,
) -> None:
    flow, seen, lit = now
    n.clear(a)
    exchange.remember(a, s, p, dt)
    exchange.radiate(a, s, w, seen)
    exchange.convect(a, s, u, w, p, flow)
    wet = exchange.damp(s, u, w, p, transpiration_kg_pa(s, lit.above_canopy, p))
    exchange.moisten(a, s, w, flow, wet)
    below = ground(s, w, p, dt)
    n.couple(a, n.FLOOR, n.FLOOR, below.to_floor - below.to_floor * below.to_floor / below.loss1)
    n.feed(a, n.FLOOR, lit.floor + below.to_floor * below.fed1 / below.loss1)
    n.feed(a, n.CANOPY, lit.canopy)
    n.feed(a, n.AIR, lit.air)
    n.feed(a, n.COVER_OUT, lit.cover)
    n.feed(a, n.LAMP, lit.lamp_heat)
    n.feed(a, n.PIPE, u.heating * p.boiler_w_m2)
    n.solve(a)

    air_pa, top_pa = n.value(a, n.WET), n.value(a, n.WET_TOP)
    drawn_kg = exchange.evaporated_kg(s.canopy_c, n.value(a, n.CANOPY), air_pa, wet.leaf)
    dew_kg = -exchange.evaporated_kg(s.thermal_c, n.value(a, n.THERMAL), air_pa, wet.thermal)
    dew_kg -= exchange.evaporated_kg(s.blackout_c, n.value(a, n.BLACKOUT), air_pa, wet.blackout)
    dew_kg -= exchange.evaporated_kg(s.cover_in_c, n.value(a, n.COVER_IN), top_pa, wet.cover)
    book.transpired_kg += dt * drawn_kg
    book.condensed_kg += dt * dew_kg
    book.fogged_kg += dt * (wet.fog + wet.pad)
    book.vented_kg += dt * n.left(a, n.DAMP)
    book.sky_j += dt * n.left(a, n.SKY)
    book.outside_j += dt * n.left(a, n.WIND)
    book.vented_j += dt * n.left(a, n.VENT)
    lamps = u.lamps * p.lamp_w_m2 * (1.0 - p.lamp_cooled)
    book.lamps_j += dt * lamps
    book.boiler_j += dt * u.heating * p.boiler_w_m2
    book.sun_j += dt * (lit.canopy + lit.floor + lit.air + lit.cover + lit.lamp_heat - lamps)

    _read(s, a)
    settle(s, below)
    book.ground_j += dt * lost_w(s, w, p)


def _read(s: State, a: n.Buffer) -> None:
    s.air_c, s.top_c = n.value(a, n.AIR), n.value(a, n.TOP)
    s.canopy_c, s.floor_c = n.value(a, n.CANOPY), n.value(a, n.FLOOR)
    s.cover_in_c, s.cover_out_c = n.value(a, n.COVER_IN), n.value(a, n.COVER_OUT)
    s.thermal_c, s.blackout_c = n.value(a, n.THERMAL), n.value(a, n.BLACKOUT)
    s.pipe_c, s.lamp_c = n.value(a, n.PIPE), n.value(a, n.LAMP)
    s.air_pa, s.top_pa = n.value(a, n.WET), n.value(a, n.WET_TOP)


def _breathe(
    s: State, u: Controls, w: Outdoor, p: Parameters, book: Ledger, flow: Flows, lit: Light,
    dt: float,
) -> None:  # fmt: skip
    """Carry carbon on: in the air (8.12, 8.13, 8.46, 8.77) and in the crop (9.1 to 9.9)."""
    g = growth(s, lit.photons, p)
    dosed, taken = u.co2 * p.co2_mg_m2_s, co2_taken_mg(g)
    outward = flow.air_out + flow.pad
    air, top = p.air_m / dt, p.top_m / dt
    loss_air, loss_top = air + flow.air_top + outward, top + flow.air_top + flow.top_out
    fed_air = air * s.air_mg_m3 + dosed - taken + outward * w.co2_mg_m3
    fed_top = top * s.top_mg_m3 + flow.top_out * w.co2_mg_m3
    whole = loss_air * loss_top - flow.air_top * flow.air_top
    s.air_mg_m3 = (fed_air * loss_top + flow.air_top * fed_top) / whole
    s.top_mg_m3 = (fed_top * loss_air + flow.air_top * fed_air) / whole
    book.dosed_mg += dt * dosed
    book.assimilated_mg += dt * taken
    book.vented_mg += dt * (
        outward * (s.air_mg_m3 - w.co2_mg_m3) + flow.top_out * (s.top_mg_m3 - w.co2_mg_m3)
    )

    s.buffer_mg_m2 += dt * (g.assimilated - g.growth_cost - g.leaf - g.stem - g.fruit)
    s.leaf_mg_m2 += dt * (g.leaf - g.leaf_upkeep - g.leaf_pruned)
    s.stem_mg_m2 += dt * (g.stem - g.stem_upkeep)
    s.fruit_mg_m2 += dt * (g.fruit - g.fruit_upkeep - g.fruit_harvested)
    book.leaf_pruned_mg += dt * g.leaf_pruned
    book.fruit_harvested_mg += dt * g.fruit_harvested
    s.sum_c_d += dt / DAY_S * s.canopy_c
    s.day_c += (1.0 - exp(-dt / DAY_S)) * (s.canopy_c - s.day_c)
