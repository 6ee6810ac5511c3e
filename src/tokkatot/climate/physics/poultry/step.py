"""How a poultry house goes on while its actuators rest and the weather stands."""

from math import exp

from tokkatot.climate.physics.air import saturation_pa, vapour_g_m3
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry.airflow import Air, incoming
from tokkatot.climate.physics.poultry.birds import (
    DAY_S,
    EVAPORATION_J_KG,
    Flow,
    flock,
    stress_index_c,
)
from tokkatot.climate.physics.poultry.litter import AMMONIA_PER_NITROGEN, Exchange, litter
from tokkatot.climate.physics.poultry.model import Controls, Ledger, Parameters, State

AIR_J_M3_K = 1207.0
"""1.2 kg/m³ of 1006 J/kg K."""

LITTER_CO2 = 0.022 / 0.163
"""What litter adds to the birds' carbon dioxide (CIGR 2002: 0.185 m³/h with it, else 0.163)."""

PROPANE_J_KG = 46.35e6
"""What it gives as its water stays vapour, 2.04 MJ a mol of 44.1 g."""
PROPANE_CO2_KG_J = 2.994 / PROPANE_J_KG
PROPANE_WATER_KG_J = 1.634 / PROPANE_J_KG
"""Heaters burn it in the house: three mol of carbon dioxide and four of water come of one."""

SHORT_STEP_S = 60.0


def advance(
    s: State, u: Controls, w: Outdoor, p: Parameters, book: Ledger, duration_s: float
) -> None:
    """Carry state and ledger on, in steps of a minute at most."""
    steps = max(int(-(-duration_s // SHORT_STEP_S)), 1)
    dt = duration_s / steps
    for _ in range(steps):
        air = incoming(s, u, w, p)
        index_c = stress_index_c(s.air_c, s.vapour_kg_m3, air.speed_m_s)
        birds = flock(s, u, p, index_c)
        below = litter(s, p, air.speed_m_s)
        dried, fogged = _moisten(s, u, p, book, air, birds, below, dt)
        _warm(s, u, w, p, book, air, birds, dried, fogged, dt)
        _breathe(s, u, w, p, book, air, birds, dt)
        _turn(s, p, book, air, birds, below, dried, dt)
        _live(s, book, birds, dt)
        watts = p.fan_w * u.fans + p.stir_w * u.stir + p.fog_w * u.fog + p.lamp_w * u.light
        book.electricity_j += dt * watts
        book.heat_stress_h += dt / 3600.0 * birds.stressed


def _moisten(
    s: State, u: Controls, p: Parameters, book: Ledger, air: Air, birds: Flow, below: Exchange,
    dt: float,
) -> tuple[float, float]:  # fmt: skip
    """Carry the air's vapour on; return what the litter and the fog gave, kg a second."""
    transfer = below.transfer_m_s * p.floor_m2
    full = 1e-3 * vapour_g_m3(s.air_c, saturation_pa(s.air_c))
    # Fog stops where the air is full, and litter gives no more than it has.
    fog = u.fog * p.fog_kg_s * min(max(10.0 * (1.0 - s.vapour_kg_m3 / full), 0.0), 1.0)
    burnt = PROPANE_WATER_KG_J * p.heater_w * u.heaters
    stored = p.air_m3 / dt
    fed = birds.breathed + fog + burnt + air.flow_m3_s * air.supply_kg_m3
    after = (stored * s.vapour_kg_m3 + fed + transfer * below.water_at) / (
        stored + air.flow_m3_s + transfer
    )
    dried = transfer * (below.water_at - after)
    most = 0.5 * s.litter_water_kg_m2 * p.floor_m2 / dt
    if dried > most:
        dried = most
        after = (stored * s.vapour_kg_m3 + fed + dried) / (stored + air.flow_m3_s)
    s.vapour_kg_m3 = after
    book.breathed_kg += dt * birds.breathed
    book.litter_dried_kg += dt * dried
    book.fogged_kg += dt * fog
    book.burnt_water_kg += dt * burnt
    book.pad_kg += dt * air.flow_m3_s * air.pad_kg_m3
    book.vented_kg += dt * air.flow_m3_s * (after - air.supply_kg_m3)
    return dried, fog


def _warm(  # noqa: PLR0913, PLR0917 - the parts of a step
    s: State, u: Controls, w: Outdoor, p: Parameters, book: Ledger, air: Air, birds: Flow,
    dried: float, fogged: float, dt: float,
) -> None:  # fmt: skip
    """Carry air and litter on as two bodies, solved together for the step's end."""
    vent = AIR_J_M3_K * air.flow_m3_s
    walls, roof = p.wall_w_m2_k * p.wall_m2, p.roof_w_m2_k * p.roof_m2
    sunny_c = w.temperature_c + p.roof_sun_share * w.radiation_w_m2 / p.outside_w_m2_k
    between, below = p.mass_w_m2_k * p.floor_m2, p.ground_w_m2_k * p.floor_m2
    heaters, lights = p.heater_w * u.heaters, p.lamp_w * u.light
    stored_air = AIR_J_M3_K * p.air_m3 / dt
    stored_mass = p.mass_j_m2_k * p.floor_m2 / dt
    fed_air = (
        stored_air * s.air_c
        + birds.sensible_w
        + heaters
        + lights
        - EVAPORATION_J_KG * fogged
        + vent * air.supply_c
        + walls * w.temperature_c
        + roof * sunny_c
    )
    fed_mass = stored_mass * s.mass_c - EVAPORATION_J_KG * dried + below * w.ground_c
    loss_air = stored_air + vent + walls + roof + between
    loss_mass = stored_mass + between + below
    whole = loss_air * loss_mass - between * between
    s.air_c = (fed_air * loss_mass + between * fed_mass) / whole
    s.mass_c = (fed_mass * loss_air + between * fed_air) / whole
    book.birds_j += dt * birds.sensible_w
    book.heaters_j += dt * heaters
    book.lights_j += dt * lights
    book.evaporated_j += dt * EVAPORATION_J_KG * (dried + fogged)
    book.vented_j += dt * vent * (s.air_c - air.supply_c)
    book.envelope_j += dt * (walls * (s.air_c - w.temperature_c) + roof * (s.air_c - sunny_c))
    book.ground_j += dt * below * (s.mass_c - w.ground_c)


def _breathe(
    s: State, u: Controls, w: Outdoor, p: Parameters, book: Ledger, air: Air, birds: Flow, dt: float
) -> None:
    made = (1.0 + LITTER_CO2) * birds.co2 + PROPANE_CO2_KG_J * p.heater_w * u.heaters
    stored = p.air_m3 / dt
    s.co2_mg_m3 = (stored * s.co2_mg_m3 + 1e6 * made + air.flow_m3_s * w.co2_mg_m3) / (
        stored + air.flow_m3_s
    )
    book.co2_made_kg += dt * made
    book.co2_vented_kg += dt * 1e-6 * air.flow_m3_s * (s.co2_mg_m3 - w.co2_mg_m3)


def _turn(
    s: State, p: Parameters, book: Ledger, air: Air, birds: Flow, below: Exchange, dried: float,
    dt: float,
) -> None:  # fmt: skip
    """Carry the litter on: its water, its dry matter and its nitrogen down to the air's ammonia."""
    transfer = below.transfer_m_s * p.floor_m2
    stored = p.air_m3 / dt
    after = (stored * s.ammonia_mg_m3 + transfer * below.ammonia_at) / (
        stored + air.flow_m3_s + transfer
    )
    given = 1e-6 * transfer * (below.ammonia_at - after) / AMMONIA_PER_NITROGEN
    most = 0.5 * (s.ammoniacal_kg_m2 * p.floor_m2 / dt)
    if given > most:
        given = most
        after = (stored * s.ammonia_mg_m3 + 1e6 * AMMONIA_PER_NITROGEN * given) / (
            stored + air.flow_m3_s
        )
    s.ammonia_mg_m3 = after
    droppings = birds.nitrogen_fed - birds.nitrogen_kept
    s.organic_kg_m2 += dt * (droppings / p.floor_m2 - below.turned)
    s.ammoniacal_kg_m2 += dt * (below.turned - given / p.floor_m2)
    s.litter_water_kg_m2 += dt * (birds.wet_droppings - dried) / p.floor_m2
    s.litter_dry_kg_m2 += dt * birds.dry_droppings / p.floor_m2
    book.litter_wetted_kg += dt * birds.wet_droppings
    book.nitrogen_fed_kg += dt * birds.nitrogen_fed
    book.nitrogen_kept_kg += dt * birds.nitrogen_kept
    book.nitrogen_vented_kg += dt * 1e-6 * air.flow_m3_s * after / AMMONIA_PER_NITROGEN


def _live(s: State, book: Ledger, birds: Flow, dt: float) -> None:
    if s.birds > 0.0:
        s.bird_kg += dt * birds.gain / s.birds
        alive = s.birds * exp(-dt * birds.deaths / s.birds)
        book.deaths += s.birds - alive
        s.birds = alive
    s.age_d += dt / DAY_S
    book.feed_kg += dt * birds.feed
    book.drunk_kg += dt * birds.drunk
    book.eggs_kg += dt * birds.eggs
