"""What the air of each kind of house should keep to, as a comparison draws and counts it."""

from collections.abc import Mapping
from math import inf
from typing import NamedTuple

import numpy as np

from tokkatot.climate.control.crop import TomatoPrices
from tokkatot.climate.control.lettuce_benchmark import Comfort
from tokkatot.climate.control.tomato_benchmark import TomatoComfort
from tokkatot.climate.control.twins import CoopLimits
from tokkatot.climate.kernel import Floats
from tokkatot.climate.policy.card import House


class Limit(NamedTuple):
    """The least and the most; boundless where there is none."""

    low: float = -inf
    high: float = inf

    def is_left(self, values: Floats) -> Floats:
        """Return 1 for each value that is beyond it, else 0."""
        left: Floats = ((values < self.low) | (values > self.high)).astype(np.float64)
        return left


def limits_of(house: House) -> Mapping[str, Limit]:
    """Return the limits by the names of a policy's inputs."""
    match house:
        case House.COOP:
            coop = CoopLimits()
            return {
                "over_comfort_k": Limit(-coop.cold_under_k, coop.hot_over_k),
                "co2_ppm": Limit(high=coop.co2_ppm),
                "ammonia_ppm": Limit(high=coop.ammonia_ppm),
            }
        case House.GREENHOUSE:
            prices = TomatoPrices()
            return {
                "air_c": Limit(prices.cold_below_c, prices.hot_above_c),
                "humidity_pct": Limit(high=prices.damp_above_pct),
            }
        case House.TOMATO_BENCHMARK:
            crop = TomatoComfort()
            return {
                "air_c": Limit(crop.air_min_c, crop.air_max_c),
                "humidity_pct": Limit(crop.humidity_min_pct, crop.humidity_max_pct),
                "co2_ppm": Limit(crop.co2_min_ppm, crop.co2_max_ppm),
            }
        case House.LETTUCE:
            comfort = Comfort()
            return {
                "air_c": Limit(comfort.air_min_c, comfort.air_max_c),
                "humidity_pct": Limit(high=comfort.humidity_max_pct),
                "co2_ppm": Limit(comfort.co2_min_ppm, comfort.co2_max_ppm),
            }
