"""The weather of a stretch that reaches from the past into the coming days, hour by hour."""

from typing import Final

import numpy as np

from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.weather.files import moment_of
from tokkatot.climate.weather.forecast import Outlook
from tokkatot.cloud.farms.model import Farm
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict
from tokkatot.cloud.telemetry.store import HOUR_S, Readings, Span
from tokkatot.cloud.telemetry.summary import Integers, Numbers
from tokkatot.cloud.twins.forecasts import Forecasts
from tokkatot.cloud.twins.recorded import weather_by_hour
from tokkatot.cloud.twins.weather import COLUMNS, Skies
from tokkatot.domain.quantities import Quantity
from tokkatot.kit.clock import from_ms, to_ms

TYPICAL_H: Final = 7 * 24
"""Hours of the last days whose mean, hour by hour, stands where nobody measured or foretells."""
_HOUR_MS: Final = HOUR_S * 1000


async def skies_ahead(
    tx: Transaction,
    readings: Readings,
    forecasts: Forecasts,
    farm: Farm,
    *,
    start_ms: int,
    hours: int,
    sunlit: bool,
) -> Skies | None:
    """Return so many hours, None where too little is known; `sunlit`: not without the sun's.

    What has been is as the farm's stations measured it, what comes as somebody foretells it or as
    it usually is, and the rest like the mean of the last days at that hour.
    """
    now_ms = to_ms(tx.now) // _HOUR_MS * _HOUR_MS
    wanted_ms = start_ms + _HOUR_MS * np.arange(hours, dtype=np.int64)
    to_come = max(int(wanted_ms[-1] - now_ms) // _HOUR_MS + 1, 1)
    coming = await _coming(tx, forecasts, farm, to_come)
    known = () if coming is None else coming.weather.moments
    first_ms = min(start_ms, now_ms - TYPICAL_H * _HOUR_MS)
    columns = await _columns(tx, readings, farm, first_ms, now_ms, wanted_ms, sunlit=sunlit)
    rows: list[Outdoor] = []
    foretold = 0
    mean_c = None if columns is None else float(columns["temperature_c"].mean())
    for row, t_ms in enumerate(wanted_ms.tolist()):
        ahead = (t_ms - now_ms) // _HOUR_MS
        if coming is not None and 0 <= ahead < len(known):
            rows.append(known[ahead])
            foretold += ahead < coming.foretold
        elif columns is None or mean_c is None:
            return None
        else:
            told = {name: float(values[row]) for name, values in columns.items()}
            rows.append(moment_of(told, mean_c))
    return Skies(start_ms=start_ms, period_s=HOUR_S, rows=rows, foretold_hours=foretold)


async def _coming(tx: Transaction, forecasts: Forecasts, farm: Farm, hours: int) -> Outlook | None:
    # Nobody waits for a service with a connection of the database in hand.
    await tx.release()
    try:
        return await forecasts.outlook(farm.place, hours, partly=True)
    except Conflict:
        return None


async def _columns(
    tx: Transaction,
    readings: Readings,
    farm: Farm,
    first_ms: int,
    now_ms: int,
    wanted_ms: Integers,
    *,
    sunlit: bool,
) -> dict[str, Numbers] | None:
    """Return what is known of each hour that is wanted, None where some hour of a day never was."""
    span = Span(start=from_ms(first_ms), end=from_ms(now_ms))
    known = await weather_by_hour(tx.session, readings, farm.id, span)
    been_ms = np.arange(first_ms, now_ms, _HOUR_MS, dtype=np.int64)
    found: dict[str, Numbers] = {}
    for name, (quantity, stand_in) in COLUMNS.items():
        needs_sun = sunlit and quantity is Quantity.GLOBAL_RADIATION
        usual = None if needs_sun else stand_in
        measured = known.get(quantity, np.full(len(been_ms), np.nan))
        typical = _typical(been_ms[-TYPICAL_H:], measured[-TYPICAL_H:])
        if not np.isfinite(typical).all():
            if usual is None:
                return None
            typical = np.where(np.isfinite(typical), typical, usual)
        values = typical[wanted_ms // _HOUR_MS % 24]
        places = np.searchsorted(been_ms, wanted_ms)
        there = (places < len(been_ms)) & (wanted_ms >= first_ms)
        past = measured[np.minimum(places, len(been_ms) - 1)]
        found[name] = np.where(there & np.isfinite(past), past, values)
    return found


def _typical(been_ms: Integers, measured: Numbers) -> Numbers:
    """Return the mean of each hour of a day, not a number where it was never measured."""
    hour = been_ms // _HOUR_MS % 24
    there = np.isfinite(measured)
    total = np.bincount(hour[there], weights=measured[there], minlength=24)
    count = np.bincount(hour[there], minlength=24)
    mean = np.full(24, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean
