"""Water and ammonia of the litter.

Sources: Z. Liu, L. Wang, D. B. Beasley and S. B. Shah, Modeling ammonia emissions from broiler
litter at laboratory scale, Transactions of the ASABE 52 (2009) 1683-1694, for the parts of the
balance and the ranges of transfer and sorption; J. Ni, Mechanistic models of ammonia release from
liquid manure: a review, Journal of Agricultural Engineering Research 72 (1999) 1-17, for Henry's
constant and the dissociation; M. W. Dunlop, J. McAuley, P. J. Blackall and R. M. Stuetz, Water
activity of poultry litter: relationship to moisture content during a grow-out, Journal of
Environmental Management 172 (2016) 201-206, for how litter holds its water.
"""

from math import exp
from typing import NamedTuple

from tokkatot.climate.physics.air import ZERO_C_K, saturation_pa, vapour_g_m3
from tokkatot.climate.physics.poultry.model import Parameters, State

HOUR_S = 3600.0
AMMONIA_PER_NITROGEN = 17.031 / 14.007
AMMONIA_MG_M3_PPM = 0.708
"""At 20 °C (17.03 g in 24.06 L)."""
BOUND = 6.03
BOUND_POWER = 0.72
"""Henderson's isotherm through what Dunlop and others measured: a water activity of 0.71 at 10 % of
water, 0.95 at 22 to 33 % (the middle is taken) and 1.0 at 60 %."""
BEST_WET = 0.4
"""Kg of water a kg of dry litter from which on nitrogen turns at its full rate."""


class Exchange(NamedTuple):
    """What the litter gives off, kg a second, and how ammonia in the air holds it back."""

    water_at: float
    """Vapour over its surface, kg/m³."""
    transfer_m_s: float
    turned: float
    """Nitrogen that becomes ammoniacal, kg a second and m²."""
    ammonia_at: float
    """Ammonia over its surface, mg/m³."""


def litter(s: State, p: Parameters, speed_m_s: float) -> Exchange:
    """Return what stands over the litter's surface and how fast it is carried off."""
    dry = max(s.litter_dry_kg_m2, 1e-3)
    wet = max(s.litter_water_kg_m2, 0.0) / dry
    active = 1.0 - exp(-BOUND * wet**BOUND_POWER)
    warmth = 2.0 ** (0.1 * (s.mass_c - 25.0))
    transfer = p.litter_transfer_m_h / HOUR_S * (max(speed_m_s, 0.1) / 0.2) ** 0.5
    return Exchange(
        water_at=1e-3 * active * vapour_g_m3(s.mass_c, saturation_pa(s.mass_c)),
        transfer_m_s=float(transfer),
        turned=p.mineralised_per_d / 86_400.0 * warmth * min(wet / BEST_WET, 1.0) * s.organic_kg_m2,
        ammonia_at=s.ammoniacal_kg_m2 * held_mg_m3_kg(s, p),
    )


def held_mg_m3_kg(s: State, p: Parameters) -> float:
    """Return the ammonia that stands over a kg of ammoniacal nitrogen a m² of this litter."""
    dry = max(s.litter_dry_kg_m2, 1e-3)
    kelvin = s.mass_c + ZERO_C_K
    # Ammonium is bound to dry litter as well as dissolved in its water (kg/m² is g/L a mm).
    solvent = max(s.litter_water_kg_m2 + p.litter_sorption_l_kg * dry, 1e-6)
    free = 1.0 / (1.0 + 10.0 ** (0.0918 + 2729.92 / kelvin - p.litter_ph))
    henry = 2.395e5 / kelvin * exp(-4151.0 / kelvin)
    # A kg of nitrogen a litre is 10⁹ mg a m³.
    return float(1e9 * AMMONIA_PER_NITROGEN * free * henry / solvent)
