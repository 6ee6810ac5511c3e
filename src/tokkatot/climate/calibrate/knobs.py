"""Parameters that a house's records may tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """A parameter that may be fitted, and between which values it makes sense."""

    name: str
    low: float
    high: float
    along: Sequence[str] = ()
    """Parameters that are the same number."""

    @property
    def fields(self) -> Sequence[str]:
        """Return all that it sets."""
        return self.name, *self.along


class NoSuchHouse(ValueError):
    """Values that no house has."""


def fields_set(values: Mapping[str, float], knobs: Sequence[Knob]) -> dict[str, float]:
    """Return all fields of a house's parameters that these values of its knobs set.

    Raises:
        NoSuchHouse: where one is no knob, or beyond what makes sense.
    """
    known = {knob.name: knob for knob in knobs}
    for name, value in values.items():
        if name not in known or not known[name].low <= value <= known[name].high:
            raise NoSuchHouse(f"no house has {name} {value:g}")
    return {field: value for name, value in values.items() for field in known[name].fields}


GREENHOUSE_KNOBS: Sequence[Knob] = (
    Knob(name="roof_par_through", low=0.2, high=0.86, along=("roof_nir_through",)),
    Knob(name="sun_to_air", low=0.01, high=0.5),
    Knob(name="cover_inside_w", low=0.3, high=10.0),
    Knob(name="cover_outside_w_m2_k", low=0.3, high=20.0),
    Knob(name="leak", low=1e-6, high=1e-2),
    Knob(name="discharge", low=0.05, high=1.0),
    Knob(name="wind_pressure", low=1e-3, high=0.5),
    Knob(name="fan_m3_s", low=0.1, high=1000.0),
    Knob(name="thermal_leak", low=1e-6, high=1e-2),
    Knob(name="boiler_w_m2", low=10.0, high=600.0),
    Knob(name="lamp_w_m2", low=5.0, high=600.0),
    Knob(name="co2_mg_m2_s", low=0.1, high=50.0),
    Knob(name="fog_kg_m2_s", low=1e-6, high=1e-2),
    Knob(name="leaf_area_m2_mg", low=5e-6, high=1e-4),
    Knob(name="stomata_s_m", low=15.0, high=500.0),
    Knob(name="electrons_a_photon", low=0.05, high=0.6),
)

COOP_KNOBS: Sequence[Knob] = (
    Knob(name="heat_total", low=0.4, high=2.0),
    Knob(name="heat_sensible", low=0.4, high=1.6),
    Knob(name="wall_w_m2_k", low=0.1, high=20.0),
    Knob(name="roof_w_m2_k", low=0.1, high=20.0),
    Knob(name="roof_sun_share", low=0.02, high=1.0),
    Knob(name="mass_w_m2_k", low=0.5, high=50.0),
    Knob(name="mass_j_m2_k", low=5e3, high=2e6),
    Knob(name="fan_m3_s", low=0.5, high=1000.0),
    Knob(name="leak_m2", low=0.01, high=100.0),
    Knob(name="wind_share", low=0.03, high=1.0),
    Knob(name="heater_w", low=1e3, high=2e6),
    Knob(name="pad_efficiency", low=0.1, high=0.98),
    Knob(name="fog_kg_s", low=1e-4, high=10.0),
    Knob(name="litter_transfer_m_h", low=0.5, high=100.0),
)
