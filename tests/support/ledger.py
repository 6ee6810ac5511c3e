"""What went in against what came out: every difference in words."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from tokkatot.domain.commands import LIFETIME_ON_MS, CommandState
from tokkatot.domain.devices import OFF, Level

NAMED = 10
"""So many differences are named; whoever looks for the cause needs the first ones."""
WRITTEN_WITHIN_MS = 10_000
"""A relay moves at most so long after its order was begun: the device has 5 s to answer, the
rest is for clocks that differ and a busy machine."""

HELD_S = 20
"""So long an order is to hold: shorter than a node's lease."""

Key = TypeVar("Key", bound=Hashable)
Timed = tuple[int, float]

_NEVER = frozenset({CommandState.REFUSED, CommandState.EXPIRED, CommandState.CANCELLED})
"""Whoever is told one of these was told that nothing moved."""
ENDS = _NEVER | {
    CommandState.COMPLETED,
    CommandState.FAILED,
    CommandState.INTERRUPTED,
    CommandState.UNKNOWN,
}


def differences(produced: Iterable[Timed], found: Iterable[Timed]) -> Iterator[str]:
    """Compare two series, both the oldest first."""
    ours, theirs = iter(produced), iter(found)
    one, other = next(ours, None), next(theirs, None)
    while one is not None or other is not None:
        if one == other:
            one, other = next(ours, None), next(theirs, None)
        elif other is None or (one is not None and one[0] < other[0]):
            yield f"lost: {one}"
            one = next(ours, None)
        elif one is None or other[0] < one[0]:
            yield f"twice, or never produced: {other}"
            other = next(theirs, None)
        else:
            yield f"changed: {one} became {other}"
            one, other = next(ours, None), next(theirs, None)


def miscounted(produced: Counter[Key], found: Counter[Key]) -> Iterator[str]:
    """Compare two heaps."""
    for key in sorted(produced.keys() | found.keys(), key=str):
        if produced[key] != found[key]:
            yield f"{key}: {produced[key]} times produced, {found[key]} times listed"


def named(faults: Iterable[str]) -> list[str]:
    """Return the first of many differences."""
    return list(islice(faults, NAMED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An order as the cloud has it in the end; its level is no other order's of this device."""

    id: str
    device: str
    level: Level
    state: str
    requested_ms: int
    ends: int
    """How often the event log says that it came to an end (`unknown` apart)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A relay changed its place."""

    device: str
    level: Level
    t_ms: int


def misdone(orders: Sequence[Given], moves: Sequence[Moved], rest: Level) -> Iterator[str]:
    """Hold what people were told against what the relays did."""
    by_place: defaultdict[tuple[str, Level], list[int]] = defaultdict(list)
    for move in _without_returns(moves, rest):
        by_place[move.device, move.level].append(move.t_ms)
    for order in orders:
        times = by_place.pop((order.device, order.level), [])
        if order.level not in {rest, OFF}:
            yield from _misdone_one(order, times)
        yield from _misled(order)
    for (device, level), times in by_place.items():
        if level not in {rest, OFF}:
            yield f"{device} moved to {level} at {times}, and nobody asked it to"


def _without_returns(moves: Sequence[Moved], rest: Level) -> Iterator[Moved]:
    """Yield the moves, without those that an order which still holds is the cause of.

    Fans run while nobody knows how warm it is. When that is over the hold goes on: it was done
    once.
    """
    held: dict[str, Moved] = {}
    rests: set[str] = set()
    for move in moves:
        before = held.get(move.device)
        if move.level == rest:
            rests.add(move.device)
        elif (
            before is not None
            and before.level == move.level
            and move.device in rests
            and move.t_ms - before.t_ms < HELD_S * 1000
        ):
            rests.discard(move.device)
            continue
        else:
            held[move.device] = move
            rests.discard(move.device)
        yield move


def _misdone_one(order: Given, times: Sequence[int]) -> Iterator[str]:
    if len(times) > 1:
        yield f"executed {len(times)} times: {order} at {times}"
    if times and order.state in _NEVER:
        yield f"executed although it was {order.state}: {order} at {times}"
    if not times and order.state == CommandState.COMPLETED:
        yield f"completed, and nothing moved: {order}"
    latest_ms = order.requested_ms + LIFETIME_ON_MS + WRITTEN_WITHIN_MS
    if any(t_ms > latest_ms for t_ms in times):
        yield f"executed when it was stale: {order} at {times}"


def _misled(order: Given) -> Iterator[str]:
    if order.state not in ENDS:
        yield f"without an end: {order}"
    expected = 0 if order.state == CommandState.UNKNOWN else 1
    if order.ends != expected:
        yield f"ended {order.ends} times: {order}"
