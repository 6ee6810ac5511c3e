"""Schedules for the engine's house, and mornings at which they are due."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from uuid import UUID

from tests.support.engine import HOUSE, IDS, Bench
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.ids import ScheduleId
from tokkatot.domain.schedules import (
    DailyTimes,
    Does,
    Schedule,
    TimeBased,
)
from tokkatot.hub.memory import NONE_BEGUN, recall, remember

LIGHT, FEEDER, FAN, HEATER, PUMP = (
    DeviceRole.LIGHT,
    DeviceRole.FEEDER,
    DeviceRole.FAN,
    DeviceRole.HEATER,
    DeviceRole.WATER_PUMP,
)
HOUR_MS = 3_600_000
YEAR_MS = 365 * 24 * HOUR_MS
# 05:59:50 in Phnom Penh, ten seconds before the birds are fed.
DAWN_MS = round(datetime(2026, 3, 1, 22, 59, 50, tzinfo=UTC).timestamp() * 1000)
SIX_MS = DAWN_MS + 10_000


def daily(*clock: str) -> DailyTimes:
    return DailyTimes(times=tuple(time.fromisoformat(text) for text in clock))


def schedule(does: Does, number: int = 1, **more: object) -> Schedule:
    return Schedule(
        id=ScheduleId(UUID(int=number)),
        house_id=HOUSE,
        name=f"schedule {number}",
        does=does,
        **more,  # type: ignore[arg-type]  # a test names real fields
    )


def feeding(**more: object) -> Schedule:
    return schedule(
        TimeBased(start=daily("06:00"), duration_s=30, devices=(IDS[FEEDER],)),
        **more,  # type: ignore[arg-type]  # a test names real fields
    )


def lit(**more: object) -> Schedule:
    return schedule(
        TimeBased(start=daily("06:00"), end=daily("18:00"), devices=(IDS[LIGHT],)),
        **more,  # type: ignore[arg-type]  # a test names real fields
    )


def bench_at(wall_ms: int, *schedules: Schedule, **house: object) -> Bench:
    bench = Bench(wall_ms=wall_ms)
    bench.hold(*schedules, **house)  # type: ignore[arg-type]  # a test names real fields
    bench.step()
    return bench


def told(bench: Bench) -> list[tuple[int, str, str | None]]:
    """Return (seconds after six, outcome, reason) of every run that was told."""
    return [
        (round(((run.due_ms or 0) - SIX_MS) / 1000), run.outcome.value, run.reason)
        for run in bench.runs
    ]


def restart(bench: Bench, off_s: float) -> Bench:
    """Return a hub that was switched off for a while and remembers what is kept."""
    assert bench.wall_ms is not None
    return _started(bench, bench.wall_ms + round(off_s * 1000))


def restart_after_begun(bench: Bench, off_s: float, *due_s: int) -> Bench:
    """Return such a hub whose disk was full when runs of these seconds after six began."""
    assert bench.wall_ms is not None
    moments = frozenset(SIX_MS + 1000 * at_s for at_s in due_s)
    begun = dict.fromkeys(bench.plan.schedules, moments)
    return _started(bench, bench.wall_ms + round(off_s * 1000), begun=begun)


def restart_unheard(bench: Bench, off_s: float) -> Bench:
    """Return such a hub to which no device has spoken yet."""
    assert bench.wall_ms is not None
    return _started(bench, bench.wall_ms + round(off_s * 1000), heard=False)


def restart_without_clock(bench: Bench) -> Bench:
    """Return a hub that remembers what is kept, and does not know the time until it is told."""
    return _started(bench, None)


def _started(
    bench: Bench,
    wall_ms: int | None,
    *,
    heard: bool = True,
    begun: Mapping[ScheduleId, frozenset[int]] = NONE_BEGUN,
) -> Bench:
    after = Bench(
        wall_ms=wall_ms, temperature_c=bench.temperature_c, water_percent=bench.water_percent
    )
    after.state = recall(remember(bench.state, bench.now_s), 0.0, begun=begun)
    after.plan, after.now_s, after.runs = bench.plan, 0.0, list(bench.runs)
    if heard:
        after.greet()
    after.step()
    return after
