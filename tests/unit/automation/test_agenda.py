"""What a hub knows of its schedules while nobody tells it the time."""

import pytest
from msgspec.structs import replace

from tests.support.schedules import DAWN_MS, HOUR_MS, SIX_MS, bench_at, feeding, restart, told
from tokkatot.hub.memory import recall, remember


@pytest.mark.parametrize("is_new", [True, False], ids=["new", "changed"])
def test_a_schedule_that_a_hub_kept_as_it_went_off_is_accounted_for_without_a_clock(
    is_new: bool,
) -> None:
    before = bench_at(DAWN_MS, *(() if is_new else (feeding(),)))
    kept = remember(before.state, before.now_s)
    before.hold(replace(feeding(), version=2))
    after = restart(before, 0)
    after.state = recall(kept, 0.0)
    after.wall_ms = None
    after.run(600)
    after.wall_ms = SIX_MS + HOUR_MS
    after.run(60)
    assert told(after) == [(0, "skipped", "missed")]
