"""The houses that `tokkatot climate` knows by name."""

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokkatot.climate.physics.greenhouse import model as greenhouse
    from tokkatot.climate.physics.poultry import model as coop


class House(StrEnum):
    """The twins that there are."""

    LETTUCE = "lettuce"
    TOMATO = "tomato"
    TUNNEL = "tunnel"
    OPEN = "open"
    HENS = "hens"


def greenhouse_of() -> "tuple[greenhouse.Parameters, greenhouse.State]":
    """Return the greenhouse as it is built, with young tomatoes."""
    from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
    from tokkatot.climate.physics.greenhouse.model import State

    return bleiswijk_led(), State()


def coop_of(house: House, birds: int) -> "tuple[coop.Parameters, coop.State]":
    """Return a poultry house as it is built, with its flock."""
    from tokkatot.climate.physics.poultry.houses import (
        day_old,
        in_lay,
        open_house,
        tunnel_house,
        with_hens,
    )

    built = tunnel_house() if house is House.TUNNEL else open_house()
    if house is House.HENS:
        return with_hens(built), in_lay(birds)
    return built, day_old(birds)
