"""Greenhouses that were measured and published, and climates to begin with."""

from dataclasses import replace

from tokkatot.climate.physics.air import SEA_LEVEL_PA, co2_mg_m3, magnus_pa
from tokkatot.climate.physics.greenhouse.model import Parameters, State


def bleiswijk_led() -> Parameters:
    """Return the compartment with LED lamps that GreenLight was validated on.

    Source: D. Katzin and others, GreenLight - An open source model for greenhouses with
    supplemental lighting, Biosystems Engineering 194 (2020) 61-81, tables 1 and 2; the feed of
    carbon dioxide (5 mg a second) is the published simulation's, whose boiler gives 125 W a square
    metre; the boiler of 130 W is our reading of the heat that the recorded season cost, the one
    that ours is held against.
    """
    return Parameters(
        floor_m2=144.0,
        cover_m2=216.6,
        roof_slope_deg=23.0,
        air_m=5.7,
        top_m=0.5,
        roof_vent_m2=52.2,
        vent_height_m=0.87,
        discharge=0.35,
        wind_pressure=0.02,
        leak=0.3e-4,
        leak_top_share=0.9,
        roof_par_through=0.57,
        roof_nir_through=0.57,
        cover_inside_w=3.5,
        thermal_par_through=0.75,
        thermal_leak=5e-4,
        blackout_leak=5e-4,
        pipe_m_m2=1.3375,
        pipe_inner_m=0.04875,
        boiler_w_m2=130.0,
        co2_mg_m2_s=5.0,
        lamp_w_m2=116.0,
        lamp_m2=0.05,
        lamp_par=0.31,
        lamp_nir=0.02,
        lamp_umol_j=5.2,
        lamp_cooled=0.63,
    )


def bleiswijk_challenge() -> Parameters:
    """Return a compartment of the second Autonomous Greenhouse Challenge, with cherry tomatoes.

    Source: S. Hemming and others, Cherry tomato production in intelligent greenhouses, Sensors 20
    (2020) 6430, for 96 m² inside a larger house, so that only its roof is outside, and for sodium
    lamps beside LEDs: theirs are between Katzin's (2021, table 7.6). The lamps' power is that of
    Wageningen's simulator; carbon dioxide comes as fast as the most that any compartment took in a
    day did, over 18 hours. The rest is the compartment of `bleiswijk_led`, from the same hands.

    Vanthoor's crop, with its own light use, bears half as much again as Wageningen's cherry
    tomatoes do: light use is fitted to three seasons of their simulator, of other strategies.
    """
    return replace(
        bleiswijk_led(),
        floor_m2=96.0,
        cover_m2=104.3,
        roof_vent_m2=34.8,
        co2_mg_m2_s=2.5,
        lamp_w_m2=129.4,
        lamp_par=0.36,
        lamp_nir=0.1,
        lamp_umol_j=4.9,
        lamp_cooled=0.0,
        electrons_a_photon=0.22,
        fruit_max_mg_m2=1e5,
    )


def of_floor(house: Parameters, floor_m2: float) -> Parameters:
    """Return a house that is built as this one, over another floor and as high."""
    share = floor_m2 / house.floor_m2
    return replace(
        house,
        floor_m2=floor_m2,
        cover_m2=house.cover_m2 * share,
        roof_vent_m2=house.roof_vent_m2 * share,
        side_vent_m2=house.side_vent_m2 * share,
        fan_m3_s=house.fan_m3_s * share,
        pad_m3_s=house.pad_m3_s * share,
    )


def settled(
    crop: State, *, air_c: float, humidity_pct: float, co2_ppm: float, ground_c: float
) -> State:
    """Return a house with this crop that has stood since long in this climate."""
    surfaces = (
        "air_c", "top_c", "canopy_c", "cover_in_c", "cover_out_c", "thermal_c", "blackout_c",
        "floor_c", "pipe_c", "lamp_c", "day_c",
    )  # fmt: skip
    vapour = magnus_pa(air_c) * humidity_pct / 100
    carbon = co2_mg_m3(co2_ppm, air_c, SEA_LEVEL_PA)
    warm = dict.fromkeys(surfaces, air_c)
    soil = {f"soil{layer}_c": air_c + (ground_c - air_c) * layer / 6 for layer in range(1, 6)}
    return replace(
        crop, **warm, **soil, air_pa=vapour, top_pa=vapour, air_mg_m3=carbon, top_mg_m3=carbon
    )
