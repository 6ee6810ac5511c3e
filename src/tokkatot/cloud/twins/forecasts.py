"""The weather of the coming days, from a service where one is set, else as it usually is."""

import asyncio
from collections import OrderedDict
from pathlib import Path
from typing import Final

import httpx
from typing_extensions import override

from tokkatot.climate.weather.files import read_file
from tokkatot.climate.weather.forecast import (
    Climatology,
    Forecast,
    ForecastMissing,
    ForecastProvider,
    Outlook,
    Outlooks,
)
from tokkatot.climate.weather.open_meteo import OpenMeteo
from tokkatot.climate.weather.series import WeatherSeries
from tokkatot.cloud.jobs.problems import Unanswerable
from tokkatot.cloud.jobs.reasons import Reason
from tokkatot.domain.places import Place
from tokkatot.kit.clock import Clock

ANSWERS_WITHIN_S: Final = 20.0
MOST_PLACES: Final = 200
"""Whose forecasts are kept until they are stale."""
NO_PLACE: Final = "Nobody foretells the weather of nowhere: say the farm's latitude and longitude."


class AskedService(ForecastProvider):
    """A service at an address, or none."""

    def __init__(self, url: str | None, clock: Clock) -> None:
        self._url = url
        self._clock = clock

    @override
    async def forecast(self, place: Place) -> Forecast:
        if self._url is None:
            raise ForecastMissing("no service is set that foretells the weather")
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S), httpx.AsyncClient() as client:
                return await OpenMeteo(client, self._clock, self._url).forecast(place)
        except TimeoutError:
            raise ForecastMissing(f"{self._url} does not answer") from None


class Forecasts:
    """What a process knows of the weather to come, place by place."""

    def __init__(self, *, url: str | None, usual: Path | None, clock: Clock) -> None:
        """Take where a service is, and an EnergyPlus year of what is usual around here."""
        self._service = AskedService(url, clock)
        self._file = usual
        self._clock = clock
        self._year: WeatherSeries | None = None
        self._outlooks: OrderedDict[Place, Outlooks] = OrderedDict()

    async def outlook(self, place: Place | None, hours: int, *, partly: bool = False) -> Outlook:
        """Return at most so many hours from the one that has begun.

        Where what is usual can't be read, all is foretold, or, if asked `partly`, some of it.

        Raises:
            Unanswerable: where nobody foretells them and nobody knows what is usual.
        """
        if place is None:
            raise Unanswerable(NO_PLACE, Reason("no_place"))
        outlooks = self._kept(place)
        told = await _told(outlooks, hours)
        lacking = isinstance(told, ForecastMissing) or len(told.weather.moments) < hours
        if lacking and self._file is not None and outlooks.usual is None:
            try:
                outlooks.usual = await self._usual(self._file, place)
            except Unanswerable:
                if isinstance(told, ForecastMissing) or not partly:
                    raise
            else:
                told = await _told(outlooks, hours)
        if isinstance(told, ForecastMissing):
            raise Unanswerable(
                f"The weather to come is not known: {told}.", Reason("no_forecast")
            ) from told
        return told

    def _kept(self, place: Place) -> Outlooks:
        outlooks = self._outlooks.pop(place, None)
        if outlooks is None:
            outlooks = Outlooks(self._service, None, place, self._clock)
        self._outlooks[place] = outlooks
        while len(self._outlooks) > MOST_PLACES:
            self._outlooks.popitem(last=False)
        return outlooks

    async def _usual(self, file: Path, place: Place) -> Climatology:
        try:
            if self._year is None:
                # Thousands of lines, which would hold up whatever else this process does.
                self._year = await asyncio.to_thread(read_file, file, "epw")
            return Climatology(self._year, place)
        except (OSError, ValueError) as refused:
            raise Unanswerable(
                f"What is usual can't be read: {refused}", Reason("usual_unreadable")
            ) from refused


async def _told(outlooks: Outlooks, hours: int) -> Outlook | ForecastMissing:
    try:
        return await outlooks.outlook(hours)
    except ForecastMissing as missing:
        return missing
