"""The coop that a shield's twin is: as its fit found it, or as such houses usually are."""

from dataclasses import dataclass, replace
from typing import Final

from tokkatot.climate.calibrate.knobs import COOP_KNOBS, NoSuchHouse, fields_set
from tokkatot.climate.physics.known import COOPS, House, coop_of
from tokkatot.climate.physics.poultry.houses import of_floor, tunnel_house
from tokkatot.climate.physics.poultry.model import Parameters
from tokkatot.domain.autopilot import HouseTwin

EQUIPPED: Final = frozenset({"fan_m3_s", "fan_w", "stir_m_s", "stir_w", "heater_w", "lamp_w"})
"""What the devices of a coop may say of it."""
MOST_EQUIPPED: Final = 1e7
"""Watts, or cubic metres a second: no farm has more."""


class FitRefused(ValueError):
    """What a document says of a fit is no coop that a twin can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A coop as it is built; `bird_kg` is what its birds weigh whose weight no curve tells."""

    parameters: Parameters
    bird_kg: float | None = None


def usual_coop(floor_m2: float) -> Built:
    """Return a coop of which nobody knows more than its floor."""
    return Built(parameters=of_floor(tunnel_house(), floor_m2))


def fitted_coop(twin: HouseTwin, floor_m2: float) -> Built:
    """Return the coop that a fit found.

    Raises:
        FitRefused: where it can't be one.
    """
    known = next((house for house in COOPS if house == twin.house), None)
    if known is None:
        raise FitRefused(f"{twin.house[:32]} is no coop")
    for name, value in twin.equipped.items():
        if name not in EQUIPPED or not 0.0 <= value <= MOST_EQUIPPED:
            raise FitRefused(f"no coop has {name[:32]} {value:g}")
    try:
        fitted = fields_set(twin.fitted, COOP_KNOBS)
    except NoSuchHouse as refused:
        raise FitRefused(str(refused)) from refused
    built, flock = coop_of(known, 0.0)
    return Built(
        parameters=replace(of_floor(built, floor_m2), **{**twin.equipped, **fitted}),
        # The curve of weights is the broilers'.
        bird_kg=flock.bird_kg if known is House.HENS else None,
    )
