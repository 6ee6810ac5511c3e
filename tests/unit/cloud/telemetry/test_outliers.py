"""Hours that are unlike the same hour of the days before."""

import math
from random import Random  # noqa: TID251 - seeded
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tokkatot.cloud.telemetry.blocks import Columns
from tokkatot.cloud.telemetry.local_time import HOUR_MS, hour_of_day
from tokkatot.cloud.telemetry.outliers import DAYS_BEFORE, LEAST_DAYS, UNUSUAL, Found, find
from tokkatot.cloud.telemetry.summary import Summary, summarise
from tokkatot.domain.quantities import SPECS, Quantity

DAY_MS = 24 * HOUR_MS
T = 1_790_000_000_000 - 1_790_000_000_000 % DAY_MS
ZONE = ZoneInfo("Asia/Phnom_Penh")


def usual(t_ms: int, chance: Random) -> float:
    """Return a warm day and a cool night, with a sensor's noise."""
    return 28 + 5 * math.sin(2 * math.pi * t_ms / DAY_MS) + chance.gauss(0, 0.4)


def days(count: int, unusual: dict[int, float] | None = None) -> Summary:
    """Return hours up to `T`; `unusual` has other values by the reading's minutes before `T`."""
    chance = Random(3)
    minutes = range(count * 1440, 0, -10)
    return summarise(
        Columns(
            t_ms=np.array([T - minute * 60_000 for minute in minutes], np.int64),
            value=np.array(
                [
                    (unusual or {}).get(minute, usual(T - minute * 60_000, chance))
                    for minute in minutes
                ]
            ),
            quality=np.zeros(len(minutes), np.uint8),
        ),
        HOUR_MS,
    )


def found(hours: Summary, *, since_ms: int = T - DAY_MS) -> Found:
    return find(hours, hour_of_day(hours.t_ms, ZONE), since_ms, SPECS[Quantity.TEMPERATURE])


def test_days_like_the_others_have_no_outliers() -> None:
    assert found(days(20)) == Found(compared=24, outliers=())


def test_an_hour_that_is_far_too_warm_is_one() -> None:
    (one,) = found(days(20, dict.fromkeys(range(610, 661, 10), 40.0))).outliers
    assert (one.start_ms, one.value) == (T - 11 * HOUR_MS, 40.0)
    assert one.score > UNUSUAL
    assert one.low < one.high < 40


def test_a_single_wild_reading_is_seen_though_it_hardly_moves_the_mean() -> None:
    (one,) = found(days(20, {600: -20.0})).outliers
    assert (one.start_ms, one.value) == (T - 10 * HOUR_MS, -20.0)
    assert one.score < -UNUSUAL


def test_the_warmth_of_noon_is_an_outlier_at_night() -> None:
    assert len(found(days(20, dict.fromkeys(range(10, 61, 10), 33.0))).outliers) == 1
    noon = dict.fromkeys(range(1090, 1141, 10), 33.0)
    assert found(days(20, noon)).outliers == ()


def test_wild_days_among_those_before_change_nothing() -> None:
    wild = {minute + day * 1440: 60.0 for day in (3, 7, 9) for minute in range(10, 1441, 10)}
    assert found(days(20, wild)).outliers == ()


def test_of_too_few_days_nobody_can_tell() -> None:
    assert found(days(LEAST_DAYS, {10: 60.0})).compared == 0
    assert found(days(LEAST_DAYS + 1, {10: 60.0})).compared == 24


def test_what_is_older_than_the_days_before_no_longer_counts() -> None:
    # It was 10 degrees warmer until the days began that are compared with.
    chance = Random(5)
    warmer = {
        minute: usual(T - minute * 60_000, chance) + 10
        for minute in range((DAYS_BEFORE + 2) * 1440, 30 * 1440 + 1, 10)
    }
    assert found(days(30, warmer)).outliers == ()


def test_the_noise_of_a_sensor_that_never_moved_is_no_outlier() -> None:
    still = dict.fromkeys(range(1440, 20 * 1440 + 1, 10), 20.0)
    assert found(days(20, still | dict.fromkeys(range(10, 1440, 10), 20.3))).outliers == ()
    assert found(days(20, still | dict.fromkeys(range(10, 1440, 10), 21.5))).outliers


def test_the_hour_of_the_day_is_the_farms_over_a_clock_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    # 2026-10-25 01:00 UTC: from 3:00 in summer time back to 2:00.
    change_ms = 1_792_890_000_000
    hours = change_ms + np.arange(-2, 2, dtype=np.int64) * HOUR_MS
    assert hour_of_day(hours, berlin).tolist() == [1, 2, 2, 3]


@pytest.mark.parametrize("minutes", [0, 30])
def test_zones_that_lie_half_an_hour_off_are_compared_alike(minutes: int) -> None:
    zone = ZoneInfo("Asia/Kolkata" if minutes else "Asia/Karachi")
    hours = T + np.arange(48, dtype=np.int64) * HOUR_MS
    assert hour_of_day(hours, zone).tolist() == [(n + 5) % 24 for n in range(48)]
