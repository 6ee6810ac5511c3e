"""Readings of one series as bytes: open as they come, packed once their hour is over.

An open block is big-endian and plain, so that SQL can write one: a byte that tells its kind, all
times (int64, milliseconds since 1970 UTC), all values (float64), and the qualities (a byte each)
where any of them is not good. A packed block holds each column as numbers that are mostly small,
turned so that bytes of like weight lie together, and deflated: little more than a byte a reading.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, unique
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Times = Integers
Values = NDArray[np.float64]
Qualities = NDArray[np.uint8]

MAX_BLOCK_READINGS: Final = 1_000_000
"""A day of one series at more than ten readings a second; no block holds more."""

_LEVEL: Final = 6
_MOST_DECIMALS: Final = 6
_WIDTHS: Final = (1, 2, 4, 8)
_EXACT: Final = 2**53
_KNOT_BITS: Final = 6
_KNOT_EVERY: Final = 1 << _KNOT_BITS
"""Readings from one knot of a trend to the next: of enough of them the mean knows no noise."""
_HEAD: Final = struct.Struct("<BIqq")
"""Kind, number of readings, first time, the usual distance between two times in ms."""
_PART: Final = struct.Struct("<BBBI")
"""What the numbers of a column are, decimals, bytes of a number, bytes of all when deflated."""


class BlockError(Exception):
    """Bytes that are no block; the text says why."""


@unique
class _Kind(IntEnum):
    OPEN_GOOD = 0
    OPEN = 1
    PACKED = 2


@unique
class _Coding(IntEnum):
    """What the numbers of a column are."""

    PLAIN = 0
    """The integers, folded so that none is negative."""
    DELTA = 1
    """Each integer less the one before it, folded."""
    BITS = 2
    """The bits of a float, XOR those of the one before it: for what is no short decimal."""
    TREND = 3
    """Each integer less the line between knots, folded; the knots are a part that follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Readings of one series by column, each of shape (n,): ms since 1970 UTC, value, quality."""

    t_ms: Times
    value: Values
    quality: Qualities

    def __len__(self) -> int:
        return len(self.t_ms)

    def within(self, start_ms: int, end_ms: int) -> "Columns":
        """Return the readings from `start_ms` on and before `end_ms`; the times must rise."""
        first, end = np.searchsorted(self.t_ms, (start_ms, end_ms))
        if first == 0 and end == len(self):
            return self
        return self.slice(int(first), int(end))

    def where(self, kept: NDArray[np.bool_]) -> "Columns":
        """Return the readings that are to be kept."""
        return Columns(t_ms=self.t_ms[kept], value=self.value[kept], quality=self.quality[kept])

    def slice(self, first: int, end: int) -> "Columns":
        """Return the readings from the index `first` on and before `end`."""
        return Columns(
            t_ms=self.t_ms[first:end], value=self.value[first:end], quality=self.quality[first:end]
        )


EMPTY: Final = Columns(
    t_ms=np.empty(0, np.int64), value=np.empty(0, np.float64), quality=np.empty(0, np.uint8)
)


def open_block(t_ms: Sequence[int], values: Sequence[float], qualities: Sequence[int]) -> bytes:
    """Return readings as they came, of equal lengths and in any order."""
    count = len(t_ms)
    if any(qualities):
        return struct.pack(f">B{count}q{count}d{count}B", _Kind.OPEN, *t_ms, *values, *qualities)
    return struct.pack(f">B{count}q{count}d", _Kind.OPEN_GOOD, *t_ms, *values)


def pack(columns: Columns) -> bytes:
    """Return readings in the order of their times, as few bytes as may be.

    Raises:
        BlockError: when there are none, or more than a block may hold.
    """
    count = len(columns)
    if not 0 < count <= MAX_BLOCK_READINGS:
        raise BlockError(f"a block holds 1 to {MAX_BLOCK_READINGS} readings, not {count}")
    first_ms = int(columns.t_ms[0])
    usual_ms = int(np.median(np.diff(columns.t_ms))) if count > 1 else 0
    # Off the beat of a steady clock, or off the last reading where there is no beat.
    beat = columns.t_ms - (first_ms + np.arange(count, dtype=np.int64) * usual_ms)
    return b"".join(
        (
            _HEAD.pack(_Kind.PACKED, count, first_ms, usual_ms),
            _shorter(beat),
            _packed_values(columns.value),
            _part(_Coding.PLAIN, columns.quality.astype(np.uint64)),
        )
    )


def unpack(body: bytes) -> Columns:
    """Return the readings of a block in the order in which it holds them.

    Raises:
        BlockError: when it is no block.
    """
    kind = _kind_of(body)
    if kind == _Kind.PACKED:
        try:
            return _unpacked(body)
        except (struct.error, zlib.error, ValueError) as error:
            raise BlockError(f"a damaged block: {error}") from error
    return _unpacked_open(kind, [body])


def unpack_all(bodies: Iterable[bytes]) -> Columns:
    """Return the readings of blocks as `merge` would, where many of them may be small and open.

    Raises:
        BlockError: when one is no block.
    """
    return merge(_parts(bodies))


def _parts(bodies: Iterable[bytes]) -> Iterator[Columns]:
    for kind, alike in groupby(bodies, key=_kind_of):
        if kind == _Kind.PACKED:
            yield from map(unpack, alike)
        else:
            yield _unpacked_open(kind, list(alike))


def _kind_of(body: bytes) -> int:
    if not body:
        raise BlockError("a block has at least one byte")
    return body[0]


def _unpacked_open(kind: int, bodies: Sequence[bytes]) -> Columns:
    """Return the readings of open blocks of a kind, one after the other."""
    if kind > _Kind.OPEN:
        raise BlockError(f"there is no block of kind {kind}")
    width = 17 if kind == _Kind.OPEN else 16
    if any((len(body) - 1) % width for body in bodies):
        raise BlockError("an open block was cut")
    sized = [(body, (len(body) - 1) // width) for body in bodies]
    times = b"".join([body[1 : 1 + 8 * count] for body, count in sized])
    values = b"".join([body[1 + 8 * count : 1 + 16 * count] for body, count in sized])
    if kind == _Kind.OPEN:
        qualities = b"".join([body[1 + 16 * count :] for body, count in sized])
        quality = np.frombuffer(qualities, np.uint8)
    else:
        quality = np.zeros(len(times) // 8, np.uint8)
    return Columns(
        t_ms=np.frombuffer(times, ">i8").astype(np.int64),
        value=np.frombuffer(values, ">f8").astype(np.float64),
        quality=quality,
    )


def merge(parts: Iterable[Columns]) -> Columns:
    """Return all readings in the order of their times; those of the same time stay in theirs."""
    several = [part for part in parts if len(part)]
    if not several:
        return EMPTY
    if len(several) == 1:
        together = several[0]
    else:
        together = Columns(
            t_ms=np.concatenate([part.t_ms for part in several]),
            value=np.concatenate([part.value for part in several]),
            quality=np.concatenate([part.quality for part in several]),
        )
    if bool(np.all(together.t_ms[1:] >= together.t_ms[:-1])):
        return together
    order = np.argsort(together.t_ms, kind="stable")
    return Columns(
        t_ms=together.t_ms[order], value=together.value[order], quality=together.quality[order]
    )


# ------------------------------------------------------------------------------------- one column


def _packed_values(values: Values) -> bytes:
    for decimals in range(_MOST_DECIMALS + 1):
        scale = 10.0**decimals
        scaled = np.rint(values * scale)
        if bool(np.all(np.abs(scaled) < _EXACT)) and bool(np.all(scaled / scale == values)):
            return _shorter(scaled.astype(np.int64), decimals=decimals)
    bits = values.view(np.uint64)
    before = np.concatenate((np.zeros(1, np.uint64), bits[:-1]))
    return _part(_Coding.BITS, bits ^ before)


def _shorter(numbers: Integers, *, decimals: int = 0) -> bytes:
    plain = _part(_Coding.PLAIN, _folded(numbers), decimals=decimals)
    delta = _part(_Coding.DELTA, _folded(_steps(numbers)), decimals=decimals)
    # Noise about a slow curve: a step has the noise of two readings, the distance from it of one.
    knots = _knots(numbers)
    trend = _part(_Coding.TREND, _folded(numbers - _line(knots, len(numbers))), decimals=decimals)
    return min(plain, delta, trend + _part(_Coding.DELTA, _folded(_steps(knots))), key=len)


def _steps(numbers: Integers) -> Integers:
    return np.diff(numbers, prepend=np.int64(0))


def _knots(numbers: Integers) -> Integers:
    """Return a number for each knot, the last one at or behind the end: the mean around it."""
    count = len(numbers)
    at = np.arange(_knot_count(count)) * _KNOT_EVERY
    begin = np.clip(at - _KNOT_EVERY // 2, 0, count - 1)
    end = np.clip(at + _KNOT_EVERY // 2 + 1, 1, count)
    # From the first number on, so that no sum of many grows beyond what an integer holds.
    sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(numbers - numbers[0])))
    means: Integers = numbers[0] + (sums[end] - sums[begin]) // (end - begin)
    return means


def _line(knots: Integers, count: int) -> Integers:
    """Return what lies on the straight lines between knots."""
    knot, beyond = np.divmod(np.arange(count), _KNOT_EVERY)
    return knots[knot] + (np.diff(knots)[knot] * beyond >> _KNOT_BITS)


def _knot_count(count: int) -> int:
    return (count - 1) // _KNOT_EVERY + 2


def _part(coding: _Coding, numbers: NDArray[np.uint64], *, decimals: int = 0) -> bytes:
    """Return a column of numbers: the lowest byte of each, then the next of each, and so on."""
    largest = int(numbers.max())
    width = next(width for width in _WIDTHS if largest < 1 << 8 * width)
    turned = numbers.astype(f"<u{width}").view(np.uint8).reshape(-1, width).T.tobytes()
    # Noise repeats by chance, in threes and fours: to say it again is shorter than to point back.
    deflater = zlib.compressobj(
        _LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_FILTERED
    )
    deflated = deflater.compress(turned) + deflater.flush()
    return _PART.pack(coding, decimals, width, len(deflated)) + deflated


def _unpacked(body: bytes) -> Columns:
    _, count, first_ms, usual_ms = _HEAD.unpack_from(body)
    if not 0 < count <= MAX_BLOCK_READINGS:
        raise ValueError(f"it speaks of {count} readings")
    beat, at = _read_column(body, _HEAD.size, count)
    values, at = _read_column(body, at, count)
    quality, at = _read_column(body, at, count)
    if at != len(body):
        raise ValueError("it goes on after its end")
    return Columns(
        t_ms=beat.integers() + (first_ms + np.arange(count, dtype=np.int64) * usual_ms),
        value=values.floats(),
        quality=quality.numbers.astype(np.uint8),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A column as it was packed."""

    coding: _Coding
    decimals: int
    numbers: NDArray[np.uint64]
    knots: Integers | None = None

    def integers(self) -> Integers:
        """Return the integers that the numbers stand for."""
        if self.knots is not None:
            return _unfolded(self.numbers) + _line(self.knots, len(self.numbers))
        if self.coding is _Coding.DELTA:
            return np.cumsum(_unfolded(self.numbers))
        return _unfolded(self.numbers)

    def floats(self) -> Values:
        """Return the floats that the numbers stand for."""
        if self.coding is _Coding.BITS:
            return np.bitwise_xor.accumulate(self.numbers).view(np.float64)
        return self.integers() / 10.0**self.decimals


