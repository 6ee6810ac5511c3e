"""The twin of one house: as its kind is built, over its own floor, with its devices and its fit."""

from dataclasses import replace

from msgspec import Struct

from tokkatot.climate.physics.greenhouse import houses as greenhouses
from tokkatot.climate.physics.greenhouse import model as greenhouse
from tokkatot.climate.physics.known import House, coop_of, greenhouse_of
from tokkatot.climate.physics.poultry import houses as coops
from tokkatot.climate.physics.poultry import model as coop
from tokkatot.domain.flocks import NATIVE_GROWTH_PER_D, NATIVE_MATURE_KG

YOUNG = 1.15
"""So many times what it weighs a bird still grows to, at least."""


class Birds(Struct, frozen=True, kw_only=True):
    """A flock as its people know it."""

    count: int
    age_d: float
    kg: float
    native: bool = False
    """Of the village: they grow slowly."""


class Twin(Struct, frozen=True, kw_only=True):
    """What is known of a house."""

    house: House
    floor_m2: float | None
    equipped: dict[str, float]
    """Parameters by their names, as its devices are rated."""
    fitted: dict[str, float]
    """Parameters by their names, as a fit found them."""
    fans_w: float
    birds: Birds | None


def coop_built(twin: Twin) -> tuple[coop.Parameters, coop.State]:
    """Return a poultry house and its flock."""
    birds = twin.birds
    built, state = coop_of(twin.house, 0.0 if birds is None else float(birds.count))
    if twin.floor_m2 is not None:
        built = coops.of_floor(built, twin.floor_m2)
    if birds is not None:
        # No curve of weights is the hens'.
        kg = state.bird_kg if twin.house is House.HENS else birds.kg
        state = replace(state, age_d=birds.age_d, bird_kg=kg)
        if birds.native and twin.house is not House.HENS:
            # Who weighs nearly as much, or more, is of a larger kind.
            mature_kg = max(NATIVE_MATURE_KG, YOUNG * birds.kg)
            built = replace(built, mature_kg=mature_kg, growth_per_d=NATIVE_GROWTH_PER_D)
    return replace(built, **{**twin.equipped, **twin.fitted}), state


def greenhouse_built(twin: Twin) -> tuple[greenhouse.Parameters, greenhouse.State]:
    """Return a greenhouse and its crop."""
    built, state = greenhouse_of()
    if twin.floor_m2 is not None:
        built = greenhouses.of_floor(built, twin.floor_m2)
    return replace(built, **{**twin.equipped, **twin.fitted}), state
