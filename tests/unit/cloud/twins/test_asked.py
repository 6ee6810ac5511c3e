"""What people asked of a house's twin is read as it was written, also by an older program."""

import msgspec

from tokkatot.climate.control.tariff import FLAT
from tokkatot.cloud.twins.asked import Learning, WhatIf

QUEUED = {
    "weather": {"type": "forecast", "hours": 48},
    "warmer_k": 0.0,
    "points": None,
    "house": None,
    "prices": {"electricity_kwh": 0.2, "heat_kwh": 0.1},
}


def test_a_question_that_was_queued_before_tariffs_pays_the_same_all_day() -> None:
    prices = msgspec.convert(QUEUED, WhatIf).prices
    assert prices is not None
    assert prices.tariff == FLAT


def test_who_asked_for_a_policy_before_tariffs_named_none() -> None:
    assert msgspec.convert({}, Learning).tariff is None
