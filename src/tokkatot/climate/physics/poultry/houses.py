"""Houses and flocks to begin with; each number is for its owner to correct."""

from dataclasses import replace

from tokkatot.climate.physics.air import (
    SEA_LEVEL_PA,
    co2_mg_m3,
    saturation_pa,
    vapour_g_m3,
)
from tokkatot.climate.physics.poultry.model import Parameters, State


def tunnel_house() -> Parameters:
    """Return a closed broiler house of 1,200 m² with fans at one end and pads at the other."""
    return Parameters()


def open_house() -> Parameters:
    """Return an open-sided tropical broiler coop of 500 m² with curtains and stirring fans."""
    return Parameters(
        floor_m2=500.0,
        section_m2=30.0,
        air_m3=1500.0,
        wall_m2=120.0,
        wall_w_m2_k=5.0,
        roof_m2=560.0,
        roof_w_m2_k=3.0,
        fan_m3_s=0.0,
        fan_w=0.0,
        inlet_m2=0.0,
        leak_m2=4.0,
        curtain_m2=160.0,
        curtain_m=1.6,
        stir_m_s=1.0,
        stir_w=1500.0,
        fog_kg_s=0.03,
        fog_w=1000.0,
        heater_w=40e3,
        lamp_w=500.0,
    )


def of_floor(house: Parameters, floor_m2: float) -> Parameters:
    """Return a house that is built as this one, over another floor and as high."""
    share = floor_m2 / house.floor_m2
    return replace(
        house,
        floor_m2=floor_m2,
        section_m2=house.section_m2 * share**0.5,
        air_m3=house.air_m3 * share,
        wall_m2=house.wall_m2 * share**0.5,
        roof_m2=house.roof_m2 * share,
        fan_m3_s=house.fan_m3_s * share,
        fan_w=house.fan_w * share,
        inlet_m2=house.inlet_m2 * share,
        leak_m2=house.leak_m2 * share,
        curtain_m2=house.curtain_m2 * share,
        stir_w=house.stir_w * share,
        fog_kg_s=house.fog_kg_s * share,
        fog_w=house.fog_w * share,
        heater_w=house.heater_w * share,
        lamp_w=house.lamp_w * share,
    )


def with_hens(house: Parameters) -> Parameters:
    """Return the same house with laying hens on its floor.

    Their heat is CIGR's for hens on the floor. All else is assumption: 2 kg of bird, a crowded
    house's 9 eggs of 61 g in 10 days, feed of 11.5 MJ/kg with 17 % of protein (16 % of it
    nitrogen), and 0.6 % of the hens dead in a month.
    """
    return replace(
        house,
        heat_w_kg=6.8,
        egg_heat_w_kg=25.0,
        mature_kg=2.0,
        growth_per_d=0.01,
        eggs_kg_d=0.055,
        feed_j_kg=11.5e6,
        feed_nitrogen=0.027,
        chick_c=21.0,
        grown_c=21.0,
        death_per_d=2e-4,
    )


def day_old(birds: float) -> State:
    """Return a warmed house on the day that chicks come."""
    return State(birds=birds)


def in_lay(birds: float) -> State:
    """Return a house of hens of 30 weeks."""
    return State(birds=birds, bird_kg=1.85, age_d=210.0, air_c=24.0, mass_c=24.0)


def settled(flock: State, *, air_c: float, humidity_pct: float, co2_ppm: float) -> State:
    """Return a house with this flock whose air and walls have stood in this climate."""
    vapour = saturation_pa(air_c) * humidity_pct / 100
    return replace(
        flock,
        air_c=air_c,
        mass_c=air_c,
        vapour_kg_m3=1e-3 * vapour_g_m3(air_c, vapour),
        co2_mg_m3=co2_mg_m3(co2_ppm, air_c, SEA_LEVEL_PA),
    )
