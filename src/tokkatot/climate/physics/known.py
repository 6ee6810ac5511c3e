"""The houses that are known by name, each as it is built and with what lives in it."""

from enum import StrEnum, unique

from tokkatot.climate.physics.greenhouse import model as greenhouse
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.poultry import model as coop
from tokkatot.climate.physics.poultry.houses import (
    day_old,
    in_lay,
    open_house,
    tunnel_house,
    with_hens,
)


@unique
class House(StrEnum):
    """The twins that there are."""

    LETTUCE = "lettuce"
    TOMATO = "tomato"
    TUNNEL = "tunnel"
    OPEN = "open"
    HENS = "hens"


COOPS = (House.TUNNEL, House.OPEN, House.HENS)


def greenhouse_of() -> tuple[greenhouse.Parameters, greenhouse.State]:
    """Return the greenhouse as it is built, with young tomatoes."""
    return bleiswijk_led(), greenhouse.State()


def coop_of(house: House, birds: float) -> tuple[coop.Parameters, coop.State]:
    """Return a poultry house as it is built, with its flock."""
    built = tunnel_house() if house is House.TUNNEL else open_house()
    if house is House.HENS:
        return with_hens(built), in_lay(birds)
    return built, day_old(birds)
