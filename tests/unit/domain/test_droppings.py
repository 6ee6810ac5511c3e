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


def test_no_photographs_speak_of_nothing() -> None:
    assert sick_flock([], now_ms=0) is None


@pytest.mark.parametrize(
    ("rate", "a_month"), [(0.005, 0.00014), (0.012, 0.0046), (0.02, 0.033), (0.05, 1.10)]
)
def test_a_healthy_flock_raises_as_few_alarms_as_the_documents_say(
    rate: float, a_month: float
) -> None:
    assert false_alarms(rate) == pytest.approx(a_month, rel=0.05)


def test_the_computed_rate_bounds_what_a_healthy_flock_really_raises() -> None:
    chance, rate, months = np.random.default_rng(1), 0.06, 40
    raised, recent = 0, [False] * PHOTOS_IN_WINDOW
    for _ in range(months * PHOTOS_PER_MONTH):
        before = sum(recent) >= AGREE
        recent = [*recent[1:], bool(chance.random() < rate)]
        raised += sum(recent) >= AGREE and not before
    assert 0.3 * false_alarms(rate) < raised / months < false_alarms(rate)
