"""What birds will weigh and plants will have borne, under their house's rules."""

from collections.abc import Callable, Collection, Sequence

from tokkatot.climate.control.shield import Moment
from tokkatot.climate.env.what_if import CoopUnderRules, GreenhouseUnderRules, Stretch
from tokkatot.climate.physics.units import HOUR_S

CHERRY_DRY_SHARE = 0.0886
"""S. Hemming and others, Sensors 20 (2020) 6430: of the cherry tomatoes of the second challenge."""
DRY_SHARE = 0.055
"""E. Heuvelink (ed.), Tomatoes, CABI 2005: of a round tomato 5 to 6 % is dry."""


def growth_of(house: CoopUnderRules | GreenhouseUnderRules) -> float:
    """Return what a bird weighs in kg, or what was picked in g of dry fruit a m²."""
    return house.bird_kg() if isinstance(house, CoopUnderRules) else house.picked_g_m2()


def grown(
    house: CoopUnderRules | GreenhouseUnderRules,
    hours: Sequence[Stretch],
    told_after: Collection[int],
    tell: Callable[[float], None],
) -> Sequence[float]:
    """Let a house live hour by hour; return its growth after so many hours each."""
    found = [growth_of(house)] if 0 in told_after else []
    for number, hour in enumerate(hours, start=1):
        house.live(hour.points, Moment(outdoor=hour.outdoor, hour=hour.hour), HOUR_S)
        if number in told_after:
            found.append(growth_of(house))
        tell(number / len(hours))
    return found


def fresh_kg(dry_g_m2: float, floor_m2: float, *, cherry: bool) -> float:
    """Return what the fruit of a house weighs as it is picked."""
    share = CHERRY_DRY_SHARE if cherry else DRY_SHARE
    return 1e-3 * dry_g_m2 / share * floor_m2
