"""The weather that a twin is to live through, row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.farms.model import Farm
from tokkatot.cloud.platform.problems import Conflict
from tokkatot.cloud.telemetry.store import Readings, Span
from tokkatot.cloud.telemetry.summary import Numbers
from tokkatot.cloud.twins.asked import GivenWeather, RecordedWeather, Weather
from tokkatot.cloud.twins.house import hour_of_day
from tokkatot.cloud.twins.recorded import Known, filled, steps_of, weather
from tokkatot.cloud.twins.simulator import Sky
from tokkatot.domain.quantities import Quantity
from tokkatot.kit.clock import from_ms

RECORDED_S: Final = 900
HOUR_S: Final = 3600
LONGEST_GAP_S: Final = 3600
"""Over longer ones no line is drawn: weather that stands still would look real."""
CALM_M_S: Final = 1.0
"""Where nobody measures the wind, as in a hub."""
NO_STATION: Final = (
    "No weather station of the farm has measured temperature and humidity over this time: "
    "choose another time, or give the weather."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skies:
    """Rows of weather from a moment on, and what of it nobody measured."""

    start_ms: int
    period_s: int
    rows: Sequence[Sky]
    assumed: Sequence[str]

    @property
    def row_ms(self) -> Sequence[int]:
        """Return when each row begins."""
        return range(
            self.start_ms,
            self.start_ms + len(self.rows) * self.period_s * 1000,
            self.period_s * 1000,
        )


async def skies(
    session: AsyncSession, readings: Readings, farm: Farm, wanted: Weather, *, warmer_k: float
) -> Skies:
    """Return the weather that is asked for.

    Raises:
        Conflict: where the farm has not recorded it.
    """
    match wanted:
        case RecordedWeather():
            return await _recorded(session, readings, farm, wanted, warmer_k)
        case GivenWeather():
            return _given(farm, wanted, warmer_k)


async def _recorded(
    session: AsyncSession,
    readings: Readings,
    farm: Farm,
    wanted: RecordedWeather,
    warmer_k: float,
) -> Skies:
    span = Span(start=from_ms(wanted.start_ms), end=from_ms(wanted.end_ms))
    known = await weather(session, readings, farm.id, span, RECORDED_S)
    steps = steps_of(span, RECORDED_S)
    columns, assumed = _columns(known, len(steps))
    return Skies(
        start_ms=int(steps[0]),
        period_s=RECORDED_S,
        rows=[
            Sky(
                hour=hour_of_day(from_ms(int(steps[row])), farm.time_zone),
                temperature_c=float(columns[Quantity.TEMPERATURE][row]) + warmer_k,
                humidity_pct=float(columns[Quantity.RELATIVE_HUMIDITY][row]),
                radiation_w_m2=float(columns[Quantity.GLOBAL_RADIATION][row]),
                wind_m_s=float(columns[Quantity.AIR_SPEED][row]),
            )
            for row in range(len(steps))
        ],
        assumed=assumed,
    )


def _columns(known: Known, rows: int) -> tuple[Known, Sequence[str]]:
    found: dict[Quantity, Numbers] = {}
    assumed: list[str] = []
    for quantity, usual in (
        (Quantity.TEMPERATURE, None),
        (Quantity.RELATIVE_HUMIDITY, None),
        (Quantity.GLOBAL_RADIATION, 0.0),
        (Quantity.AIR_SPEED, CALM_M_S),
    ):
        values = filled(
            known.get(quantity, np.full(rows, np.nan)), most=LONGEST_GAP_S // RECORDED_S
        )
        if not np.isfinite(values).all():
            if usual is None:
                raise Conflict("conflict", NO_STATION)
            assumed.append(quantity.value)
            values = np.where(np.isfinite(values), values, usual)
        found[quantity] = values
    return found, assumed


def _given(farm: Farm, wanted: GivenWeather, warmer_k: float) -> Skies:
    return Skies(
        start_ms=wanted.start_ms,
        period_s=HOUR_S,
        rows=[
            Sky(
                hour=hour_of_day(from_ms(wanted.start_ms + row * HOUR_S * 1000), farm.time_zone),
                temperature_c=hour.temperature_c + warmer_k,
                humidity_pct=hour.humidity_pct,
                radiation_w_m2=hour.radiation_w_m2,
                wind_m_s=hour.wind_m_s,
            )
            for row, hour in enumerate(wanted.hours)
        ],
        assumed=(),
    )
