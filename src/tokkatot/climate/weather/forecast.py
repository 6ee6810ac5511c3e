"""The weather of the next days: foretold where somebody tells it, else as it usually is."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Protocol

from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.units import HOUR_S
from tokkatot.climate.weather.series import WeatherSeries
from tokkatot.domain.places import Place
from tokkatot.kit.clock import Clock

STALE_AFTER_S = 12 * HOUR_S
"""Weather services reckon anew every six hours; older by a second time, it is no forecast."""
ASK_AGAIN_AFTER_S = HOUR_S
WINDOW_DAYS = 15
YEAR_DAYS = 365
HOUR_MS = 3_600_000


class ForecastMissing(Exception):
    """Nobody tells the weather; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Hours from a moment on, as a service told them at another."""

    told_ms: int
    start_ms: int
    hours: Sequence[Outdoor]


class ForecastProvider(Protocol):
    """Somebody who tells the weather."""

    async def forecast(self, place: Place) -> Forecast:
        """Return the next days.

        Raises:
            ForecastMissing: where there is none that can be used.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The next hours, and how many of them somebody foretold; the others are as usual."""

    weather: WeatherSeries
    foretold: int


class Climatology:
    """What a place is like at an hour of the year, from a year of its weather.

    Raises:
        ValueError: where the source is no year of hours.
    """

    def __init__(self, year: WeatherSeries, place: Place) -> None:
        """Take hours that begin at the first midnight of a year, by their own clock.

        Where nobody says which that is, it goes by the place's sun.
        """
        if year.period_s != HOUR_S or len(year.moments) < YEAR_DAYS * 24:
            raise ValueError("what is usual needs a whole year of hours")
        self._year = year.moments[: YEAR_DAYS * 24]
        zone_h = round(place.longitude / 15) if year.zone_h is None else year.zone_h
        self._offset_ms = round(zone_h * HOUR_MS)

    def at(self, utc_ms: int) -> Outdoor:
        """Return the mean of this time of day over the days around."""
        local = datetime.fromtimestamp((utc_ms + self._offset_ms) / 1000, UTC)
        date = min(local.timetuple().tm_yday, YEAR_DAYS) - 1
        # Some clocks are half an hour or three quarters off the others.
        part = (local.minute * 60 + local.second) / HOUR_S
        days = range(date - WINDOW_DAYS, date + WINDOW_DAYS + 1)
        around = [
            (share, self._year[(24 * day + local.hour + later) % len(self._year)])
            for later, share in ((0, 1.0 - part), (1, part))
            if share
            for day in days
        ]
        return Outdoor(
            **{
                field.name: sum(share * getattr(hour, field.name) for share, hour in around)
                / len(days)
                for field in fields(Outdoor)
            }
        )


class Outlooks:
    """Keeps the last forecast of a place as long as it is one."""

    def __init__(
        self, provider: ForecastProvider, usual: Climatology | None, place: Place, clock: Clock
    ) -> None:
        """Take who tells, what is usual where anybody knows it, where, and the time."""
        self._provider = provider
        self.usual = usual
        self._place = place
        self._clock = clock
        self._last: Forecast | None = None
        self._asked_s: float | None = None
        self.missing: str | None = None
        """Why the last question brought no forecast."""

    async def outlook(self, hours: int) -> Outlook:
        """Return so many hours from the one that has begun; fewer where nobody knows the usual.

        Raises:
            ForecastMissing: where there is not even one.
        """
        await self._ask()
        now_ms = self._clock.now_ms()
        first_ms = now_ms - now_ms % HOUR_MS
        told = self._told(first_ms, hours) if self._is_fresh(now_ms) else ()
        usual: Sequence[Outdoor] = ()
        if self.usual is not None:
            lacking = range(len(told), hours)
            usual = [self.usual.at(first_ms + hour * HOUR_MS) for hour in lacking]
        if not told and not usual:
            raise ForecastMissing(self.missing or "the last forecast is over")
        weather = WeatherSeries(period_s=HOUR_S, moments=(*told, *usual))
        return Outlook(weather=weather, foretold=len(told))

    async def _ask(self) -> None:
        now_s = self._clock.monotonic()
        if self._asked_s is not None and now_s - self._asked_s < ASK_AGAIN_AFTER_S:
            return
        self._asked_s = now_s
        try:
            self._last = await self._provider.forecast(self._place)
        except ForecastMissing as missing:
            self.missing = str(missing)
        else:
            self.missing = None

    def _is_fresh(self, now_ms: int) -> bool:
        # A forecast of the future is a broken clock's.
        return self._last is not None and 0 <= now_ms - self._last.told_ms <= STALE_AFTER_S * 1000

    def _told(self, first_ms: int, hours: int) -> Sequence[Outdoor]:
        assert self._last is not None, "what is fresh is there"
        skipped = (first_ms - self._last.start_ms) // HOUR_MS
        return self._last.hours[skipped : skipped + hours] if skipped >= 0 else ()
