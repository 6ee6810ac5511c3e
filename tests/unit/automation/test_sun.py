"""Sunrise and sunset against published values."""

from datetime import UTC, date, datetime

import pytest

from tokkatot.automation.sun import SunEvent, sun_at, sun_event_ms
from tokkatot.domain.places import Place

GOLDEN = Place(latitude=39.742476, longitude=-105.1786)
TROMSO = Place(latitude=69.65, longitude=18.96)


def ms(*parts: int) -> int:
    return round(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


def test_the_sun_stands_where_meeus_has_it() -> None:
    # Astronomical Algorithms, 2nd edition, examples 25.a and 28.a/b: 1992 October 13, 0h.
    declination, equation = sun_at(ms(1992, 10, 13))
    assert declination == pytest.approx(-7.785, abs=0.003)
    assert equation == pytest.approx(13.71, abs=0.02)


@pytest.mark.parametrize(
    ("event", "day", "published"),
    # NREL/TP-560-34302, table A5.1: 6:12:43 and 17:20:19 in the zone UTC-7. It asks for the day of
    # UTC, whose sunset is that of the evening before in Golden.
    [
        ("sunrise", date(2003, 10, 17), ms(2003, 10, 17, 13, 12, 43)),
        ("sunset", date(2003, 10, 16), ms(2003, 10, 17, 0, 20, 19)),
    ],
)
def test_it_rises_and_sets_as_nrels_published_example_says(
    event: SunEvent, day: date, published: int
) -> None:
    found = sun_event_ms(event, day, GOLDEN)
    assert found is not None
    assert abs(found - published) <= 30_000


@pytest.mark.parametrize("day", [date(2025, 6, 21), date(2025, 12, 21)])
@pytest.mark.parametrize("event", ["sunrise", "sunset"])
def test_beyond_the_polar_circle_there_are_days_without_it(event: SunEvent, day: date) -> None:
    assert sun_event_ms(event, day, TROMSO) is None


def test_at_a_pole_it_neither_rises_nor_sets() -> None:
    assert sun_event_ms("sunrise", date(2025, 3, 20), Place(latitude=90, longitude=0)) is None


@pytest.mark.parametrize("longitude", [-179.9, -105.0, 0.0, 104.9, 179.9])
def test_sunrise_belongs_to_the_day_of_the_place(longitude: float) -> None:
    place = Place(latitude=11.6, longitude=longitude)
    rise = sun_event_ms("sunrise", date(2025, 1, 15), place)
    fall = sun_event_ms("sunset", date(2025, 1, 15), place)
    assert rise is not None
    assert fall is not None
    noon_ms = ms(2025, 1, 15, 12) - round(longitude * 240_000)
    assert noon_ms - 7 * 3_600_000 < rise < noon_ms < fall < noon_ms + 7 * 3_600_000
