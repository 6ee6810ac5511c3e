"""Which time and which readings a request asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Query

from tokkatot.cloud.platform.problems import invalid_field
from tokkatot.cloud.platform.schemas import Instant
from tokkatot.cloud.telemetry.history import MAX_SERIES
from tokkatot.cloud.telemetry.store import Span
from tokkatot.domain.quantities import SPECS, Quantity

_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""No reading is older."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From when to when, as far as it was said."""

    start: datetime | None
    end: datetime | None

    def span(self, now: datetime, usual: timedelta = timedelta(days=1)) -> Span:
        """Return the time that is asked for, `usual` long where only its end is known.

        Raises:
            Invalid: when there is no such time.
        """
        end = _just_after(now) if self.end is None else self.end
        if self.start is None and end < _FIRST:
            raise invalid_field("query.to", "too_early", "No reading is older than the year 2000.")
        return _span(end - usual if self.start is None else self.start, end)

    def past(self, now: datetime, *, usual: timedelta, longest: timedelta) -> Span:
        """Return the time that is asked for, as far as it has passed.

        Raises:
            Invalid: when there is no such time, or it is too long.
        """
        end = _just_after(now) if self.end is None else min(self.end, _just_after(now))
        start = max(end, _FIRST + usual) - usual if self.start is None else self.start
        span = _span(max(start, _FIRST), end)
        if span.end - span.start > longest:
            raise invalid_field(
                "query.from", "too_long", f"Ask for no more than {longest.days} days."
            )
        return span


def _just_after(now: datetime) -> datetime:
    """Return the end of a time that still has what is of now in it."""
    return now + timedelta(milliseconds=1)


def _span(start: datetime, end: datetime) -> Span:
    if not start < end:
        raise invalid_field("query.from", "empty_time", "`from` must lie before `to`.")
    return Span(start=start, end=end)


async def period(
    start: Annotated[Instant | None, Query(alias="from")] = None,
    end: Annotated[
        Instant | None, Query(alias="to", description="Not included; left out: now.")
    ] = None,
) -> Period:
    """Read from when to when."""
    return Period(start=start, end=end)


SomePeriod = Annotated[Period, Depends(period)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which readings are wanted; nothing named means all there are."""

    devices: Sequence[UUID]
    quantities: Sequence[Quantity]
    period: Period


async def asked(
    period: SomePeriod,
    device: Annotated[list[UUID] | None, Query(max_length=MAX_SERIES)] = None,
    quantity: Annotated[list[Quantity] | None, Query(max_length=len(SPECS))] = None,
) -> Asked:
    """Read which readings are wanted."""
    return Asked(devices=device or (), quantities=quantity or (), period=period)


SomeReadings = Annotated[Asked, Depends(asked)]
