"""What schedules will do next, as far as a clock tells it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice, takewhile
from uuid import UUID
from zoneinfo import ZoneInfo

from tokkatot.automation.occurrences import Locality, next_due, over_at, upcoming
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.model import Farm, Flock, House
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.schedules.service import schedule_of
from tokkatot.cloud.schedules.store import Current
from tokkatot.domain.flocks import Flock as Birds
from tokkatot.domain.ids import FarmId
from tokkatot.domain.schedules import Schedule
from tokkatot.kit.clock import from_ms, to_ms

MAX_RUNS = 500
"""Of all schedules together in one answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A moment at which a schedule will be due; `until` is None where no clock tells the end."""

    schedule_id: UUID
    name: str
    house_id: UUID
    at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A farm's clock and sun, with the flocks and modes of its houses."""

    now: datetime
    locality: Locality
    houses: Mapping[UUID, House]
    flocks: Mapping[UUID, Birds]

    def next_run(self, schedule: Schedule) -> datetime | None:
        """Return when a schedule is due next, None where no clock tells it."""
        if not self._applies(schedule):
            return None
        due_ms = next_due(schedule, to_ms(self.now), self.locality)
        return None if due_ms is None else from_ms(due_ms)

    def runs(self, schedule: Schedule, *, count: int) -> Iterator[Run]:
        """Yield the next runs of a schedule, `count` at most."""
        if not self._applies(schedule):
            return
        flock = self.flocks.get(schedule.house_id)
        for due_ms in upcoming(schedule, to_ms(self.now), count, self.locality):
            until_ms = over_at(schedule, due_ms, self.locality, flock)
            yield Run(
                schedule_id=schedule.id,
                name=schedule.name,
                house_id=schedule.house_id,
                at=from_ms(due_ms),
                until=None if until_ms is None else from_ms(until_ms),
            )

    def _applies(self, schedule: Schedule) -> bool:
        return not schedule.modes or self.houses[schedule.house_id].mode in schedule.modes


async def calendar(tx: Transaction, farm_id: FarmId) -> Calendar:
    """Return a farm's calendar."""
    farm = await tx.session.get_one(Farm, farm_id)
    houses = await farms_store.houses_of(tx.session, farm_id)
    flocks = await farms_store.open_cycles(tx.session, Flock, [house.id for house in houses])
    return Calendar(
        now=tx.now,
        locality=Locality(zone=ZoneInfo(farm.time_zone), place=farm.place),
        houses={house.id: house for house in houses},
        flocks={house_id: flock.birds for house_id, flock in flocks.items()},
    )


def runs_within(found: Sequence[Current], when: Calendar, *, hours: int) -> Sequence[Run]:
    """Return what all of these schedules will do within some hours, the next first."""
    end = when.now + timedelta(hours=hours)
    each = (
        when.runs(schedule_of(current.stored, current.version), count=MAX_RUNS) for current in found
    )
    # Merged as they come, so that a schedule of every minute costs no more than is listed of it.
    merged = merge(*each, key=lambda run: (run.at, run.schedule_id))
    return list(islice(takewhile(lambda run: run.at < end, merged), MAX_RUNS))
