"""When photographs speak of a flock, and how often they do so by mistake."""

import numpy as np
import pytest

from tests.support.droppings import hash_of
from tokkatot.domain.droppings import (
    AGREE,
    PHOTO_EVERY_S,
    PHOTOS_IN_WINDOW,
    PHOTOS_PER_MONTH,
    WINDOW_MS,
    Disease,
    Sighting,
    false_alarms,
    photos_in_window,
    sick_flock,
)

EVERY_MS = PHOTO_EVERY_S * 1000
FAR_APART = [0xFFFF << (16 * place) for place in range(4)]


def photos(suspects: list[Disease | None], prints: list[int] | None = None) -> list[Sighting]:
    """Return photographs half an hour apart, the last of them now (at 0)."""
    count = len(suspects)
    marks = prints or [hash_of(number) for number in range(count)]
    return [
        Sighting(t_ms=(number + 1 - count) * EVERY_MS, suspects=one, fingerprint=mark)
        for number, (one, mark) in enumerate(zip(suspects, marks, strict=True))
    ]


SICK, WELL = Disease.COCCIDIOSIS, None


def test_four_of_twelve_photographs_that_agree_speak_for_a_flock() -> None:
    seen = photos([SICK, WELL, WELL, SICK, WELL, WELL, WELL, SICK, WELL, WELL, WELL, SICK])
    assert sick_flock(seen, now_ms=0) == (SICK, AGREE)


def test_three_do_not_and_neither_do_four_that_disagree() -> None:
    three = photos([SICK] * 3 + [WELL] * 9)
    mixed = photos([SICK, SICK, Disease.SALMONELLA, Disease.NEWCASTLE, *[WELL] * 8])
    assert sick_flock(three, now_ms=0) is None
    assert sick_flock(mixed, now_ms=0) is None


def test_photographs_of_the_same_dropping_count_once() -> None:
    same = [FAR_APART[0], FAR_APART[0] ^ 0b111, FAR_APART[1], FAR_APART[2]]
    assert sick_flock(photos([SICK] * 4, FAR_APART), now_ms=0) == (SICK, 4)
    assert sick_flock(photos([SICK] * 4, same), now_ms=0) is None


def test_what_is_older_than_the_window_counts_no_more() -> None:
    seen = photos([SICK] * 4)
    assert sick_flock(seen, now_ms=WINDOW_MS - 3 * EVERY_MS - 1) == (SICK, 4)
    assert sick_flock(seen, now_ms=WINDOW_MS - 3 * EVERY_MS) is None


def test_more_cameras_need_more_photographs_that_agree() -> None:
    one_camera = photos([SICK] * 4 + [WELL] * 8)
    more = [Sighting(t_ms=0, suspects=WELL, fingerprint=number) for number in range(12)]
    assert sick_flock(one_camera, now_ms=0) is not None
    assert sick_flock([*one_camera, *more], now_ms=0) is None


def test_a_sick_dropping_that_is_photographed_again_takes_no_alarm_back() -> None:
    twelve = photos([SICK] * 4 + [WELL] * 8)
    again = [Sighting(t_ms=0, suspects=SICK, fingerprint=twelve[0].fingerprint)] * 2
    assert sick_flock([*twelve, *again], now_ms=0) == (SICK, 4)


def test_neither_does_a_healthy_one() -> None:
    twelve = photos([SICK] * 4 + [WELL] * 8)
    again = [Sighting(t_ms=0, suspects=WELL, fingerprint=twelve[-1].fingerprint)] * 9
    assert sick_flock([*twelve, *again], now_ms=0) == (SICK, 4)


@pytest.mark.parametrize(
    ("cameras", "every_minutes", "stays_minutes", "different"), [(3, 30, 120, 9), (1, 10, 60, 6)]
)
def test_where_all_droppings_are_sick_it_is_told_however_often_each_is_seen(
    cameras: int, every_minutes: int, stays_minutes: int, different: int
) -> None:
    seen = [
        Sighting(
            t_ms=minute * 60_000 - WINDOW_MS + 1,
            suspects=SICK,
            fingerprint=hash_of(1 + camera * 100 + minute // stays_minutes),
        )
        for minute in range(0, WINDOW_MS // 60_000, every_minutes)
        for camera in range(cameras)
    ]
    assert sick_flock(seen, now_ms=0) == (SICK, different)


def test_a_dropping_is_sick_where_most_of_its_photographs_say_so() -> None:
    prints = [hash_of(1 + number) for number in range(4)]
    others = [Sighting(t_ms=0, suspects=SICK, fingerprint=mark) for mark in prints[1:]]
    first = [
        Sighting(t_ms=0, suspects=one, fingerprint=prints[0] ^ number)
        for number, one in enumerate((SICK, WELL, Disease.SALMONELLA, SICK, SICK))
    ]
    assert sick_flock([*others, *first], now_ms=0) == (SICK, 4)
    assert sick_flock([*others, *first[:4]], now_ms=0) is None


def test_many_looks_at_healthy_droppings_add_up_to_no_flock() -> None:
    chance = np.random.default_rng(1)
    for _ in range(40):
        seen = [
            Sighting(
                t_ms=-minute * 60_000,
                suspects=SICK if chance.random() < 0.05 else WELL,
                fingerprint=hash_of(1 + minute // 60),
            )
            for minute in range(6 * 60)
        ]
        assert sick_flock(seen, now_ms=0) is None


@pytest.mark.parametrize(("every_minutes", "photos"), [(30, 12), (90, 4), (119, 4), (120, 3)])
def test_who_looks_seldom_has_few_photographs_in_a_window(every_minutes: int, photos: int) -> None:
    assert photos_in_window(every_minutes * 60) == photos


def test_no_photographs_speak_of_nothing() -> None:
    assert sick_flock([], now_ms=0) is None


@pytest.mark.parametrize(
    ("rate", "a_month"), [(0.005, 0.00014), (0.012, 0.0046), (0.02, 0.033), (0.05, 1.10)]
)
def test_a_healthy_flock_raises_as_few_alarms_as_the_documents_say(
    rate: float, a_month: float
) -> None:
    assert false_alarms(rate) == pytest.approx(a_month, rel=0.05)


@pytest.mark.parametrize("rate", [0.005, 0.0225, 0.05])
def test_more_cameras_raise_no_more_false_alarms_than_one(rate: float) -> None:
    a_month = PHOTOS_PER_MONTH // PHOTOS_IN_WINDOW
    rates = [
        false_alarms(rate, photos=a_month * different, in_window=different)
        for different in range(1, 8 * 36)
    ]
    assert max(rates) == false_alarms(rate)


def test_the_computed_rate_bounds_what_a_healthy_flock_really_raises() -> None:
    chance, rate, months = np.random.default_rng(1), 0.06, 40
    raised, recent = 0, [False] * PHOTOS_IN_WINDOW
    for _ in range(months * PHOTOS_PER_MONTH):
        before = sum(recent) >= AGREE
        recent = [*recent[1:], bool(chance.random() < rate)]
        raised += sum(recent) >= AGREE and not before
    assert 0.3 * false_alarms(rate) < raised / months < false_alarms(rate)
