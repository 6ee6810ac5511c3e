"""Which wall time has gone by since the last step, whatever the clock did.

A moment that was lived through once is never due again, so a clock that is set back runs nothing
twice; a moment that went by unseen was missed and is accounted for.
"""

from msgspec import Struct

from tokkatot.automation.instant import Instant

SLEW_MS = 2_000
"""A wall clock that is off from the monotonic one by no more is only being adjusted."""

LONGEST_GAP_MS = 7 * 86_400_000
"""After a longer gap nobody believes that the clock was right on both of its sides.

A clock that was wrong by years for a while comes back to what was lived before, and what went by
meanwhile was missed.
"""

MAX_SPANS = 8
"""Clocks that were wrong by years in more ways than this are not told apart for ever."""


class Span(Struct, frozen=True, order=True):
    """Wall time after one moment, through another."""

    after_ms: int
    through_ms: int


class Timeline(Struct, frozen=True, kw_only=True):
    """How far wall time has been lived, and when on the monotonic clock that was.

    `at_s` is None right after a start: the monotonic clock of an earlier run tells nothing now.
    `lived` are the stretches that are remembered, the present one last.
    """

    at_s: float | None = None
    lived: tuple[Span, ...] = ()

    @property
    def head_ms(self) -> int | None:
        """Return the newest moment that was lived through."""
        return self.lived[-1].through_ms if self.lived else None


class Passage(Struct, frozen=True, kw_only=True):
    """Wall time that went by: what is due now, and what was missed.

    `jumped` tells that the clock was set by so much, or back, that what lies between where it
    stood and where it stands counts for nothing. `ahead` is time to come that was lived already,
    when the clock was ahead.
    """

    due: tuple[Span, ...] = ()
    missed: tuple[Span, ...] = ()
    jumped: bool = False
    ahead: tuple[Span, ...] = ()


NOTHING = Passage()


def pass_time(timeline: Timeline, now: Instant) -> tuple[Timeline, Passage]:
    """Return the timeline through `now`, and what went by; without a clock nothing does."""
    if now.utc_ms is None:
        return timeline, NOTHING
    head_ms = timeline.head_ms
    if head_ms is None:
        return _begin(timeline, now.utc_ms, now.monotonic_s)[0], NOTHING
    if timeline.at_s is None:
        return _resume(timeline, head_ms, now.utc_ms, now.monotonic_s)
    expected_ms = head_ms + round((now.monotonic_s - timeline.at_s) * 1000)
    off_ms = now.utc_ms - expected_ms
    if abs(off_ms) <= SLEW_MS:
        if now.utc_ms <= head_ms:
            return timeline, NOTHING
        return _extend(timeline, now.utc_ms, now.monotonic_s), Passage(
            due=_unlived(timeline, Span(head_ms, now.utc_ms)), ahead=_ahead(timeline, now.utc_ms)
        )
    lived = _extend(timeline, max(expected_ms, head_ms), now.monotonic_s)
    due = _unlived(timeline, Span(head_ms, max(expected_ms, head_ms)))
    if 0 < off_ms <= LONGEST_GAP_MS:
        missed = _unlived(timeline, Span(expected_ms, now.utc_ms))
        return _extend(lived, now.utc_ms, now.monotonic_s), Passage(
            due=due, missed=missed, ahead=_ahead(lived, now.utc_ms)
        )
    begun, missed = _begin(lived, now.utc_ms, now.monotonic_s)
    ahead = _ahead(begun, now.utc_ms)
    return begun, Passage(due=due, missed=missed, jumped=True, ahead=ahead)


def _resume(
    timeline: Timeline, head_ms: int, now_ms: int, now_s: float
) -> tuple[Timeline, Passage]:
    if 0 <= now_ms - head_ms <= LONGEST_GAP_MS:
        missed = _unlived(timeline, Span(head_ms, now_ms))
        return _extend(timeline, now_ms, now_s), Passage(
            missed=missed, ahead=_ahead(timeline, now_ms)
        )
    begun, missed = _begin(timeline, now_ms, now_s)
    return begun, Passage(missed=missed, jumped=True, ahead=_ahead(begun, now_ms))


def _begin(timeline: Timeline, now_ms: int, now_s: float) -> tuple[Timeline, tuple[Span, ...]]:
    """Return the timeline with another stretch, and what was missed before it."""
    earlier = [span for span in timeline.lived if span.after_ms <= now_ms]
    left_ms = max((span.through_ms for span in earlier), default=now_ms)
    missed = () if not 0 < now_ms - left_ms <= LONGEST_GAP_MS else (Span(left_ms, now_ms),)
    present = Span(left_ms if missed else now_ms, now_ms)
    return Timeline(at_s=now_s, lived=(*_remembered(timeline.lived), present)), missed


def _remembered(lived: tuple[Span, ...]) -> list[Span]:
    """Return the stretches as few as they are when joined; of too many the shortest is forgotten.

    A wrong clock is not wrong for as long as a right one is right.
    """
    joined: list[Span] = []
    for span in sorted(lived):
        if joined and span.after_ms <= joined[-1].through_ms:
            last = joined.pop()
            joined.append(Span(last.after_ms, max(last.through_ms, span.through_ms)))
        else:
            joined.append(span)
    if len(joined) == MAX_SPANS:
        joined.remove(min(joined, key=lambda span: span.through_ms - span.after_ms))
    return joined


def _extend(timeline: Timeline, through_ms: int, now_s: float) -> Timeline:
    present = Span(timeline.lived[-1].after_ms, through_ms)
    return Timeline(at_s=now_s, lived=(*timeline.lived[:-1], present))


def _ahead(timeline: Timeline, now_ms: int) -> tuple[Span, ...]:
    return tuple(
        Span(max(span.after_ms, now_ms), span.through_ms)
        for span in timeline.lived[:-1]
        if now_ms < span.through_ms and span.after_ms - now_ms <= LONGEST_GAP_MS
    )


def _unlived(timeline: Timeline, span: Span) -> tuple[Span, ...]:
    """Return what of a span was not lived through in an earlier stretch."""
    left = [span] if span.through_ms > span.after_ms else []
    earlier = [old for old in timeline.lived[:-1] if _meet(old, span)]
    if not earlier:
        return tuple(left)
    for old in earlier:
        left = [
            piece
            for one in left
            for piece in (
                Span(one.after_ms, min(one.through_ms, old.after_ms)),
                Span(max(one.after_ms, old.through_ms), one.through_ms),
            )
            if piece.through_ms > piece.after_ms
        ]
    return tuple(sorted(set(left)))


def _meet(one: Span, other: Span) -> bool:
    return one.after_ms < other.through_ms and other.after_ms < one.through_ms
