"""How a greenhouse goes on while its actuators rest and the weather stands."""

from math import exp
from typing import NamedTuple

from tokkatot.climate.physics.greenhouse import exchange
from tokkatot.climate.physics.greenhouse import network as n
from tokkatot.climate.physics.greenhouse.airflow import Flows, flows
from tokkatot.climate.physics.greenhouse.ground import Layers, fed, layers, lost_w, settle
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


class Standing(NamedTuple):
    """What does not change during a long step: the house, its actuators and the weather."""

    fabric: exchange.Fabric
    layers: Layers
    seen: Views
    lit: Light
    pad_kg: float
    dt: float
    """Seconds of a short step."""


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
    dt = duration_s / substeps
    now = Standing(
        fabric=exchange.fabric(p),
        layers=layers(p, dt),
        seen=views(area, u, p),
        lit=light(w.radiation_w_m2, area, u, p),
        pad_kg=exchange.pad_kg(u, w, p),
        dt=dt,
    )
    for _ in range(substeps):
        flow = flows(s, u, w, p)
        _breathe(s, u, w, p, book, flow, now)
        _exchange(s, u, w, p, book, a, flow, now)


def _exchange(
    s: State,
    u: Controls,
    w: Outdoor,
    p: Parameters,
    book: Ledger,
    a: n.Buffer,
    flow: Flows,
    now: Standing,
) -> None:
    lit, below, dt = now.lit, now.layers, now.dt
    # All that is read of the state comes first: compiled, it is then read and worked out once.
    by = exchange.films(s, u, now.fabric)
    wet = exchange.Damp(
        leaf=exchange.leaf_face(s, transpiration_kg_pa(s, lit.above_canopy, p)),
        thermal=exchange.dewy(s.thermal_c, s.air_pa, by.air_thermal),
        blackout=exchange.dewy(s.blackout_c, s.air_pa, by.air_blackout),
        cover=exchange.dewy(s.cover_in_c, s.top_pa, by.top_cover),
        fog=exchange.fog_kg(s, u, p),
        pad=now.pad_kg,
    )
    warmth = fed(s, w, below)
    n.clear(a)
    exchange.remember(a, s, p, now.fabric, dt)
    exchange.radiate(a, s, w, now.seen)
    exchange.convect(a, s, w, p, now.fabric, by, flow)
    exchange.moisten(a, s, w, flow, wet)
    up = below.to_floor / below.loss1
    n.couple(a, n.FLOOR, n.FLOOR, below.to_floor - below.to_floor * up)
    n.feed(a, n.FLOOR, lit.floor + up * warmth.fed1)
    n.feed(a, n.CANOPY, lit.canopy)
    n.feed(a, n.AIR, lit.air)
    n.feed(a, n.COVER_OUT, lit.cover)
    n.feed(a, n.LAMP, lit.lamp_heat)
    n.feed(a, n.PIPE, u.heating * p.boiler_w_m2)
    n.solve(a)

    air_pa, top_pa = n.value(a, n.WET), n.value(a, n.WET_TOP)
    dew_kg = -exchange.evaporated_kg(wet.thermal, n.value(a, n.THERMAL), air_pa)
    dew_kg -= exchange.evaporated_kg(wet.blackout, n.value(a, n.BLACKOUT), air_pa)
    dew_kg -= exchange.evaporated_kg(wet.cover, n.value(a, n.COVER_IN), top_pa)
    book.transpired_kg += dt * exchange.evaporated_kg(wet.leaf, n.value(a, n.CANOPY), air_pa)
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
    settle(s, below, warmth)
    book.ground_j += dt * lost_w(s, w, below)


def _read(s: State, a: n.Buffer) -> None:
    s.air_c, s.top_c = n.value(a, n.AIR), n.value(a, n.TOP)
    s.canopy_c, s.floor_c = n.value(a, n.CANOPY), n.value(a, n.FLOOR)
    s.cover_in_c, s.cover_out_c = n.value(a, n.COVER_IN), n.value(a, n.COVER_OUT)
    s.thermal_c, s.blackout_c = n.value(a, n.THERMAL), n.value(a, n.BLACKOUT)
    s.pipe_c, s.lamp_c = n.value(a, n.PIPE), n.value(a, n.LAMP)
    s.air_pa, s.top_pa = n.value(a, n.WET), n.value(a, n.WET_TOP)


def _breathe(
    s: State, u: Controls, w: Outdoor, p: Parameters, book: Ledger, flow: Flows, now: Standing
) -> None:
    """Carry carbon on: in the air (8.12, 8.13, 8.46, 8.77) and in the crop (9.1 to 9.9)."""
    g, dt = growth(s, now.lit.photons, p), now.dt
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
