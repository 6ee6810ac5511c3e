"""The weather that a twin is to live through, row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tokkatot.climate.env.what_if import warmer
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.weather.files import moment_of
from tokkatot.cloud.farms.model import Farm
from tokkatot.cloud.jobs.problems import Unanswerable
from tokkatot.cloud.jobs.reasons import Reason
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.telemetry.store import Readings, Span
from tokkatot.cloud.telemetry.summary import Numbers
from tokkatot.cloud.twins.asked import (
    ForecastWeather,
    GivenWeather,
    RecordedWeather,
    Weather,
)
from tokkatot.cloud.twins.forecasts import Forecasts
from tokkatot.cloud.twins.house import hour_of_day
from tokkatot.cloud.twins.recorded import LONGEST_GAP_S, Known, filled, steps_of, weather
from tokkatot.domain.quantities import Quantity
from tokkatot.kit.clock import from_ms, to_ms

RECORDED_S: Final = 900
HOUR_S: Final = 3600
CALM_M_S: Final = 1.0
"""Where nobody measures the wind, as in a hub."""
NO_STATION: Final = (
    "No weather station of the farm has measured temperature and humidity over this time: "
    "choose another time, or give the weather."
)
COLUMNS: Final[Mapping[str, tuple[Quantity, float | None]]] = {
    "temperature_c": (Quantity.TEMPERATURE, None),
    "humidity_pct": (Quantity.RELATIVE_HUMIDITY, None),
    "radiation_w_m2": (Quantity.GLOBAL_RADIATION, 0.0),
    "wind_m_s": (Quantity.AIR_SPEED, CALM_M_S),
}
"""What stands in for what nobody measured; None: there is no weather without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skies:
    """Rows of weather from a moment on, and what of it nobody measured."""

    start_ms: int
    period_s: int
    rows: Sequence[Outdoor]
    assumed: Sequence[str] = ()
    foretold_hours: int | None = None
    """How many of the hours to come somebody foretold; the others are as usual."""

    @property
    def row_ms(self) -> Sequence[int]:
        """Return when each row begins."""
        period_ms = self.period_s * 1000
        return range(self.start_ms, self.start_ms + len(self.rows) * period_ms, period_ms)

    def hours(self, time_zone: str) -> list[float]:
        """Return the hour of the day at the beginning of each row."""
        return [hour_of_day(from_ms(t_ms), time_zone) for t_ms in self.row_ms]

    def warmer(self, by_k: float) -> "Skies":
        """Return the same weather, so much warmer."""
        return replace(self, rows=[warmer(row, by_k) for row in self.rows])


async def skies(
    tx: Transaction, readings: Readings, forecasts: Forecasts, farm: Farm, wanted: Weather
) -> Skies:
    """Return the weather that is asked for.

    Raises:
        Unanswerable: where the farm has not recorded it, or nobody foretells it.
    """
    match wanted:
        case RecordedWeather():
            return await recorded_skies(tx, readings, farm, wanted)
        case GivenWeather():
            return _given(wanted)
        case ForecastWeather():
            # Nobody waits for a service with a connection of the database in hand.
            await tx.release()
            outlook = await forecasts.outlook(farm.place, wanted.hours)
            hour_ms = HOUR_S * 1000
            return Skies(
                start_ms=to_ms(tx.now) // hour_ms * hour_ms,
                period_s=HOUR_S,
                rows=outlook.weather.moments,
                foretold_hours=outlook.foretold,
            )


async def recorded_skies(
    tx: Transaction, readings: Readings, farm: Farm, wanted: RecordedWeather
) -> Skies:
    """Return the weather that the farm's own stations measured.

    Raises:
        Unanswerable: where they did not.
    """
    span = Span(start=from_ms(wanted.start_ms), end=from_ms(wanted.end_ms))
    known = await weather(tx.session, readings, farm.id, span, RECORDED_S)
    steps = steps_of(span, RECORDED_S)
    columns, assumed = _columns(known, len(steps))
    mean_c = float(columns["temperature_c"].mean())
    return Skies(
        start_ms=int(steps[0]),
        period_s=RECORDED_S,
        rows=[
            moment_of({name: float(values[row]) for name, values in columns.items()}, mean_c)
            for row in range(len(steps))
        ],
        assumed=assumed,
    )


def _columns(known: Known, rows: int) -> tuple[Mapping[str, Numbers], Sequence[str]]:
    found: dict[str, Numbers] = {}
    assumed: list[str] = []
    for name, (quantity, usual) in COLUMNS.items():
        measured = known.get(quantity, np.full(rows, np.nan))
        values = filled(measured, most=LONGEST_GAP_S // RECORDED_S)
        if not np.isfinite(values).all():
            if usual is None:
                raise Unanswerable(NO_STATION, Reason("no_station"))
            assumed.append(quantity.value)
            values = np.where(np.isfinite(values), values, usual)
        found[name] = values
    return found, assumed


def _given(wanted: GivenWeather) -> Skies:
    mean_c = sum(hour.temperature_c for hour in wanted.hours) / len(wanted.hours)
    return Skies(
        start_ms=wanted.start_ms,
        period_s=HOUR_S,
        rows=[
            moment_of(
                {
                    "temperature_c": hour.temperature_c,
                    "humidity_pct": hour.humidity_pct,
                    "radiation_w_m2": hour.radiation_w_m2,
                    "wind_m_s": hour.wind_m_s,
                },
                mean_c,
            )
            for hour in wanted.hours
        ],
    )