def _read_column(body: bytes, at: int, count: int) -> tuple[_Part, int]:
    """Return a column, with its knots where it has some, and where the next one begins."""
    column, at = _read_part(body, at, count)
    if column.coding is not _Coding.TREND:
        return column, at
    knots, at = _read_part(body, at, _knot_count(count))
    return replace(column, knots=knots.integers()), at


def _read_part(body: bytes, at: int, count: int) -> tuple[_Part, int]:
    """Return numbers as they were packed, and where what follows begins."""
    coding, decimals, width, length = _PART.unpack_from(body, at)
    if width not in _WIDTHS:
        raise ValueError(f"numbers of {width} bytes")
    begin, end = at + _PART.size, at + _PART.size + length
    turned = _inflate(body[begin:end], width * count)
    numbers = np.frombuffer(turned, np.uint8).reshape(width, count).T
    whole = np.ascontiguousarray(numbers).view(f"<u{width}").ravel().astype(np.uint64)
    return _Part(coding=_Coding(coding), decimals=decimals, numbers=whole), end


def _inflate(deflated: bytes, size: int) -> bytes:
    """Return the bytes of a column, as many as there must be; more are never made."""
    inflating = zlib.decompressobj()
    turned = inflating.decompress(deflated, size + 1)
    if len(turned) != size or not inflating.eof:
        raise ValueError("a column of another length than it promises")
    return turned


def _folded(numbers: Integers) -> NDArray[np.uint64]:
    """Return 0, −1, 1, −2 … as 0, 1, 2, 3 …: what is near zero becomes small."""
    return ((numbers << 1) ^ (numbers >> 63)).view(np.uint64)


def _unfolded(numbers: NDArray[np.uint64]) -> Integers:
    return (numbers >> np.uint64(1)).view(np.int64) ^ -(numbers & np.uint64(1)).view(np.int64)
