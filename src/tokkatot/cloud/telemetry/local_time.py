"""Hours and days as a farm's people have them."""

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from tokkatot.cloud.telemetry.store import Span
from tokkatot.cloud.telemetry.summary import Integers
from tokkatot.kit.clock import from_ms, to_ms

HOUR_MS: Final = 3_600_000


def day_edges(span: Span, zone: ZoneInfo) -> Integers:
    """Return where a span begins, each midnight in it, and where it ends, in ms since 1970 UTC."""
    first = span.start.astimezone(zone).date()
    days = (span.end.astimezone(zone).date() - first).days
    midnights = [
        to_ms(datetime.combine(first + timedelta(days=n), time.min, zone)) for n in range(days + 1)
    ]
    return _edges(np.array(midnights, np.int64), span)


def hour_edges(span: Span, zone: ZoneInfo) -> Integers:
    """Return where a span begins, each full hour in it, and where it ends, in ms since 1970 UTC."""
    # Not every zone lies full hours away from UTC.
    ahead_ms = _ahead_ms(span.start_ms, zone)
    first = (span.start_ms + ahead_ms) // HOUR_MS * HOUR_MS - ahead_ms
    return _edges(np.arange(first, span.end_ms, HOUR_MS, dtype=np.int64), span)


def hour_of_day(t_ms: Integers, zone: ZoneInfo) -> Integers:
    """Return the hour, 0 to 23, at some instants."""
    ahead_ms = np.array([_ahead_ms(at, zone) for at in t_ms.tolist()], np.int64)
    return (t_ms + ahead_ms) // HOUR_MS % 24


def _edges(inner: Integers, span: Span) -> Integers:
    inside = inner[(inner > span.start_ms) & (inner < span.end_ms)]
    return np.concatenate(([span.start_ms], inside, [span.end_ms]))


def _ahead_ms(t_ms: int, zone: ZoneInfo) -> int:
    ahead = from_ms(t_ms).astimezone(zone).utcoffset()
    assert ahead is not None, "a zone knows its offset"
    return round(ahead.total_seconds() * 1000)
