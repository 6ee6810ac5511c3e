"""Many readings summed up: how many, their sum, the lowest, the highest and the last of a time."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tokkatot.cloud.telemetry.blocks import Columns

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Buckets of one series by column, each of shape (n,), in the order of their times.

    A time without readings has no bucket. `t_ms` is where a bucket begins, `mean_ms` the mean time
    of its readings, `quality` their worst; all times are milliseconds since 1970 UTC.
    """

    t_ms: Integers
    mean_ms: Integers
    count: Integers
    total: Numbers
    lowest: Numbers
    highest: Numbers
    last: Numbers
    quality: Integers

    def __len__(self) -> int:
        return len(self.t_ms)

    def mean(self) -> Numbers:
        """Return the mean value of each bucket."""
        return self.total / self.count

    def where(self, kept: NDArray[np.bool_] | NDArray[np.intp]) -> "Summary":
        """Return the buckets that are to be kept, by flags or by their places."""
        return Summary(**{field.name: getattr(self, field.name)[kept] for field in fields(self)})


NOTHING: Final = Summary(
    t_ms=np.empty(0, np.int64),
    mean_ms=np.empty(0, np.int64),
    count=np.empty(0, np.int64),
    total=np.empty(0),
    lowest=np.empty(0),
    highest=np.empty(0),
    last=np.empty(0),
    quality=np.empty(0, np.int64),
)


def summarise(columns: Columns, width_ms: int) -> Summary:
    """Return readings, in the order of their times, as buckets of `width_ms` since 1970 UTC."""
    one_each = Summary(
        t_ms=columns.t_ms,
        mean_ms=columns.t_ms,
        count=np.ones(len(columns), np.int64),
        total=columns.value,
        lowest=columns.value,
        highest=columns.value,
        last=columns.value,
        quality=columns.quality.astype(np.int64),
    )
    return widen(one_each, width_ms)


def widen(summary: Summary, width_ms: int) -> Summary:
    """Return buckets as wider ones, which begin at multiples of `width_ms` since 1970 UTC."""
    if not len(summary):
        return NOTHING
    begins = summary.t_ms - summary.t_ms % width_ms
    first = np.flatnonzero(np.diff(begins, prepend=begins[0] - 1))
    last = np.append(first[1:], len(begins)) - 1
    count = np.add.reduceat(summary.count, first)
    # Times are summed from the first of their bucket: their own sum would pass 2**63.
    earliest = np.repeat(summary.mean_ms[first], np.diff(first, append=len(begins)))
    since = np.add.reduceat((summary.mean_ms - earliest) * summary.count, first)
    return Summary(
        t_ms=begins[first],
        mean_ms=summary.mean_ms[first] + since // count,
        count=count,
        total=np.add.reduceat(summary.total, first),
        lowest=np.minimum.reduceat(summary.lowest, first),
        highest=np.maximum.reduceat(summary.highest, first),
        last=summary.last[last],
        quality=np.maximum.reduceat(summary.quality, first),
    )


def joined(parts: Iterable[Summary]) -> Summary:
    """Return the buckets of all parts in the order of their times; `widen` makes one of equals."""
    several = [part for part in parts if len(part)]
    if not several:
        return NOTHING
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in several])
        for field in fields(Summary)
    }
    order = np.argsort(columns["t_ms"], kind="stable")
    return Summary(**{name: column[order] for name, column in columns.items()})
