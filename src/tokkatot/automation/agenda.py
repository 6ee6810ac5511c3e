"""What is booked of schedules: whether any of them is due, and what holds without a clock."""

from collections.abc import Sequence

from msgspec.structs import replace

from tokkatot.automation.inputs import Ask
from tokkatot.automation.instant import Instant
from tokkatot.automation.occurrences import Locality
from tokkatot.automation.plan import Plan
from tokkatot.automation.state import Booked, State
from tokkatot.automation.timeline import Passage
from tokkatot.domain.schedules import Schedule


def all_wait(
    plan: Plan, state: State, passage: Passage, *, asks: Sequence[Ask], now: Instant
) -> bool:
    """Tell whether nothing runs, and every schedule of the plan waits for a moment to come."""
    agenda, zone = state.agenda, plan.locality.zone.key
    if asks or state.runs or passage.jumped or now.utc_ms is None:
        return False
    if len(agenda) != len(plan.schedules):
        return False
    return all(
        (booked := agenda.get(schedule.id)) is not None
        and not booked.recalled
        and not booked.is_reached(now.utc_ms)
        and booked.is_of(schedule, zone)
        for schedule in plan.schedules.values()
    )


def without_time(schedule: Schedule, before: Booked | None, locality: Locality) -> Booked:
    """Return what a hub that has no clock knows of a schedule.

    It takes no document before it is told the time. So one of another version than was booked was
    kept just before an earlier run of the hub ended, and what was due since then was missed.
    """
    if before is not None and before.of is not None:
        return before
    if before is not None and before.is_of(schedule, locality.zone.key):
        return replace(before, of=schedule)
    return Booked(
        version=schedule.version,
        zone=locality.zone.key,
        of=schedule,
        recalled=True,
        ahead=frozenset() if before is None else before.ahead,
        begun=frozenset() if before is None else before.begun,
    )
