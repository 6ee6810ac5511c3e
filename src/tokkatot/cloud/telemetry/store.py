"""The port of readings: what a store of them takes, keeps and gives back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol

from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.telemetry.blocks import Columns
from tokkatot.cloud.telemetry.summary import Summary
from tokkatot.kit.clock import to_ms

DAY_MS: Final = 86_400_000
MINUTE_S: Final = 60
FIVE_MINUTES_S: Final = 300
HOUR_S: Final = 3600
DAY_S: Final = 86_400
CLOCK_SLACK: Final = timedelta(minutes=1)
"""What lies further ahead of now came of a wrong clock, and does not hold back what is true."""
_EPOCH: Final = date(1970, 1, 1)


@dataclass(slots=True)
class Arrivals:
    """New readings of one series in the order in which they came; the lists are of one length."""

    t_ms: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.t_ms)

    def extend(self, more: "Arrivals") -> None:
        """Append what came later."""
        self.t_ms.extend(more.t_ms)
        self.value.extend(more.value)
        self.quality.extend(more.quality)

    def latest(self) -> tuple[int, float, int]:
        """Return the newest reading by its time, the later comer of two at the same time."""
        newest = max(self.t_ms)
        # It is the last one but where a hub fills a gap.
        index = len(self.t_ms) - 1 - self.t_ms[::-1].index(newest)
        return newest, self.value[index], self.quality[index]

    def by_day(self) -> "Iterator[tuple[int, Arrivals]]":
        """Yield the readings of each day: mostly it is one."""
        first, last = min(self.t_ms) // DAY_MS, max(self.t_ms) // DAY_MS
        if first == last:
            yield first, self
            return
        days: dict[int, Arrivals] = {}
        for t_ms, value, quality in zip(self.t_ms, self.value, self.quality, strict=True):
            of_day = days.setdefault(t_ms // DAY_MS, Arrivals())
            of_day.t_ms.append(t_ms)
            of_day.value.append(value)
            of_day.quality.append(quality)
        yield from days.items()

    def without(self, known: AbstractSet[tuple[int, float]]) -> "Arrivals":
        """Return what is none of these readings, each of them a time and a value."""
        pairs = enumerate(zip(self.t_ms, self.value, strict=True))
        return self._only(index for index, pair in pairs if pair not in known)

    def without_times(self, known: AbstractSet[int]) -> "Arrivals":
        """Return what is of no known time."""
        return self._only(index for index, t_ms in enumerate(self.t_ms) if t_ms not in known)

    def first_of_each(self) -> "Arrivals":
        """Return the first reading of each time."""
        firsts: dict[int, int] = {}
        for index, t_ms in enumerate(self.t_ms):
            firsts.setdefault(t_ms, index)
        return self._only(firsts.values())

    def _only(self, indices: Iterable[int]) -> "Arrivals":
        kept = list(indices)
        return Arrivals(
            [self.t_ms[index] for index in kept],
            [self.value[index] for index in kept],
            [self.quality[index] for index in kept],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From an instant to another one, the second not included."""

    start: datetime
    end: datetime

    @property
    def start_ms(self) -> int:
        """Return the start in milliseconds since 1970 UTC, rounded up."""
        return -(-_us(self.start) // 1000)

    @property
    def end_ms(self) -> int:
        """Return the end in milliseconds since 1970 UTC, rounded up."""
        return -(-_us(self.end) // 1000)

    @property
    def length_ms(self) -> int:
        """Return the length in milliseconds."""
        return self.end_ms - self.start_ms

    def cut_to(self, other: "Span") -> "Span":
        """Return what of it lies in another one."""
        return Span(start=max(self.start, other.start), end=min(self.end, other.end))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of what had come of a day."""

    late: int = 0
    """So many readings of a day that was given up are summed up; they go once that is committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What there is of a series: readings on the days of a span, and since when."""

    readings: int
    kept_from: datetime | None
    """Where the oldest day begins of which nothing was given up; None without any.

    Imported days before it may be there as well.
    """
    rolled_from: datetime | None
    """Where the oldest of its roll-ups begins."""

    def given_up(self, span: Span) -> Span | None:
        """Return the part of a span of which only roll-ups may be left."""
        kept_from = span.end if self.kept_from is None else min(self.kept_from, span.end)
        if self.rolled_from is None or not max(self.rolled_from, span.start) < kept_from:
            return None
        return Span(start=span.start, end=kept_from)


class Readings(Protocol):
    """The readings of every farm, as one transaction sees and changes them.

    Which days a series has, and what the readings of a day sum up to, is written in that
    transaction. What is added is durable once it commits; added again after a failure, it is there
    once.
    """

    async def add(self, arrivals: Mapping[int, Arrivals]) -> None:
        """Append readings by series and note the newest of each; their days have been prepared."""
        ...

    async def read(self, series: Sequence[int], span: Span) -> dict[int, Columns]:
        """Return every reading of these series in the order of time."""
        ...

    async def read_rolled(
        self, series_id: int, span: Span, *, width_s: int, every: int = 1
    ) -> Summary:
        """Return the roll-ups of a series, with what is not folded yet summed up beside them.

        `every` so many are summed up to one. Buckets may come twice, once of each kind: `widen`
        makes one of them.
        """
        ...

    async def stock(self, series: Sequence[int], span: Span) -> dict[int, Stock]:
        """Return what there is of each series."""
        ...

    async def next_day(self, series: Sequence[int], from_ms: int) -> int | None:
        """Return the first day with readings from an instant's day on, counted from 1970-01-01."""
        ...

    async def fold(self, series_id: int, day: int, *, cut: datetime) -> Settled | None:
        """Settle what has come of a day before `cut`, with its roll-ups; None if nothing has.

        What comes for a day that was given up is added to what is left of it, and goes as well.

        Raises:
            BlockError: when the day is too full, or one of its blocks is damaged.
        """
        ...

    async def folded_day(self, series_id: int, day: int) -> Columns:
        """Return the readings of a folded day; nobody folds it or gives it up until the commit.

        Raises:
            BlockError: when its block is damaged.
        """
        ...

    async def give_up(self, series_id: int, day: int, *, count: int) -> bool:
        """Let a folded day of so many readings go; False where it has others, or imported ones.

        What outlives them has been committed: some stores can't take back what they delete.
        """
        ...


class ReadingStore(Protocol):
    """Where readings are kept."""

    async def prepare(self, days: Iterable[int]) -> None:
        """Make room for days, counted from 1970-01-01, before a transaction that adds to them."""
        ...

    def within(self, tx: Transaction) -> Readings:
        """Return the readings as a transaction sees them."""
        ...

    async def settle(self, *, now: datetime) -> int:
        """Put together what is old, where that saves room; return how many bundles that made."""
        ...

    async def answers(self) -> bool:
        """Tell whether what it needs beside the database is there."""
        ...


def day_date(day: int) -> date:
    """Return the date of a day counted from 1970-01-01."""
    return _EPOCH + timedelta(days=day)


def day_number(day: date) -> int:
    """Return a date as a day counted from 1970-01-01."""
    return (day - _EPOCH).days


def midnight(day: date) -> datetime:
    """Return where a day begins, in UTC."""
    return datetime.combine(day, datetime.min.time(), UTC)


def _us(instant: datetime) -> int:
    return to_ms(instant.replace(microsecond=0)) * 1000 + instant.microsecond
