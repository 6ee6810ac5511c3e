"""What a flock has made of its litter by now, where nobody has followed it from the first day.

A coarse walk: the birds live as such birds do in comfort, and the air over the litter stands as it
mostly does, without ammonia of its own. Beside houses that were lived through minute by minute the
ammonia that stands over such litter is within a factor of two from the fourth week on, of three
in the third.
"""

from dataclasses import replace
from math import exp, log

from tokkatot.climate.physics.air import saturation_pa, vapour_g_m3
from tokkatot.climate.physics.poultry.birds import LEAST_KG, comfort_c, flock
from tokkatot.climate.physics.poultry.litter import AMMONIA_PER_NITROGEN, held_mg_m3_kg, litter
from tokkatot.climate.physics.poultry.model import Controls, Parameters, State
from tokkatot.climate.physics.units import DAY_S

STEP_D = 0.125
"""Half as much changes nothing by more than a tenth."""
MOST_D = 100.0
"""Of litter that is older only its last days are walked: it turns as much as it is given."""
PASSING_M_S = 0.8
HUMIDITY = 0.9
"""Of the air over it, both set by four houses (tunnel and open, 18 and 28 °C outside)."""
STREWN_WATER = 0.24
"""Kg of water a kg of litter that is strewn."""


def with_litter(s: State, p: Parameters) -> State:
    """Return the same flock on the litter of its age and its weight, none of it carried away."""
    age_d = min(s.age_d, MOST_D)
    steps = max(round(age_d / STEP_D), 0)
    walked = replace(
        s,
        litter_dry_kg_m2=p.litter_dry_kg_m2,
        litter_water_kg_m2=STREWN_WATER * p.litter_dry_kg_m2,
        organic_kg_m2=0.0,
        ammoniacal_kg_m2=0.0,
    )
    for step in range(steps):
        walked.age_d = s.age_d - (steps - step) * STEP_D
        walked.bird_kg = _weighed_kg(s, p, walked.age_d)
        _walk(walked, p, STEP_D * DAY_S)
    return replace(
        s,
        litter_dry_kg_m2=walked.litter_dry_kg_m2,
        litter_water_kg_m2=walked.litter_water_kg_m2,
        organic_kg_m2=walked.organic_kg_m2,
        ammoniacal_kg_m2=walked.ammoniacal_kg_m2,
    )


def _weighed_kg(s: State, p: Parameters, age_d: float) -> float:
    """Return what birds weighed at an earlier age that weigh so much now."""
    left = log(p.mature_kg / max(s.bird_kg, LEAST_KG)) * exp(p.growth_per_d * (s.age_d - age_d))
    return min(p.mature_kg * exp(-left), s.bird_kg)


def _walk(s: State, p: Parameters, dt: float) -> None:
    """Carry the litter on, implicitly: it dries, and gives off its ammonia, within hours."""
    s.air_c = s.mass_c = comfort_c(s.age_d, p)
    birds = flock(s, Controls(), p, s.air_c)
    below = litter(s, p, PASSING_M_S)
    vapour = 1e-3 * HUMIDITY * vapour_g_m3(s.air_c, saturation_pa(s.air_c))
    drying = below.transfer_m_s * below.water_at / s.litter_water_kg_m2
    wetted = birds.wet_droppings / p.floor_m2 + below.transfer_m_s * vapour
    s.litter_water_kg_m2 = (s.litter_water_kg_m2 + dt * wetted) / (1.0 + dt * drying)
    s.litter_dry_kg_m2 += dt * birds.dry_droppings / p.floor_m2
    droppings = (birds.nitrogen_fed - birds.nitrogen_kept) / p.floor_m2
    fading = below.transfer_m_s * 1e-6 * held_mg_m3_kg(s, p) / AMMONIA_PER_NITROGEN
    s.organic_kg_m2 += dt * (droppings - below.turned)
    s.ammoniacal_kg_m2 = (s.ammoniacal_kg_m2 + dt * below.turned) / (1.0 + dt * fading)
